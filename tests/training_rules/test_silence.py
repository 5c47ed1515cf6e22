"""Feeds that are not heard of: nothing is concluded from their silence, and all of it once they are back."""

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import FAMILIES
from rulebook.loader import read_text
from segments.features import FIGURES
from tests.reference.agreement import drawn
from tests.reference.programs import announced
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import Corridor, EngineOptions, Partners, compile_rules

STUCK = "nudges:\n" + nudge("stuck", "{happens: arrived_at_restaurant, without: [order_picked_up, order_cancelled], for: 15m, same: order_id}", valid_for="20m")
IDLE = "nudges:\n" + nudge("idle", "{holds: online and not on_order, for: 30m, without: order_offered}")
TIMED = "segments:\n  waiting: {enter: {when: online and not on_order, for: 10m}, exit: {when: on_order or not online}}\n"
QUIET = "segments:\n  quiet: {enter: {when: online}, stale_after: 20m}\n"
FAMILY = {event: f.name for f in FAMILIES.values() for event in f.types}


class Silent(Town):
    """`minutes` instead of seconds."""

    def freeze(self, minute, *feeds, known=None):
        self.out += self.corridor.freeze(dict.fromkeys(feeds, START + 60 * (minute if known is None else known)), START + 60 * minute)

    def thaw(self, minute, *feeds):
        self.out += self.corridor.advance(START + 60 * minute)
        self.out += self.corridor.thaw(feeds, START + 60 * minute)

    def hear(self, minute, *feeds):
        self.corridor.silence.hear(dict.fromkeys(feeds, START + 60 * minute))


def stuck():
    town = Silent(rules(STUCK))
    town.feed("arrived_at_restaurant", 0, order_id="o")
    return town


def test_a_wait_on_a_frozen_feed_does_not_end():
    town = stuck()
    town.freeze(1, "orders")
    town.advance(20)
    assert town.sent() == []


def test_it_ends_at_its_deadline_when_the_feed_is_back():
    town = stuck()
    town.freeze(1, "orders")
    town.thaw(20, "orders")
    assert town.sent() == [("stuck", 15)]


def test_what_came_late_and_refutes_it_goes_first():
    town = stuck()
    town.freeze(1, "orders")
    town.feed("position", 20, lat=1.0, lon=1.0)
    town.feed("order_picked_up", 14, order_id="o")
    town.thaw(21, "orders")
    assert town.sent() == []


def test_what_came_after_the_deadline_refutes_nothing():
    town = stuck()
    town.freeze(1, "orders")
    town.feed("position", 20, lat=1.0, lon=1.0)
    town.feed("order_picked_up", 16, order_id="o")
    assert town.sent() == [("stuck", 15)]


def test_a_wait_that_began_in_the_silence_ends_by_what_the_silence_had():
    town = Silent(rules(STUCK))
    town.freeze(0, "orders")
    town.feed("position", 30, lat=1.0, lon=1.0)
    for order, minute in (("a", 3), ("b", 4)):
        town.feed("arrived_at_restaurant", minute, order_id=order)
    town.feed("order_picked_up", 10, order_id="b")
    town.thaw(31, "orders")
    assert town.sent() == [("stuck", 18)]


def test_a_nudge_that_is_not_valid_any_more_is_held_as_expired():
    town = stuck()
    town.freeze(1, "orders")
    town.thaw(36, "orders")
    assert [d for d in town.decisions() if d[0]] == [("stuck", "hold", "expired", 15)]


def test_rules_that_do_not_read_the_feed_go_on():
    text = "nudges:\n" + nudge("long", "{happens: feature_used, without: module_started, for: 5m, keep_on_logout: true}")
    town = Silent(rules(text))
    town.feed("feature_used", 0, feature="route_planner")
    town.freeze(1, "orders")
    assert [o.rule for o in town.advance(6) if o.type == "nudge"] == ["long"]


def test_feeds_of_a_nudge_say_what_it_hangs_on():
    town = Silent(rules(STUCK + "    feeds: [gps]\n"))
    town.feed("arrived_at_restaurant", 0, order_id="o")
    town.freeze(1, "orders")
    town.advance(20)
    assert town.sent() == [("stuck", 15)]


def test_no_event_of_another_feed_carries_a_stretch_of_truth_over_its_deadline():
    town = Silent(rules(IDLE))
    town.feed("logged_in", 0)
    town.freeze(1, "orders")
    town.feed("logged_in", 40)
    assert town.sent() == []


def test_a_stretch_is_broken_and_begins_anew_where_the_late_events_say():
    town = Silent(rules(IDLE))
    town.feed("logged_in", 0)
    town.freeze(1, "orders")
    town.feed("position", 60, lat=1.0, lon=1.0)
    town.feed("order_accepted", 10, order_id="o")
    town.feed("order_delivered", 25, order_id="o")
    town.thaw(60, "orders")
    assert town.sent() == [("idle", 55)]


def test_a_stretch_that_began_in_the_silence_keeps_its_own_beginning():
    town = Silent(rules(IDLE))
    town.freeze(0, "orders")
    town.feed("logged_in", 20)
    town.thaw(45, "orders")
    town.advance(51)
    assert town.sent() == [("idle", 50)]


def test_a_stretch_cannot_begin_before_the_log_in_whatever_comes_late():
    town = Silent(rules(IDLE))
    town.feed("order_accepted", 0, order_id="o")
    town.freeze(1, "orders")
    town.feed("logged_in", 20)
    town.feed("order_delivered", 5, order_id="o")
    town.thaw(40, "orders")
    town.advance(60)
    assert town.sent() == [("idle", 50)]


def test_a_timed_way_into_a_segment_is_frozen_too():
    town = Silent(rules(TIMED))
    town.feed("logged_in", 0)
    town.freeze(1, "orders")
    town.feed("logged_in", 15)
    assert town.moves() == []
    town.thaw(16, "orders")
    assert town.moves() == [("waiting", "entered", 10)]


def test_data_do_not_grow_stale_in_a_silence():
    town = Silent(rules(QUIET))
    town.feed("logged_in", 0)
    town.freeze(1, "session")
    town.advance(30)
    assert town.moves() == [("quiet", "entered", 0)]


def test_whether_a_nudge_helped_is_not_decided_in_a_silence():
    text = "nudges:\n" + nudge("offer", "{happens: feature_used}", clears="{when: on_order, within: 10m}")
    town = Silent(rules(text))
    town.feed("feature_used", 0, feature="route_planner")
    town.freeze(1, "orders")
    town.advance(20)
    town.feed("order_accepted", 9, order_id="o")
    town.thaw(21, "orders")
    assert [d[1] for d in town.decisions() if d[0]] == ["send", "cleared"]


def test_the_ledger_says_once_that_feeds_are_frozen_and_that_they_are_back():
    town = stuck()
    for who in "abc":
        town.feed("arrived_at_restaurant", 0, partner=who)
    town.freeze(1, "orders")
    town.thaw(2, "orders")
    said = [o for o in town.out if o.type == "decision"]
    assert [(o.verdict, o.evidence["feeds"], o.evidence["rules"]) for o in said] == [("frozen", ["orders"], ["stuck"]), ("thawed", ["orders"], ["stuck"])]


def test_an_event_of_before_the_silence_that_is_too_late_stays_too_late():
    town = Silent(rules(STUCK))
    town.feed("position", 30, lat=1.0, lon=1.0)
    town.freeze(30, "orders")
    assert [str(o.reason) for o in town.feed("arrived_at_restaurant", 27)] == ["late_event"]


def test_a_timer_waits_until_its_feeds_are_heard_of_from_after_its_deadline():
    town = stuck()
    town.hear(14, "orders")
    town.advance(20)
    assert town.sent() == []
    town.hear(16, "orders")
    town.advance(20)
    assert town.sent() == [("stuck", 15)]


def test_who_rests_while_a_timer_waits_is_looked_at_when_its_feed_comes_on():
    town = stuck()
    town.hear(14, "orders")
    town.advance(20)
    town.corridor.make_room(0)
    assert town.corridor.next_due > START + 20 * 60
    town.hear(16, "orders")
    town.advance(20)
    assert town.sent() == [("stuck", 15)]


@pytest.mark.parametrize("stored", [False, True])
def test_who_rests_while_a_timer_waits_is_not_told_by_an_event_of_another_feed(stored):
    town = stuck()
    town.hear(14, "orders")
    town.advance(20)
    town.corridor.make_room(0)
    if stored:
        town.corridor.dirty.clear()
        town.corridor.store(-1.0)
    town.feed("position", 21, lat=1.0, lon=1.0)
    assert town.sent() == []
    town.hear(22, "orders")
    town.advance(22)
    assert town.sent() == [("stuck", 15)]


def test_nobody_who_waits_for_one_feed_is_looked_at_for_another():
    town = stuck()
    town.hear(14, "orders", "gps")
    town.advance(20)
    wakes = town.corridor.wakes
    town.corridor.silence.hear({"orders": START + 14 * 60, "gps": START + 20 * 60})
    town.advance(20)
    assert (town.corridor.next_due > START + 20 * 60, town.corridor.wakes) == (True, wakes)


def test_another_rule_set_is_frozen_as_the_one_before():
    town = stuck()
    town.freeze(1, "orders")
    town.corridor.change(rules(STUCK + "    hypothesis: it helps\n"))
    town.advance(20)
    assert town.sent() == []
    town.thaw(21, "orders")
    assert town.sent() == [("stuck", 15)]


@pytest.mark.parametrize("changed", [False, True])
def test_another_rule_set_knows_since_when_a_stretch_can_have_begun(changed):
    """Its timers have other numbers: there is a segment before them."""
    town = Silent(rules(IDLE))
    town.feed("order_accepted", 0, order_id="o")
    town.freeze(1, "orders")
    town.feed("logged_in", 20)
    if changed:
        town.corridor.change(rules(QUIET + IDLE))
    town.feed("order_delivered", 5, order_id="o")
    town.thaw(40, "orders")
    town.advance(60)
    assert town.sent() == [("idle", 50)]


@pytest.mark.parametrize("rests", [False, True])
def test_who_rests_after_a_silence_was_looked_at_by_a_rule_set_that_came_in_it(rests):
    """Time passes the change by when the feed is back: bytes tell nobody that the new rules were not looked at."""
    town = Silent(rules(STUCK))
    town.feed("logged_in", 0)
    town.feed("arrived_at_restaurant", 1, order_id="o")
    town.freeze(2, "orders")
    town.advance(18)
    town.corridor.change(rules("segments:\n  here: {enter: {when: online}}\n" + STUCK))
    town.thaw(19, "orders")
    if rests:
        town.corridor.make_room(0)
    town.feed("rating_received", 20, stars=5)
    assert [(segment, way) for segment, way, _ in town.moves()] == [("here", "entered")]


@pytest.mark.parametrize("early", [False, True])
def test_who_rests_through_a_silence_is_woken_when_it_is_over(early):
    """Whether they went to rest before the deadline or after it, once, not again and again."""
    town = stuck()
    town.freeze(1, "orders")
    if early:
        town.corridor.make_room(0)
    town.advance(20)
    town.corridor.make_room(0)
    assert (town.corridor.next_due > START + 20 * 60, dict(town.corridor.partners.awake)) == (True, {})
    town.thaw(21, "orders")
    assert town.sent() == [("stuck", 15)]


def test_the_next_owner_of_one_who_rests_in_a_silence_finds_the_timer():
    town = stuck()
    town.freeze(1, "orders")
    town.advance(20)
    town.corridor.make_room(0)
    resting = {"p": town.corridor.write("p")}
    later = Corridor(rules(STUCK), Partners(rules(STUCK), resting=resting), town.corridor.stream_time)
    later.freeze({"orders": START}, START + 60 * 20)
    later.advance(START + 60 * 20)
    out = later.thaw(["orders"], START + 60 * 21)
    assert [o.decided_at for o in out if o.type == "nudge"] == [START + 15 * 60]


def test_a_nudge_of_before_the_silence_was_noticed_is_recalled_by_what_comes_late_whatever_was_sent_since():
    town = Silent(rules(STUCK + nudge("alone", "{happens: logged_in, without: feature_used, for: 4m}")))
    town.feed("arrived_at_restaurant", 0, order_id="o")
    town.advance(15.5)
    town.freeze(16, "orders", known=14)
    town.feed("logged_in", 16)
    town.advance(25)
    town.feed("order_picked_up", 14.5, order_id="o")
    assert [(o.type, o.rule) for o in town.out if o.type.startswith("nudge")] == [("nudge", "stuck"), ("nudge", "alone"), ("nudge_recalled", "stuck")]


@pytest.mark.parametrize("rests", [False, True])
def test_a_copy_of_what_comes_late_is_applied_once(rests):
    town = Silent(rules(STUCK + nudge("twice", "{happens: order_rejected, times: 2, within: 5m}")))
    town.feed("logged_in", 0)
    town.freeze(1, "orders")
    town.feed("position", 20, lat=1.0, lon=1.0)
    town.feed("order_rejected", 10, event_id="x", order_id="o")
    if rests:
        town.corridor.make_room(0)
    for number in range(12):
        town.feed("logged_in", 21 + number)
    town.feed("order_rejected", 10, event_id="x", order_id="o")
    assert town.sent() == []


# -- at random


def decided(out):
    return sorted((o.decided_at, o.partner_id, getattr(o, "decision_id", None) or getattr(o, "transition_id", "")) for o in out if o.type != "nudge" and o.partner_id)


def run(text, line, silence=()):
    """What is decided; `silence`: (begin, end, feeds), times at which no event is."""
    corridor, out = Corridor(compile_rules(read_text(text)[0], EngineOptions(season="1"))), []
    entries = [(e.occurred_at, 1, e) for e in announced(text, line.events)]
    for begin, end, feeds in silence:
        entries += [(begin, 0, feeds), (end, 2, feeds)]
    for at, what, e in sorted(entries, key=lambda entry: entry[:2]):
        out += corridor.advance(at)
        if what == 0:
            out += corridor.freeze(dict.fromkeys(e, at), at)
        elif what == 2:
            out += corridor.thaw(e, at)
        else:
            out += corridor.announce(e) if e.type in FIGURES else corridor.feed(e)
    return [*out, *corridor.advance(line.end)]


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_a_silence_in_which_nothing_happened_changes_nothing(r):
    text, line = drawn(r)
    moments = sorted({e.occurred_at for e in line.events})
    gaps = [(a + 0.001, b - 0.001, list(FAMILIES)) for a, b in zip(moments, [*moments[1:], line.end], strict=True) if b - a > 1 and r.random() < 0.4]
    assert decided(run(text, line, gaps)) == decided(run(text, line))


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_whatever_is_frozen_while_events_come_it_goes_on(r):
    text, line = drawn(r)
    first, last = line.events[0].occurred_at, line.end
    spans = sorted(r.uniform(first, last) for _ in range(4))
    silence = [(a, b, r.sample(list(FAMILIES), r.randint(1, 4))) for a, b in zip(spans[::2], spans[1::2], strict=True)]
    ids = [o.decision_id for o in run(text, line, silence) if o.type == "decision" and o.verdict != "drop"]
    assert len(ids) == len(set(ids))


WAITS = "nudges:\n" + "".join(
    nudge(name, trigger)
    for name, trigger in {
        "stuck": "{happens: arrived_at_restaurant, without: [order_picked_up, order_cancelled], for: 3m, same: order_id}",
        "lost": "{happens: logged_in, without: order_accepted, for: 4m}",
        "twice": "{happens: order_rejected, times: 2, within: 5m, without: order_accepted, for: 2m}",
        "unread": "{happens: feature_used, without: [module_started, logged_in], for: 3m, keep_on_logout: true}",
    }.items()
)
SHOWN = ("arrived_at_restaurant", "order_picked_up", "order_cancelled", "logged_in", "logged_out", "order_accepted", "order_rejected", "feature_used", "module_started", "position")


def timeline(r, town):
    given = {"feature_used": {"feature": "x"}, "module_started": {"module": "m"}, "position": {"lat": 1.0, "lon": 1.0}}
    minutes = [second / 60 for second in sorted(r.sample(range(1, 1800), r.randint(5, 60)))]
    kinds = [r.choice(SHOWN) for _ in minutes]
    return [town.event(k, m, r.choice("ab"), order_id=r.choice("xyz")) if FAMILY[k] == "orders" else town.event(k, m, r.choice("ab"), **given.get(k, {})) for k, m in zip(kinds, minutes, strict=True)]


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.booleans())
def test_waits_end_as_if_nothing_had_been_withheld(r, withheld):
    """A feed is frozen at any moment; what it has comes in time, or all of it late; other feeds go on."""
    compiled = rules(WAITS)
    whole = Silent(compiled)
    events = timeline(r, whole)
    for e in events:
        whole.put(e)
    whole.advance(40)
    town, feed = Silent(compiled), r.choice(["orders", "app", "training"])
    begin, end = sorted(second / 60 + 0.001 for second in r.sample(range(1800), 2))
    kept = list[Any]()
    entries = [(begin * 60 + START, 0, None), (end * 60 + START, 2, None), *((e.occurred_at, 1, e) for e in events)]
    for at, what, e in sorted(entries, key=lambda entry: entry[:2]):
        town.out += town.corridor.advance(at)
        if what == 0:
            town.freeze(begin, feed)
        elif what == 2:
            for late in kept:
                town.put(late)
            town.thaw(end, feed)
        elif withheld and FAMILY[e.type] == feed and begin * 60 <= at - START <= end * 60:
            kept.append(e)
        else:
            town.put(e)
    town.advance(40)
    assert decided(town.out) == decided(whole.out)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_waits_that_go_when_their_feeds_are_heard_of_decide_the_same(r):
    compiled, heard = rules(WAITS), {}
    whole, town = Silent(compiled), Silent(compiled)
    for e in timeline(r, whole):
        whole.put(e)
        heard = {**heard, FAMILY[e.type]: e.occurred_at}
        town.put(e)
        town.corridor.silence.hear(heard)
        town.out += town.corridor.advance(e.occurred_at)
    whole.advance(40)
    town.corridor.silence.hear({})
    town.advance(40)
    assert decided(town.out) == decided(whole.out)


def test_the_withheld_cases_have_waits_in_them():
    town = Silent(rules(WAITS))
    for seed in range(30):
        for e in timeline(Random(seed), Silent(rules(WAITS))):
            town.put(e)
    assert {rule for rule, _ in town.sent()} >= {"stuck", "lost", "unread"}
