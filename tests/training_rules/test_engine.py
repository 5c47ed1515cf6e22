"""`step`: order, lateness, duplicates, timers, segments; and the same outcome after a snapshot."""

from math import inf

import pytest

from events.structs import Tick
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import step
from training_rules.engine import MOST_RECENT

RATE = """metrics:
  rate: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 5}
"""
STRUGGLING = RATE + "segments:\n  bad: {enter: {when: rate(2h) < 60% and online}, exit: {when: rate(2h) > 70% or not online}}\n"
HELD = RATE + "segments:\n  bad: {enter: {when: rate(2h) < 60% and online, for: 5m}, exit: {when: not online, for: 10m}}\n"


def test_a_segment_is_entered_and_left_at_its_two_edges():
    town = Town(rules(STRUGGLING))
    town.feed("logged_in", 0)
    for m in range(1, 6):
        town.feed("order_rejected", m)
    town.feed("logged_out", 9)
    assert town.moves() == [("bad", "entered", 5), ("bad", "exited", 9)]


def test_membership_changes_when_an_element_leaves_its_window_and_nothing_else_happens():
    text = STRUGGLING.replace("rate(2h) > 70% or not online", "count(order_rejected over 2h) == 0")
    town = Town(rules(text))
    town.feed("logged_in", 0)
    for m in range(1, 6):
        town.feed("order_rejected", m)
    town.advance(1000)
    assert town.moves() == [("bad", "entered", 5), ("bad", "exited", 125)]
    assert [o.cause for o in town.out if o.type == "segment_transition"] == ["e6", "-"]


def test_a_condition_must_hold_as_long_as_it_says():
    town = Town(rules(HELD))
    town.feed("logged_in", 0)
    for m in range(1, 6):
        town.feed("order_rejected", m)
    town.advance(60)
    town.feed("logged_out", 70)
    town.feed("logged_in", 75)
    town.feed("logged_out", 80)
    town.advance(120)
    assert town.moves() == [("bad", "entered", 10), ("bad", "exited", 90)]


def test_unknown_neither_enters_nor_exits():
    town = Town(rules("segments:\n  far: {when: distance_to(spots) > 1km}\nplaces:\n  spots: [{name: a, at: [1, 1]}]\n"))
    town.feed("logged_in", 0)
    assert town.moves() == []
    town.feed("position", 1, lat=2.0, lon=2.0)
    town.advance(60)
    assert town.moves() == [("far", "entered", 1)]


def test_tenure_moves_a_partner_by_time_alone():
    town = Town(rules("segments:\n  old: {when: tenure >= 30d}\n"))
    town.feed("profile_updated", 0, joined_on="2026-02-01")
    town.advance(60 * 24 * 40)
    (move,) = town.moves()
    assert START + move[2] * 60 == pytest.approx(1_769_904_000.0 + 30 * 86400)


def test_segments_that_read_segments_settle_at_the_same_moment():
    town = Town(rules("segments:\n  b: {when: segment.a and online}\n  a: {when: online}\n"))
    town.feed("logged_in", 0)
    town.feed("logged_out", 1)
    assert sorted(town.moves()) == [("a", "entered", 0), ("a", "exited", 1), ("b", "entered", 0), ("b", "exited", 1)]


def test_entering_a_segment_triggers_in_the_same_moment():
    town = Town(rules("segments:\n  on: {when: online}\nnudges:\n" + nudge(trigger="{enters: on}")))
    town.feed("logged_in", 3)
    assert town.sent() == [("n", 3)]


def test_holds_fires_once_a_stretch_of_truth():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: online, for: 10m}")))
    for kind, minute in (("logged_in", 0), ("position", 20), ("logged_out", 30), ("logged_in", 40)):
        town.feed(kind, minute, **({"lat": 1.0, "lon": 1.0} if kind == "position" else {}))
    town.advance(100)
    assert town.sent() == [("n", 10), ("n", 50)]


def test_the_same_event_is_applied_once():
    town = Town(rules("nudges:\n" + nudge(trigger="{happens: order_rejected, times: 2, within: 1h}")))
    event = town.event("order_rejected", 0)
    town.put(event)
    town.put(event)
    assert town.sent() == []


def test_an_event_later_than_allowed_changes_nothing_and_goes_to_the_ledger():
    town = Town(rules("nudges:\n" + nudge()))
    town.feed("position", 10, lat=1.0, lon=1.0)
    town.feed("order_rejected", 7.9)
    assert town.decisions() == [("", "drop", "late_event", 10)]
    town.feed("order_rejected", 8.1)
    assert town.sent() == [("n", 10)]


def test_a_late_fix_does_not_replace_a_newer_one():
    town = Town(rules("nudges:\n" + nudge()))
    town.feed("position", 10, lat=1.0, lon=1.0)
    town.feed("position", 9, lat=2.0, lon=2.0)
    assert town.corridor.partners["p"].lat == 1.0


def test_a_profile_may_come_late():
    town = Town(rules("nudges:\n" + nudge()))
    town.feed("position", 10, lat=1.0, lon=1.0)
    town.feed("profile_updated", -9000, city="X")
    assert town.corridor.partners["p"].profile["city"] == "X"


def test_one_partners_event_fires_the_timers_of_others():
    town = Town(rules("nudges:\n" + nudge(trigger="{happens: arrived_at_restaurant, without: order_picked_up, for: 15m, same: order_id}")))
    town.feed("arrived_at_restaurant", 0, partner="a")
    town.feed("logged_in", 20, partner="b")
    assert town.sent() == [("n", 15)]


def test_an_offset_that_was_applied_is_skipped():
    town = Town(rules("nudges:\n" + nudge()))
    event = town.event("order_rejected", 0)
    assert len(town.corridor.feed(event, "orders", 7)) == 2
    again = town.event("order_rejected", 1)
    assert len(town.corridor.feed(again, "orders", 7)) == 0
    assert len(town.corridor.feed(again, "orders", 8)) == 2


def test_ids_are_functions_of_their_causes():
    def ids():
        town = Town(rules("nudges:\n" + nudge()))
        town.feed("order_rejected", 0)
        return [getattr(o, "nudge_id", None) for o in town.out]

    assert ids() == ids()


def test_a_tick_fires_what_is_due_and_nothing_more():
    compiled = rules("nudges:\n" + nudge(trigger="{holds: online, for: 10m}"))
    town = Town(compiled)
    town.feed("logged_in", 0)
    state = town.corridor.partners["p"]
    assert state.next_due == START + 600
    assert not step(state, Tick(START + 599), compiled)
    assert len(step(state, Tick(START + 600), compiled)) == 2
    assert state.next_due == inf


def test_evidence_tells_the_values_that_decided_with_their_ages():
    text = "places:\n  spots: [{name: a, at: [1, 1]}]\nnudges:\n" + nudge(trigger="{happens: order_rejected, where: distance_to(spots) < 1km}")
    town = Town(rules(text))
    town.feed("position", 0, lat=1.0, lon=1.0)
    town.feed("order_rejected", 2)
    assert town.out[0].evidence == {"events": ["e2"], "distance_to(spots)": {"value": 0.0, "age": 120.0}}


def test_a_snapshot_gives_the_same_state_and_the_same_future():
    compiled = rules(HELD + "nudges:\n" + nudge(trigger="{happens: order_rejected, times: 3, within: 20m}"))
    whole, cut = Town(compiled), Town(compiled)
    for town in (whole, cut):
        town.feed("logged_in", 0)
        for m in range(1, 6):
            town.feed("order_rejected", m, event_id=f"r{m}")
    raw = compiled.dump(cut.corridor.partners["p"])
    cut.corridor = type(cut.corridor)(compiled, {"p": compiled.load(raw)}, cut.corridor.stream_time)
    assert compiled.dump(cut.corridor.partners["p"]) == raw
    for town in (whole, cut):
        town.feed("order_rejected", 6, event_id="r6")
        town.advance(100)
    assert [o for o in whole.out if o.decided_at > START + 300] == [o for o in cut.out if o.decided_at > START + 300]


def test_a_partners_first_event_looks_at_every_segment():
    town = Town(rules("segments:\n  idle: {when: count(order_accepted over 2h) == 0}\nnudges:\n" + nudge(trigger="{happens: logged_in, where: segment.idle}")))
    town.feed("logged_in", 3)
    assert (town.moves(), town.sent()) == ([("idle", "entered", 3)], [("n", 3)])


def test_a_partners_first_event_begins_what_holds_already():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: count(order_accepted over 2h) == 0, for: 10m}")))
    town.feed("logged_in", 3)
    town.advance(60)
    assert town.sent() == [("n", 13)]


def test_a_segment_that_went_in_and_out_at_one_moment_did_not_move():
    text = "segments:\n  a: {when: online and not segment.b}\n  b: {when: online}\nnudges:\n" + nudge(trigger="{enters: a}")
    town = Town(rules(text))
    town.feed("logged_in", 0)
    assert (town.moves(), town.sent()) == ([("b", "entered", 0)], [])


def test_more_than_is_true_right_after_the_moment_itself():
    town = Town(rules("segments:\n  tired: {when: online_today > 2h}\n"))
    town.feed("logged_in", 0)
    town.advance(200)
    assert town.moves() == [("tired", "entered", pytest.approx(120))]


def test_a_late_event_that_holds_waits_without_restarts_the_clock_at_its_own_time():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: online, for: 10m, without: order_offered}")))
    town.feed("logged_in", 0)
    town.feed("position", 6, lat=1.0, lon=1.0)
    town.feed("order_offered", 5)
    town.advance(60)
    assert town.sent() == [("n", 15)]


@pytest.mark.parametrize("again", [1, 3])
def test_an_order_that_was_closed_stays_so_when_its_acceptance_comes_again(again):
    town = Town(rules("segments:\n  busy: {when: on_order}\n"))
    accepted = town.event("order_accepted", again, order_id="o")
    town.feed("order_accepted", 1, order_id="o")
    town.feed("order_delivered", 4, order_id="o")
    town.put(accepted)
    assert town.moves() == [("busy", "entered", 1), ("busy", "exited", 4)]


def test_an_order_that_was_accepted_again_is_not_closed_by_a_late_end_of_the_first_time():
    town = Town(rules("segments:\n  busy: {when: on_order}\n"))
    for kind, minute in (("order_accepted", 1), ("order_accepted", 3), ("order_cancelled", 2)):
        town.feed(kind, minute, order_id="o")
    assert town.moves() == [("busy", "entered", 1)]


def test_a_late_fix_brings_a_zone_newer_than_the_one_known():
    town = Town(rules('segments:\n  north: {when: zone == "north"}\n'))
    town.feed("position", 2, lat=1.0, lon=1.0)
    town.feed("position", 1, lat=1.0, lon=1.0, zone="north")
    assert town.moves() == [("north", "entered", 2)]


def test_ids_of_one_partner_are_bounded_the_oldest_go_first_and_are_counted():
    town = Town(rules("nudges:\n" + nudge()))
    for n in range(MOST_RECENT + 1000):
        town.feed("order_rejected", n / 6e5, event_id=f"r{n}")
    state = town.corridor.partners["p"]
    assert len(state.recent) <= MOST_RECENT
    assert next(reversed(state.recent)) == f"r{MOST_RECENT + 999}"
    assert state.dropped == MOST_RECENT // 4


def test_ids_are_forgotten_when_a_copy_would_be_too_late():
    town = Town(rules("nudges:\n" + nudge(), allowed_lateness=60.0))
    for n in range(100):
        town.feed("order_rejected", n / 20, event_id=f"r{n}")
    assert "r99" in town.corridor.partners["p"].recent
    assert "r1" not in town.corridor.partners["p"].recent
