"""What is open of a trigger, with its evidence, and when it is due."""

import pytest

from tests.training_rules.town import START, Town, nudge, rules
from training_rules.progress import episodes, moving, opened, queued, timers


def open_of(trigger, *events, minute=10, patterns="", **keys):
    """What is open of a rule after events `(name, minute, fields)`; times in minutes."""
    compiled = rules(patterns + "nudges:\n" + nudge(trigger=trigger, **keys))
    town = Town(compiled)
    for kind, at, fields in events:
        town.feed(kind, at, **fields)
    town.advance(minute)
    state = town.corridor.partners.look("p")
    return [(o.kind, minutes(o.since), minutes(o.due), minutes(o.until), o.have, o.need, o.key, o.events) for o in opened(compiled.ruleset.nudges["n"], state, START + minute * 60, compiled)]


def minutes(moment):
    return None if moment is None else (moment - START) / 60


@pytest.mark.parametrize(("trigger", "events", "expected"), [
    ("{happens: order_rejected, times: 3, within: 20m}", [("order_rejected", 1, {}), ("order_rejected", 4, {})], ("count", 1, None, 21, 2, 3, "", ("e1", "e2"))),
    ("{happens: order_rejected, times: 3, within: 5m}", [("order_rejected", 1, {}), ("order_rejected", 9, {})], ("count", 9, None, 14, 1, 3, "", ("e2",))),
    ("{happens: rating_received, where: stars < 3, times: 2, in_a_row: true}", [("rating_received", 1, {"stars": 1})], ("count", 1, None, None, 1, 2, "", ("e1",))),
    ("{happens: order_accepted, without: order_picked_up, for: 30m, same: order_id}", [("order_accepted", 2, {"order_id": "a"})],
     ("wait", 2, 32, None, 0, 0, "a", ("e1",))),
    ("{sequence: [{happens: order_accepted}, {happens: order_cancelled}], within: 15m, same: order_id}", [("order_accepted", 2, {"order_id": "a"})],
     ("sequence", 2, None, 17, 1, 2, "a", ("e1",))),
    ("{sequence: [{happens: order_accepted}, {happens: order_picked_up}, {happens: order_cancelled}], within: 15m}",
     [("order_accepted", 2, {}), ("order_picked_up", 3, {})], ("sequence", 2, None, 17, 2, 3, "", ("e1", "e2"))),
    ("{holds: online, for: 30m}", [("logged_in", 2, {})], ("holds", 2, 32, None, 0, 0, "", ("e1",))),
])  # fmt: skip
def test_what_has_begun_is_shown_with_its_evidence(trigger, events, expected):
    assert open_of(trigger, *events) == [expected]


@pytest.mark.parametrize("trigger", [
    "{happens: order_rejected}", "{happens: order_rejected, times: 3, within: 20m}", "{happens: order_accepted, without: order_picked_up, for: 30m}",
    "{sequence: [{happens: order_accepted}, {happens: order_cancelled}], within: 15m}", "{holds: on_order, for: 30m}",
])  # fmt: skip
def test_where_nothing_has_begun_nothing_is_open(trigger):
    assert open_of(trigger, ("logged_in", 1, {})) == []


def test_a_row_that_was_broken_is_not_open():
    low, high = ("rating_received", 1, {"stars": 1}), ("rating_received", 2, {"stars": 5})
    assert open_of("{happens: rating_received, where: stars < 3, times: 2, in_a_row: true}", low, high) == []


def test_a_stretch_that_has_fired_is_not_due_again():
    [(kind, since, due, *_)] = open_of("{holds: online, for: 5m}", ("logged_in", 2, {}))
    assert (kind, since, due) == ("holds", 2, None)


def town_with(text, *events, minute=10):
    compiled = rules(text)
    town = Town(compiled)
    for kind, at in events:
        town.feed(kind, at)
    town.advance(minute)
    return compiled, town.corridor.partners.look("p")


def test_who_is_on_the_way_into_a_segment_is_shown_with_the_time_that_is_left():
    compiled, state = town_with("segments:\n  s: {enter: {when: online, for: 15m}}\n", ("logged_in", 2))
    way = moving(compiled.ruleset.segments["s"], state.slots[compiled.segments[0].slot])
    assert (minutes(way.since), minutes(way.due)) == (2, 17)


def test_an_episode_is_open_until_its_time_is_over():
    compiled, state = town_with("nudges:\n" + nudge(clears="{when: on_order, within: 1h}"), ("order_rejected", 3))
    [episode] = episodes(compiled.rules[0], state)
    assert (minutes(episode.since), minutes(episode.due)) == (3, 63)


def test_what_waits_for_the_end_of_quiet_hours_is_in_the_queue():
    compiled, state = town_with("policy: {quiet_hours: '09:00-11:00', during_quiet: queue_latest}\nnudges:\n" + nudge(), ("order_rejected", 3))
    [(name, waiting)] = queued(state, compiled)
    assert (name, minutes(waiting.since), minutes(waiting.due), waiting.events) == ("n", 3, 60, ("e1",))


@pytest.mark.parametrize(("before", "until"), [(("order_accepted", 1), "drop-off"), (("position", 2.5), "the partner stands still")])
def test_what_may_not_be_shown_now_says_what_it_waits_for(before, until):
    compiled = rules("policy: {never_while: riding}\nnudges:\n" + nudge(valid_for="1h"))
    town = Town(compiled)
    town.feed(*before, **({"lat": 1.0, "lon": 1.0, "speed": 9.0} if before[0] == "position" else {}))
    town.feed("order_rejected", 3)
    [(name, waiting)] = queued(town.corridor.partners.look("p"), compiled)
    assert (name, waiting.what, minutes(waiting.since), minutes(waiting.until), waiting.events) == ("n", f"waits until {until}", 3, 63, ("e2",))


def test_timers_come_soonest_first():
    text = "segments:\n  s: {enter: {when: online, for: 15m}}\nnudges:\n" + nudge(trigger="{holds: online, for: 12m}")
    compiled, state = town_with(text, ("logged_in", 2))
    assert [(kind, name, minutes(due)) for kind, name, due in timers(state, compiled)] == [("holds", "n", 14), ("segment", "s", 17)]
