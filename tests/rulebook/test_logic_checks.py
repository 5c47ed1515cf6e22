"""What the linter concludes from conditions, times and tests of a rule set."""

import pytest

from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from tests.training_rules.town import MESSAGES, nudge


def codes(text):
    """The codes of all that is found."""
    try:
        return [f.code for f in read_text("version: 1\n" + text + MESSAGES)[1]]
    except RuleErrors as e:
        return [f.code for f in e.faults]


SEGMENT = "segments:\n  s: {enter: {when: online and tenure > 5d}, exit: {when: not online or tenure > 90d}}\n"


@pytest.mark.parametrize(("trigger", "condition"), [
    ("{happens: logged_in, where: tenure < 30d}", "tenure > 60d"),
    ("{happens: order_rejected, where: tenure < 30d, times: 3, within: 1h}", "tenure > 60d"),
    ("{enters: s}", "not segment.s"),
    ("{enters: s}", "tenure < 2d"),
    ("{exits: s}", "segment.s"),
    ("{exits: s}", "online and tenure < 20d"),
    ("{holds: online, for: 5m}", "not online"),
])  # fmt: skip
def test_an_if_that_contradicts_its_trigger_is_told(trigger, condition):
    assert "E415" in codes(SEGMENT + "nudges:\n" + nudge(trigger=trigger, if_=condition))


@pytest.mark.parametrize(("trigger", "condition"), [
    ("{happens: logged_in, where: tenure < 30d}", "tenure > 20d"),
    ('{happens: position, where: zone == "north"}', 'zone == "south"'),
    ("{happens: order_accepted, where: not on_order, without: order_picked_up, for: 15m}", "on_order"),
    ("{enters: s}", "segment.s"),
    ("{exits: s}", "not segment.s"),
])  # fmt: skip
def test_an_if_that_can_be_true_with_its_trigger_is_not(trigger, condition):
    assert "E415" not in codes(SEGMENT + "nudges:\n" + nudge(trigger=trigger, if_=f"'{condition}'"))


def test_an_if_that_can_be_true_when_the_nudge_follows_another_is_not_told():
    first = nudge("a", clears="{when: online, within: 5m, else: b}")
    assert "E415" not in codes("nudges:\n" + first + nudge("b", "{happens: logged_in, where: tenure < 30d}", if_="tenure > 60d"))


@pytest.mark.parametrize("segment", [
    "{when: count(order_delivered over life) >= 20}",
    "{enter: {when: tenure > 30d and online}, exit: {when: tenure < 10d}}",
    "{enter: {when: count(order_delivered over life) >= 20}, exit: {when: count(order_delivered over life) < 10}}",
    "{when: completed(first_day)}",
    "{when: 3 <= modules_completed}",
])  # fmt: skip
def test_a_segment_that_nobody_leaves_is_told(segment):
    assert "W413" in codes(f"segments:\n  s: {segment}\n")


@pytest.mark.parametrize("segment", [
    "{when: count(order_delivered over 7d) >= 20}",
    "{when: count(order_delivered over life) >= 20 and online}",
    "{when: count(order_delivered over life) >= 20, stale_after: 7d}",
    "{when: tenure < 30d}",
    "{when: not completed(first_day)}",
    "{when: orders_delivered_today >= 20}",
])  # fmt: skip
def test_a_segment_that_can_be_left_is_not(segment):
    assert "W413" not in codes(f"segments:\n  s: {segment}\n")


def both(first, second):
    return codes("nudges:\n" + nudge("a", first) + nudge("b", second))


@pytest.mark.parametrize("trigger", [
    "{holds: online and not on_order, for: 30m}",
    "{happens: order_accepted, without: order_picked_up, for: 15m}",
    "{happens: order_accepted}",
    "{exits: s}",
])  # fmt: skip
def test_two_rules_that_can_match_at_once_with_one_priority_are_told(trigger):
    assert "W430" in codes(SEGMENT + "nudges:\n" + nudge("a", trigger) + nudge("b", trigger))


@pytest.mark.parametrize("other", ["{holds: online, for: 31m}", "{holds: on_order, for: 30m}", "{happens: logged_in}"])
def test_rules_of_different_times_are_not(other):
    assert "W430" not in both("{holds: online, for: 30m}", other)


def test_a_silence_and_its_first_event_are_not_one_moment():
    assert "W430" not in both("{happens: order_accepted}", "{happens: order_accepted, without: order_picked_up, for: 15m}")


TEST = "tests:\n  - name: t\n    timeline:\n      - {at: 1m, expect: %s}\n"


@pytest.mark.parametrize(("expect", "told"), [("{nudge: a}", False), ("{held: a}", False), ("{nudge: b, says: a}", True), ("nothing", True)])
def test_a_rule_is_tested_where_an_expect_names_it(expect, told):
    rules = "nudges:\n" + nudge("a", priority=1) + nudge("b", priority=2) + TEST % expect
    faults = read_text("version: 1\n" + rules + MESSAGES)[1]
    assert ("nudge a" in [f.where for f in faults if f.code == "W432"]) is told


@pytest.mark.parametrize("hours", ["09:00-09:00", "00:00-00:00", "24:00-00:00", "24:00-24:00"])
def test_hours_with_nothing_between_them_are_refused(hours):
    for text in ("nudges:\n" + nudge(hours=hours), f"policy: {{quiet_hours: {hours}}}\nnudges:\n" + nudge()):
        assert [code for code in codes(text) if code.startswith("E")] == ["E204"]


def test_the_whole_day_can_be_written():
    assert "E204" not in codes("nudges:\n" + nudge(hours="00:00-24:00"))


def test_a_day_that_is_quiet_as_a_whole_silences_every_rule_that_is_not_urgent():
    quiet = "policy: {quiet_hours: 00:00-24:00}\nnudges:\n"
    assert "E422" in codes(quiet + nudge())
    assert "E422" not in codes(quiet + nudge(urgent="true"))
