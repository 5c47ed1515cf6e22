"""Faults point at the word that is wrong, say what was meant, and come all in one run."""

import pytest

from rulebook.checks.context import Context
from rulebook.errors import RuleErrors
from rulebook.faults import Severity
from rulebook.loader import examine_text, load_files, read_text
from training_rules.timelines import examine_timelines

NUDGE = """version: 1
owner: tests
metrics:
  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}}
nudges:
  n:
    trigger: {happens: order_accepted, without: order_picked_up, for: 15m, same: order_id}
    send: m
    kind: tip
    cooldown: 1h
    priority: 10
    mode: shadow
    goal: {metric: acc, within: 7d}
messages:
  m: {en: {title: T, body: "Hello {first_name}"}, hi: {title: T, body: "{first_name}"}}
"""
SEGMENT = "version: 1\nmetrics:\n  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}}\nsegments:\n  s:\n    when: WHEN\n"
TEST = "version: 1\nsegments: {s: {when: online}}\ntests:\n  - name: t\n    timeline:\n      - LINE\n"


def faults(text):
    rules, found = examine_text(text, context=Context(today="2026-03-02"))
    return [*found, *examine_timelines(rules)[1]]


def pointed_at(text):
    """What stands under the carets, beside the codes."""
    return [(f.code, f.span.file.text[f.span.start : f.span.end]) for f in faults(text)]


def help_of(when):
    return next(f.help for f in faults(SEGMENT.replace("WHEN", when)) if f.severity is Severity.ERROR)


@pytest.mark.parametrize(
    ("old", "new", "code", "shown"),
    [
        ("{of: order_accepted", "{of: order_acepted", "E201", "order_acepted"),
        ("without: order_picked_up", "without: [order_delivered, order_pickedup]", "E201", "order_pickedup"),
        ("same: order_id", "same: ordr_id", "E201", "ordr_id"),
        ("    goal", "    clears: {when: online, within: 1h, else: nobody}\n    goal", "E201", "nobody"),
        ("metric: acc", "metric: acceptence", "E201", "acceptence"),
        ("    goal", "    feeds: [gps, nonsense]\n    goal", "E205", "nonsense"),
        ("Hello {first_name}", "Hello {frst_name}", "E233", "{frst_name"),
        ("Hello {first_name}", "Hello {first name}, {first_name}", "E444", "{first name}"),
        ('hi: {title: T, body: "{first_name}"}', "hi: {title: T, body: 'B } {first_name}'}", "E444", "}"),
        ('hi: {title: T, body: "{', 'hi: {title: T, body: "{orders_delivered_today, plural, one {#}} {', "E445", "{orders_delivered_today"),
        ("Hello {first_name}", "Hello {first_name, plural, other {#}}", "E445", "{first_name"),
        ("    goal", "    args: {unread: city}\n    goal", "W401", "unread"),
        ("hi: {title", "Hindi: {title", "E232", "Hindi"),
        ("hi: {title", "zzz: {title", "W292", "zzz"),
        ('hi: {title: T, body: "{first_name}"}', "hi: {title: T, body: B}", "W441", "hi"),
        ("hi: {title: T", f"hi: {{title: {'long ' * 20}end", "W442", "long " * 20 + "end"),
        ('body: "{first_name}"', 'body: "{first_name}, hurry"', "W447", "hurry"),
        ("    goal", "    rollout: 0%\n    goal", "W424", "0%"),
        ("    goal", "    seats: 0\n    goal", "W424", "0"),
    ],
)  # fmt: skip
def test_the_wrong_word_is_shown(old, new, code, shown):
    found = [(c, at) for c, at in pointed_at(NUDGE.replace(old, new, 1)) if c == code]
    assert found[:1] == [(code, shown)]


def test_hours_and_quiet_hours_are_both_shown():
    text = NUDGE.replace("    goal", "    hours: 23:00-05:00\n    goal") + "policy: {quiet_hours: 22:00-06:00}\n"
    fault = next(f for f in faults(text) if f.code == "E422")
    assert [text[s.start : s.end] for s in (fault.span, fault.other)] == ["23:00-05:00", "22:00-06:00"]


def test_a_window_and_the_time_it_has_to_hold_are_both_shown():
    text = NUDGE.replace("{happens: order_accepted, without: order_picked_up, for: 15m, same: order_id}", "{holds: count(order_rejected over 20m) > 3, for: 30m}")
    fault = next(f for f in faults(text) if f.code == "W421")
    assert [text[s.start : s.end] for s in (fault.span, fault.other)] == ["count(order_rejected over 20m)", "30m"]


@pytest.mark.parametrize("when", ["count(order_offered over 20m) == 0", "not count(order_offered over 20m) > 2", "3 > count(order_offered over 20m)"])
def test_what_an_empty_window_fulfils_may_hold_longer_than_the_window(when):
    trigger = f"{{holds: {when} and online, for: 30m}}"
    assert "W421" not in [f.code for f in faults(NUDGE.replace("{happens: order_accepted, without: order_picked_up, for: 15m, same: order_id}", trigger))]


@pytest.mark.parametrize("text", ["Contact now", "No hurry", "Keep going straight", "Support or loser"])
def test_words_that_only_contain_pressing_ones_do_not_press(text):
    assert "W443" not in [f.code for f in faults(NUDGE.replace("Hello {first_name}", f"{text} {{first_name}}"))]


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("city == blr", '`"blr"`'), ("online || riding", "write `or`"), ("zone not in (a | b)", "write `not zone in (a | b)`"), ("online AND riding", "write `and`"),
        ("tenure < 30 d", "write `30d`"), ("tenure < 90min", "write `90m`"), ("tenure < 30days", "write `30d`"), ("count(order_rejected, 2h) > 3", "over 2h"),
        ('"x" == city', "the whole"), ("acc(2h) < 60", "write `60%`"), ("acc(2h) < 600%", "`100%`"), ("cohort_pct(acc(2h) by zone) < 150%", "`100%`"),
        ("orders_delivered_today > 20%", "write `20`"), ("tenure in (30d | 60d)", "tenure >= 30d"), ("local_time() in (17:30 | 18:00)", "local_time()"),
    ],
)  # fmt: skip
def test_what_was_probably_meant_is_told(when, told):
    assert told in help_of(when)


def test_a_module_that_the_catalogue_lacks_is_told():
    assert ("E201", "m2") in pointed_at(SEGMENT.replace("WHEN", "completed(m2)") + "modules: {m1: {title: One, link: x}}\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: tip", "kind: tip\n    offer: {bonus: nan INR, budget: 5 INR per 1d}"), ("kind: tip", "kind: tip\n    offer: {bonus: 5 INR, budget: -5 INR per 1d}"),
        ("kind: tip", "kind: tip\n    max: 0 per 7d"), ("within: 7d", "within: 0m"), ("trigger: {happens: order_accepted, without: order_picked_up, for: 15m, same: order_id}",
         "trigger: {sequence: [{happens: logged_in}, {happens: logged_out}], within: 0m}"),
    ],
)  # fmt: skip
def test_amounts_and_spans_of_nothing_are_refused(old, new):
    assert "E204" in [f.code for f in faults(NUDGE.replace(old, new))]


def test_a_wait_that_begins_anew_needs_a_wait():
    assert "E212" in [f.code for f in faults(NUDGE.replace("{happens: order_accepted, without: order_picked_up, for: 15m, same: order_id}", "{holds: online, without: order_offered}"))]


def test_a_window_inside_of_a_percentile_is_looked_at():
    assert ("W420", "acc(120d)") in pointed_at(SEGMENT.replace("WHEN", "cohort_pct(acc(120d) by zone) < 50%"))


def test_faults_of_names_of_logic_of_tests_and_warnings_come_in_one_run():
    text = "version: 1\nowner: t\nsegments:\n  a: {when: onlin}\n  b: {when: online and not online}\nmetrics:\n  unused: {value: sum(earning_posted.amount)}\n"
    text += "tests:\n  - name: x\n    timeline:\n      - {at: 1m, logd_in: {}}\n      - {at: 1m, expect: {enters: zz}}\n"
    assert sorted(f.code for f in faults(text)) == ["E201", "E201", "E201", "E410", "W401"]


def test_what_uses_a_definition_that_could_not_be_read_is_not_blamed():
    text = SEGMENT.replace("WHEN", "tenure <") + NUDGE.partition("nudges:")[2].join(["nudges:", ""]).replace("{happens: order_accepted, without: order_picked_up, for: 15m, same: order_id}", "{enters: s}")
    assert [f.code for f in faults(text) if f.severity is Severity.ERROR] == ["E111"]


def test_a_fault_in_a_line_of_many_moments_is_told_once_at_its_field():
    assert pointed_at(TEST.replace("LINE", "{at: 1m..5m every 1m, order_accepted: {ordr_id: 1}}")) == [("E201", "ordr_id")]
    assert pointed_at(TEST.replace("LINE", "{at: 1m..5m every 1m, logd_in: {}}")) == [("E201", "logd_in")]
    assert pointed_at(TEST.replace("LINE", "{at: 1m..5m every 1m, rating_received: {stars: 9}}")) == [("E255", "9")]


def test_a_reason_that_nothing_is_held_for_is_told():
    text = NUDGE + "tests:\n  - name: t\n    timeline:\n      - {at: 1m, expect: {held: n, why: coldown}}\n"
    assert ("E205", "coldown") in pointed_at(text)


GIVEN = "version: 1\nsegments: {s: {when: WHEN}}\ntests:\n  - name: t\n    given: {zone: north}\n    timeline: [{at: 1m, expect: nothing}]\n"


def test_what_is_given_and_never_read_is_shown():
    assert ("E253", "north") in pointed_at(GIVEN.replace("WHEN", "online"))


def test_nothing_given_is_called_unread_while_a_rule_can_not_be_read():
    found = examine_text(GIVEN.replace("WHEN", "zone = north"))
    assert [f.code for f in examine_timelines(found[0], whole=False)[1]] == []


def test_two_plurals_of_a_text_are_shown_each():
    text = NUDGE.replace("Hello {first_name}", "{orders_delivered_today, plural, one {#}} {orders_accepted_today, plural, one {#}}")
    assert [at for code, at in pointed_at(text) if code == "E445"] == ["{orders_delivered_today", "{orders_accepted_today"]


def test_a_control_character_is_shown_where_it_stands():
    with pytest.raises(RuleErrors) as e:
        read_text('version: 1\nsegments:\n  s: {when: "हिं\x07"}\n')
    fault = e.value.faults[0]
    assert (fault.code, fault.span.file.position(fault.span.start)) == ("E101", (3, 17))


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end, tmp_path):
    (tmp_path / "a.yaml").write_bytes(SEGMENT.replace("WHEN", ">\n      onlin").replace("\n", end).encode())
    with pytest.raises(RuleErrors, match=r"a\.yaml:7:7"):
        load_files([tmp_path])


def test_a_section_with_nothing_in_it_has_a_way_out():
    assert [f.help for f in faults("version: 1\nsegments:\n") if f.code == "E203"] == ["write something below it, or take it out"]


@pytest.mark.parametrize("owner", ["~", "null", ""])
def test_nobody_is_no_owner(owner):
    assert "W433" in [f.code for f in faults(NUDGE.replace("owner: tests", f"owner: {owner}").replace("shadow", "live"))]


def test_a_file_that_is_given_twice_is_read_once(tmp_path):
    (tmp_path / "a.yaml").write_text(SEGMENT.replace("WHEN", "online"))
    (tmp_path / "link").symlink_to(tmp_path)
    assert list(load_files([tmp_path / "a.yaml", tmp_path, tmp_path / "link"])[0].segments) == ["s"]


def test_files_of_other_programs_in_a_folder_are_left_out_with_a_word(tmp_path):
    (tmp_path / "a.yaml").write_text(SEGMENT.replace("WHEN", "acc(2h) > 3%"))
    (tmp_path / "docker-compose.yml").write_text('version: "3"\nservices: {web: {image: nginx}}\n')
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "ci.yaml").write_text("on: [push]\n")
    rules, found = load_files([tmp_path])
    assert (list(rules.segments), [f.code for f in found]) == (["s"], ["W291"])


def test_a_file_that_is_named_is_read_as_rules(tmp_path):
    (tmp_path / "docker-compose.yml").write_text('version: "3"\nservices: {web: {image: nginx}}\n')
    with pytest.raises(RuleErrors, match="E200"):
        load_files([tmp_path / "docker-compose.yml"])


SNOOZED = """version: 1
metrics:
  a: {value: sum(earning_posted.amount)} # allow W401 until 2099-01-01
  b: {value: sum(earning_posted.amount)}
  # allow W401 until 2099-01-01
  # Wanted for next quarter.
  c: {value: sum(earning_posted.amount)}
segments:
  d: {title: "# allow W411 until 2099-01-01", when: tenure > 1d or tenure <= 1d}
"""


def test_a_snooze_reaches_its_own_line_or_the_one_below_it_and_is_no_text():
    assert [f.message.split("`")[1] if f.code == "W401" else f.code for f in faults(SNOOZED)] == ["b", "W411"]


@pytest.mark.parametrize("comment", ["W401 until 2099-99-99", "W401 until soon", "W401", "E410 until 2099-01-01"])
def test_a_snooze_that_allows_nothing_is_told(comment):
    assert [f.code for f in faults(f"version: 1 # allow {comment}\n")] == ["W293"]
