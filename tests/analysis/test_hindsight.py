"""One partner at a moment, from what was handed to their partition; and what is said where there is nothing."""

import pytest

from analysis.errors import HindsightError
from analysis.hindsight import now_from, watch
from events.structs import BROADCAST_STRUCTS
from streams.changes import change
from streams.reload import Library
from tests.training_rules.town import MESSAGES, START, Town, nudge, rules
from training_rules import Corridor
from training_rules.explaining import explain

RULES = "nudges:\n" + nudge(trigger="{happens: order_accepted, without: order_picked_up, for: 10m}")


def events(*told):
    town = Town(rules(RULES))
    return [town.event(kind, minute, partner) for kind, minute, partner in told]


LIFE = [("order_accepted", 1, "courier-1"), ("logged_in", 5, "other"), ("order_picked_up", 8, "courier-1"), ("logged_in", 60, "other")]


def test_events_after_the_moment_have_not_happened():
    watched = watch(rules(RULES), "courier-1", events(*LIFE), START + 7 * 60)
    assert (watched.events, watched.last) == (1, START + 60)


def test_timers_due_by_the_moment_have_fired():
    watched = watch(rules(RULES), "courier-1", events(LIFE[0], LIFE[1]), START + 30 * 60)
    assert [d.decision.decided_at for d in watched.decided] == [START + 11 * 60]


def test_without_a_moment_it_is_when_the_last_event_of_all_happened():
    assert watch(rules(RULES), "courier-1", events(*LIFE)).corridor.stream_time == START + 3600


@pytest.mark.parametrize(("who", "minute", "gone", "said"), [
    ("courier-2", 30, (), "there is no event of a partner 'courier-2'; did you mean 'courier-1'?"),
    ("courier-1", 0, (), "that is before the first event of courier-1, which is of 2026-03-02T10:01:00Z"),
    ("courier-1", 0, ["partner.gps"], "the beginning is gone of partner.gps; the first of theirs that is left is of 2026-03-02T10:01:00Z"),
])  # fmt: skip
def test_it_is_said_why_there_is_nothing(who, minute, gone, said):
    with pytest.raises(HindsightError) as refusal:
        watch(rules(RULES), who, events(*LIFE), START + minute * 60, gone)
    assert said in str(refusal.value)


def committed(minute, *told):
    """A partner's state as bytes."""
    compiled = rules(RULES)
    corridor = Corridor(compiled)
    for event in events(*told):
        corridor.feed(event)
    corridor.advance(START + minute * 60)
    return compiled, compiled.dump(corridor.partners["courier-1"])


def test_what_came_due_since_the_last_commit_has_fired_now():
    compiled, raw = committed(2, LIFE[0])
    assert [d.decision.decided_at for d in now_from(compiled, "courier-1", raw, START + 30 * 60).decided] == [START + 11 * 60]


def test_a_state_is_never_looked_at_before_its_own_time():
    compiled, raw = committed(2, LIFE[0])
    assert now_from(compiled, "courier-1", raw, START - 3600).corridor.stream_time == START + 60


def test_one_of_whom_no_state_is_kept_is_refused():
    with pytest.raises(HindsightError, match="no state is kept"):
        now_from(rules(RULES), "courier-1", None, START)


def test_one_who_was_erased_is_refused():
    compiled = rules(RULES)
    corridor = Corridor(compiled)
    corridor.forget("courier-1", START, "partner.profile", 0)
    with pytest.raises(HindsightError, match="was erased"):
        now_from(compiled, "courier-1", compiled.dump(corridor.partners["courier-1"]), START + 60)


# -- rule sets that changed, and figures of many partners


def changed(minute, name):
    text = f"version: 1\nnudges:\n{nudge(name, '{happens: order_rejected}')}{MESSAGES}"
    return change(rules(text.removeprefix("version: 1\n")).version, {"a.yaml": text}, START + minute * 60)


def test_each_set_decides_in_its_time_and_the_last_one_by_then_is_shown():
    town, changes = Town(rules(RULES)), [changed(0, "one"), changed(10, "two"), changed(60, "three")]
    first, second = town.event("order_rejected", 5), town.event("order_rejected", 15)
    watched = watch(Library(rules(RULES), changes), "p", [changes[0], first, changes[1], second, changes[2]], START + 30 * 60)
    assert [d.decision.rule for d in watched.decided] == ["one", "two"]
    assert watched.rules.version == changes[1].version


def test_figures_are_taken_up_where_they_hold():
    compiled, at = rules("nudges:\n" + nudge("busy", '{holds: zone_demand == "high"}')), START + 2 * 60
    figures = BROADCAST_STRUCTS["zone_figures"](event_id="z", occurred_at=at, at=at - 5, zone="north", offers=9, online=3, usual=1.0, level="high")
    watched = watch(compiled, "p", [Town(compiled).event("logged_in", 1, zone="north"), figures], START + 3 * 60)
    assert [(d.decision.rule, d.decision.decided_at) for d in watched.decided] == [("busy", at)]
    assert explain(watched, START + 3 * 60).rules[0].trigger.clause.readings[0].value == "high"
