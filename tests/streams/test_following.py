"""What concerns all partners is taken up outside a worker as the worker takes it up."""

import pytest

from events.errors import BadEvent
from events.structs import BROADCAST_STRUCTS
from streams.changes import change
from streams.following import Ahead, Follower, in_order
from streams.reload import Library
from tests.training_rules.town import MESSAGES, START, Town, nudge, rules
from training_rules import Corridor

Zone = BROADCAST_STRUCTS["zone_figures"]


def text(*nudges):
    return "version: 1\nnudges:\n" + "".join(nudges) + MESSAGES


ONE, TWO = text(nudge("one", "{happens: order_rejected}")), text(nudge("two", "{happens: order_rejected}"))


def changed(minute, of, **more):
    version = rules(of.removeprefix("version: 1\n")).version
    return change(version, {"a.yaml": of}, START + minute * 60, **more)


def library(*changes):
    return Library(rules("nudges:\n" + nudge("of_files", "{happens: order_rejected}") + MESSAGES), changes)


def zone(minute, level):
    at = START + minute * 60
    return Zone(event_id=f"z{minute}", occurred_at=at, at=at - 5, zone="north", offers=9, online=3, usual=1.0, level=level)


@pytest.mark.parametrize(("minute", "name"), [(-1, "one"), (0, "one"), (9, "one"), (10, "two"), (99, "two")])
def test_history_begins_with_the_set_that_was_in_force_then_or_else_with_the_first(minute, name):
    found, kept = library(changed(0, ONE), changed(10, TWO)).begins(START + minute * 60)
    assert [r.name for r in found.rules] == [name]
    assert kept["change"] == changed(0 if name == "one" else 10, ONE if name == "one" else TWO).event_id


def test_where_nothing_was_pushed_the_files_decide():
    found, kept = library().begins()
    assert ([r.name for r in found.rules], kept) == (["of_files"], None)


def test_a_set_that_can_not_run_is_passed_over_and_what_ran_runs_on():
    bad = changed(5, TWO)
    bad.files, bad.version = {"a.yaml": text(nudge("bad", "{happens: no_such}"))}, "bad"
    known = library(changed(0, ONE), bad)
    corridor = Corridor(known.begins()[0])
    with pytest.raises(BadEvent, match="no_such"):
        Follower(corridor, known, known.begins()[1]).take(bad)
    assert [r.name for r in corridor.rules.rules] == ["one"]


def test_a_change_takes_place_between_two_events_after_what_is_due_by_then():
    known = library(changed(0, ONE), changed(10, TWO))
    first, kept = known.begins()
    town = Town(first)
    follower = Follower(town.corridor, known, kept)
    town.feed("order_rejected", 9, order_id="1")
    follower.take(changed(10, TWO))
    town.feed("order_rejected", 11, order_id="2")
    assert town.sent() == [("one", 9.0), ("two", 11.0)]


def test_the_set_that_was_begun_with_is_not_taken_up_twice():
    known = library(changed(0, ONE))
    first, kept = known.begins()
    corridor = Corridor(first)
    Follower(corridor, known, kept).take(changed(0, ONE))
    assert corridor.rules is first


def test_without_a_library_rules_stay_and_figures_are_taken_up():
    corridor = Corridor(rules("nudges:\n" + nudge("busy", '{holds: zone_demand == "high"}') + MESSAGES))
    follower = Follower(corridor)
    assert follower.take(changed(0, TWO)) == []
    town = Town(corridor.rules)
    town.corridor = corridor
    town.feed("logged_in", 1, zone="north")
    assert [o.type for o in follower.take(zone(2, "high"))][:1] == ["decision"]


def test_what_comes_up_before_it_holds_waits_for_the_next_event_or_the_end():
    town, ahead = Town(rules("nudges:\n" + nudge())), Ahead()
    first, last = town.event("logged_in", 1), town.event("logged_out", 6)
    stream = [zone(0, "low"), first, zone(3, "high"), last, zone(8, "low"), zone(60, "high")]
    assert list(in_order(stream, ahead)) == stream[:4]
    assert [e.event_id for e in ahead.by(START + 9 * 60)] == ["z8"]
