"""What no person would write is refused in words: never a traceback, a crash, a second or 200 MB."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rulebook.errors import RuleErrors
from rulebook.loader import load_files, read_text
from training_rules.compiler import compile_rules
from training_rules.timelines import read_timelines

NUDGE = """version: 1
nudges:
  n:
    trigger: {happens: logged_in}
    send: m
    kind: tip
    cooldown: 1h
    priority: 10
    mode: shadow
messages:
  m: {en: {title: T, body: B}}
"""
ROOT = Path(__file__).resolve().parents[2]
DIGITS = "9" * 5000


def segment(when):
    return f"version: 1\nsegments:\n  s:\n    when: >\n      {when}\n"


def timeline(*moments):
    lines = "".join(f"      - {{at: {at}, logged_in: {{}}}}\n" for at in moments)
    return f"version: 1\nsegments: {{s: {{when: online}}}}\ntests:\n  - name: t\n    timeline:\n{lines}"


def codes(text):
    """The codes of the faults; what has none is compiled. Fails where it took over a second of this process."""
    began = time.process_time()
    try:
        rules, _ = read_text(text)
        read_timelines(rules)
        compile_rules(rules)
        found = set()
    except RuleErrors as e:
        found = {f.code for f in e.faults if f.code.startswith("E") and str(f)}
    assert time.process_time() - began < 1
    return found


@pytest.mark.parametrize("opened", ["[", "{a: ", "- ", "? ", "&a [", "!!seq ["])
def test_fifty_thousand_levels_are_too_deep(opened):
    assert codes(f"version: {opened * 50_000}") & {"E101", "E103"}
    assert codes(opened * 50_000) & {"E101", "E103"}


def test_aliases_of_aliases_cost_nothing():
    lines = ["version: 1", "a0: &a0 [x, x, x, x, x, x, x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40))]
    assert codes("\n".join(lines)) == {"E103"}


def test_an_alias_of_a_long_text_counts_as_that_text():
    assert codes(f"version: 1\na: &a {'x' * 100_000}\nb: [{'*a, ' * 1000}]\n") == {"E103"}


@pytest.mark.parametrize("alias", ["a: &a [*a]", "a: &a {b: {c: *a}}"])
def test_an_alias_inside_of_itself_is_refused(alias):
    assert codes(f"version: 1\n{alias}\n") == {"E103"}


def test_aliases_and_anchors_are_read():
    rules, _ = read_text("version: 1\nsegments:\n  a: &one {when: online}\n  b: *one\n")
    assert str(rules.segments["b"].enter.when) == "online"


@pytest.mark.parametrize("name", ["hot-spot", "a b", "1st", "नाम", ""])
def test_an_argument_is_named_as_a_hole_can_be(name):
    assert "E242" in codes(NUDGE.replace("    mode", f'    args: {{"{name}": city}}\n    mode'))


def test_a_word_of_python_is_a_name_like_others():
    assert codes(NUDGE.replace("    mode", "    args: {class: city}\n    mode").replace("body: B", 'body: "{class}"')) == set()


def test_an_argument_takes_a_single_value():
    assert "E203" in codes(NUDGE.replace("    mode", "    args: {x: [a, b]}\n    mode"))


@pytest.mark.parametrize(
    ("when", "found"),
    [
        (" + ".join(["1"] * 300) + " > 1", {"E112"}),
        ("(" * 58 + "speed" + " + 1)" * 58 + " > 1", set()),
        ("not (online and " * 18 + "riding" + ")" * 18, set()),
        ("not " * 5000 + "online", {"E112"}),
        ("online or " * 5000 + "riding", {"E112"}),
        (" or ".join(f"orders_accepted_today > {n}" for n in range(600)), set()),
        (" and ".join(f'city != "c{n}"' for n in range(600)), set()),
        (f"speed > {DIGITS}", {"E122"}),
        (f"count(order_accepted over last {DIGITS}) > 1", {"E119"}),
        (f"count(order_accepted over {DIGITS}m) > 1", {"E119"}),
    ],
)
def test_a_long_expression_is_read_or_refused(when, found):
    assert codes(segment(when)) == found


@pytest.mark.parametrize("module", ["""'a"b'""", '''"it's"''', r"""'a\'"""])
def test_a_name_in_quotes_may_have_the_other_quotes_in_it(module):
    assert codes(segment(f"completed({module})")) == set()


@pytest.mark.parametrize("value", ["value: count(order_accepted where a(2h) > 3)", "value: count(order_accepted where b(2h) > 3)"])
def test_a_metric_that_is_made_of_itself_is_refused_and_its_users_are_not(value):
    metrics = f"metrics:\n  a: {{{value}}}\n  b: {{value: count(order_accepted where a(1h) > 3)}}\n"
    assert codes(segment("a(2h) > 1") + metrics) == {"E225"}


@pytest.mark.parametrize(("old", "new"), [("priority: 10", f"priority: {DIGITS}"), ("mode:", f"max: {DIGITS} per 7d\n    mode:"), ("cooldown: 1h", f"cooldown: {DIGITS}h")])
def test_thousands_of_digits_are_no_number(old, new):
    assert codes(NUDGE.replace(old, new)) == {"E204"}


def test_the_moments_of_a_whole_test_are_counted():
    assert codes(timeline(*["0s..1999s every 1s"] * 20)) == {"E251"}
    assert codes(timeline("0s..1999s every 1s")) == set()


@pytest.mark.parametrize("at", ["." * 20_000, "1m.." * 5000, "1m..2m" + " every" * 5000, "5m..1m every 1m", "1m..2m every 0m"])
def test_a_moment_that_is_none_is_refused_at_once(at):
    assert codes(timeline(at)) == {"E251"}


def test_comments_that_snooze_by_the_thousand_are_read_at_once():
    assert codes("version: 1\n" + "# allow W401 until 2027-01-01\n" * 20_000 + "segments: {s: {when: online}}\n") == set()


def test_a_very_long_line_is_shown_around_the_place():
    with pytest.raises(RuleErrors) as e:
        read_text("{version: 1, segments: {" + ", ".join(f"s{n}: {{when: onlin}}" for n in range(500)) + "}}")
    assert max(len(line) for fault in e.value.faults for line in str(fault).splitlines()) < 300
    assert all("onlin}" in str(fault) for fault in e.value.faults if fault.code == "E201")


@pytest.mark.parametrize("make", [lambda p: p.symlink_to("nowhere"), os.mkfifo], ids=["dangling link", "pipe"])
def test_what_lies_in_a_folder_and_is_no_file_is_told(tmp_path, make):
    (tmp_path / "good.yaml").write_text("version: 1\n")
    make(tmp_path / "odd.yaml")
    with pytest.raises(RuleErrors, match=r"odd\.yaml:1:1"):
        load_files([tmp_path])


def test_an_event_that_is_not_known_is_one_fault_and_no_crash():
    text = 'version: 1\nsegments: {s: {when: last(mompleted.module over today) != ""}}\n'
    with pytest.raises(RuleErrors, match="unknown event `mompleted`"):
        read_text(text)


def test_a_folder_that_is_called_like_a_file_is_a_folder(tmp_path):
    (tmp_path / "x.yaml").mkdir()
    (tmp_path / "x.yaml" / "a.yaml").write_text("version: 1\nsegments: {s: {when: online}}\n")
    assert list(load_files([tmp_path])[0].segments) == ["s"]


def test_a_hostile_file_takes_less_than_200_mb_and_no_crash(tmp_path):
    lines = ["version: 1", "a0: &a0 [x, x, x, x, x, x, x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    (tmp_path / "deep.yaml").write_text("[" * 200_000)
    (tmp_path / "large.yaml").write_bytes(b"#" * 50_000_000)
    (tmp_path / "many.yaml").write_text(timeline(*["0s..9999s every 1s"] * 40))
    code = (
        "import re, sys; from rulebook.loader import examine; from training_rules.timelines import examine_timelines\n"
        "rules, faults = examine(sys.argv[1:]); faults += examine_timelines(rules)[1]\n"
        "print(sorted({f.code for f in faults if f.code[0] == 'E'}), int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    found, _, megabytes = done.stdout.rpartition(" ")
    assert found == "['E101', 'E103', 'E251']"
    assert int(megabytes) < 200
