"""A rule set is read whole or not at all, and every fault is reported with its place."""

import pytest

from rulebook.errors import RuleErrors
from rulebook.loader import NoRules, load_files, read_text

GOOD = """version: 1
segments:
  new: {enter: {when: tenure < 30d and online, for: 5m}}
nudges:
  hello:
    trigger: {enters: new}
    send: hi
    kind: tip
    cooldown: 1d
    priority: 10
    mode: live
messages:
  hi: {en: {title: "on", body: no}}
"""


def faults(text):
    with pytest.raises(RuleErrors) as e:
        read_text(text)
    return e.value.faults


def test_scalars_are_what_the_schema_says_and_never_what_yaml_guesses():
    rules, _ = read_text(GOOD)
    assert (rules.messages["hi"].texts["en"].title, rules.messages["hi"].texts["en"].body) == ("on", "no")


def test_the_version_changes_with_any_definition():
    assert read_text(GOOD)[0].version != read_text(GOOD.replace("30d", "31d"))[0].version


def test_the_version_does_not_change_with_comments_and_order():
    lines = GOOD.splitlines()
    reordered = "\n".join([lines[0], "# a comment", *lines[-2:], *lines[1:-2]])
    assert read_text(GOOD)[0].version == read_text(reordered)[0].version


def test_all_faults_are_reported_in_one_run():
    text = GOOD.replace("tenure", "tenur").replace("kind: tip", "kind: tipp").replace("send: hi", "send: hello")
    assert sorted(f.code for f in faults(text)) == ["E201", "E201", "E205"]


def test_a_fault_shows_file_line_column_caret_and_help():
    text = str(faults(GOOD.replace("tenure", "tenure_days"))[0])
    assert "rules.yaml:3:23  in segment new" in text
    assert "^^^^^^^^^^^" in text
    assert "did you mean `tenure`?" in text


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version: 1", "version: 2", "E240"), ("version: 1\n", "", "E202"), ("cooldown: 1d", "cooldown: 1", "E204"),
        ("priority: 10", "priority: 101", "E204"), ("mode: live", "modes: live", "E200"), ("tenure < 30d", "tenure < 30", "E301"),
        ("tenure < 30d", "distance_to(x) < 3km", "E201"), ("  hi: {en", "  hi: {en: {title: a, body: b}}\n  hi: {en", "E105"),
        ("{enters: new}", "{happens: order_rejected, times: 3}", "E211"), ("{enters: new}", "{happens: order_rejected, without: x}", "E212"),
        ("body: no", 'body: "{name}"', "E233"), ("tenure < 30d", "tenure", "E310"), ("online", "city < online", "E301"),
        ("version: 1", "version: 1\nx: &a [*a]", "E103"), ("  new:", "\tnew:", "E101"),
    ],
)  # fmt: skip
def test_a_fault_has_its_code(old, new, code):
    assert code in [f.code for f in faults(GOOD.replace(old, new))]


def test_two_files_that_define_one_name_are_a_fault_with_both_places(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD.split("nudges:", maxsplit=1)[0])
    with pytest.raises(RuleErrors) as e:
        load_files([tmp_path])
    assert [(f.code, f.other is not None) for f in e.value.faults] == [("E241", True)]


def test_a_folder_without_rules_is_named(tmp_path):
    with pytest.raises(NoRules, match=r"no \*\.yaml"):
        load_files([tmp_path])


@pytest.mark.parametrize("junk", ["", "- 1", "a: [", "\x00", "version: 1\nnudges: 3", "? {a: b}\n: c", "version: 1\npolicy: []", "%YAML 9\n---\n"])
def test_junk_is_reported_and_never_a_traceback(junk):
    assert faults(junk)
