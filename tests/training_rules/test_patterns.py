"""Patterns match relaxed, earliest first, and consume their events."""

from tests.training_rules.town import Town, nudge, rules

THREE = "nudges:\n" + nudge(trigger="{happens: order_rejected, times: 3, within: 20m}")
ROW = "nudges:\n" + nudge(trigger="{happens: rating_received, where: stars <= 2, times: 2, in_a_row: true}")
WAIT = "nudges:\n" + nudge(trigger="{happens: arrived_at_restaurant, without: [order_picked_up], for: 15m, same: order_id}")
PAIR = "nudges:\n" + nudge(
    trigger='{sequence: [{happens: order_accepted}, {happens: order_cancelled, where: by == "partner"}], same: order_id, within: 10m}'
)


def run(text, *lines, until=None):
    town = Town(rules(text))
    for kind, minute, *more in lines:
        town.feed(kind, minute, **(more[0] if more else {}))
    if until is not None:
        town.advance(until)
    return town


def test_three_within_the_window_match_at_the_third():
    assert run(THREE, *[("order_rejected", m) for m in (0, 5, 19.9)]).sent() == [("n", 19.9)]


def test_the_window_is_half_open():
    assert run(THREE, *[("order_rejected", m) for m in (0, 5, 20)]).sent() == []


def test_a_match_consumes_its_events():
    assert run(THREE, *[("order_rejected", m) for m in (0, 1, 2, 3, 4, 5, 6)]).sent() == [("n", 2), ("n", 5)]


def test_a_late_event_completes_a_match_which_is_decided_now():
    town = run(THREE, ("order_rejected", 0), ("order_rejected", 10), ("position", 11, {"lat": 1.0, "lon": 1.0}), ("order_rejected", 9.5))
    assert town.sent() == [("n", 11)]


def test_a_good_one_in_between_breaks_the_row():
    assert run(ROW, *[("rating_received", m, {"stars": s}) for m, s in ((0, 2), (1, 5), (2, 1), (3, 2))]).sent() == [("n", 3)]


def test_a_late_good_one_breaks_the_row_too():
    town = run(ROW, ("rating_received", 0, {"stars": 2}), ("position", 2, {"lat": 1.0, "lon": 1.0}), ("rating_received", 1, {"stars": 5}))
    town.feed("rating_received", 3, stars=1)
    assert town.sent() == []


def test_silence_fires_at_its_deadline_for_its_own_order():
    town = run(WAIT, ("arrived_at_restaurant", 1, {"order_id": "a"}), ("arrived_at_restaurant", 2, {"order_id": "b"}), ("order_picked_up", 9, {"order_id": "b"}), until=60)
    assert town.sent() == [("n", 16)]


def test_an_end_that_comes_late_but_before_the_deadline_cancels_the_wait():
    town = run(WAIT, ("arrived_at_restaurant", 0, {"order_id": "a"}), ("position", 14, {"lat": 1.0, "lon": 1.0}), ("order_picked_up", 13, {"order_id": "a"}), until=60)
    assert town.sent() == []


def test_a_late_start_whose_end_is_known_opens_no_wait():
    town = run(WAIT, ("order_picked_up", 5, {"order_id": "a"}), ("arrived_at_restaurant", 4, {"order_id": "a"}), until=60)
    assert town.sent() == []


def test_a_wait_ends_at_logout():
    assert run(WAIT, ("arrived_at_restaurant", 0, {"order_id": "a"}), ("logged_out", 5), until=60).sent() == []


def test_the_deadline_comes_before_an_event_of_the_same_moment():
    assert run(WAIT, ("arrived_at_restaurant", 0, {"order_id": "a"}), ("order_picked_up", 15, {"order_id": "a"})).sent() == [("n", 15)]


def test_the_oldest_of_more_than_eight_open_waits_is_dropped_and_counted():
    town = run(WAIT, *[("arrived_at_restaurant", m, {"order_id": str(m)}) for m in range(9)], until=60)
    assert [at for _, at in town.sent()] == [16, 17, 18, 19, 20, 21, 22, 23]
    assert town.corridor.partners["p"].dropped == 1


def test_a_sequence_needs_its_steps_in_order_for_the_same_key():
    town = run(PAIR, ("order_accepted", 0, {"order_id": "a"}), ("order_cancelled", 1, {"order_id": "b", "by": "partner"}), ("order_cancelled", 5, {"order_id": "a", "by": "partner"}))
    assert town.sent() == [("n", 5)]


def test_a_pattern_is_an_event_of_its_own():
    pattern = "patterns:\n  quick: {sequence: [{happens: order_accepted}, {happens: order_cancelled}], same: order_id, within: 10m}\nnudges:\n"
    town = Town(rules(pattern + nudge(trigger="{happens: quick, times: 2, within: 24h}")))
    for n in range(2):
        town.feed("order_accepted", n * 20, order_id=str(n))
        town.feed("order_cancelled", n * 20 + 1, order_id=str(n))
    assert town.sent() == [("n", 21)]


SEQUENCE = "nudges:\n" + nudge(trigger="{sequence: [{happens: order_offered}, {happens: order_rejected}], within: 10m, without: logged_out}")


def test_a_late_first_step_is_followed_by_the_step_that_came_before_it():
    town = run(SEQUENCE, ("order_rejected", 5), ("order_offered", 4))
    assert town.sent() == [("n", 5)]
    assert [o.evidence["events"] for o in town.out if o.type == "decision"] == [["e2", "e1"]]


def test_a_late_first_step_does_not_reach_over_an_end():
    assert run(SEQUENCE, ("logged_out", 4.5), ("order_rejected", 5), ("order_offered", 4)).sent() == []


def test_a_late_start_does_not_wait_past_a_logout():
    late = ("arrived_at_restaurant", 0, {"order_id": "o"})
    assert run(WAIT, ("logged_out", 1), late, until=60).sent() == []


def test_a_start_waits_where_an_end_of_the_same_second_came_first():
    at_once = ("order_picked_up", 1, {"order_id": "o"}), ("arrived_at_restaurant", 1, {"order_id": "o"})
    assert run(WAIT, *at_once, until=60).sent() == [("n", 16)]


def test_of_events_of_one_time_the_one_that_came_first_is_the_first():
    town = run(THREE, *[("order_rejected", 0, {"event_id": name}) for name in "cab"])
    assert [o.evidence["events"] for o in town.out if o.type == "decision"] == [["c", "a", "b"]]


def test_a_field_with_several_words_counts_for_each_of_them():
    text = "nudges:\n" + nudge(trigger="{happens: rating_received, times: 2, within: 14d, same: tags}")
    tagged = [("rating_received", m, {"order_id": f"o{m}", "stars": 2, "tags": tags}) for m, tags in enumerate((["late", "cold"], None, ["rude"], ["cold"]))]
    assert run(text, *tagged).sent() == [("n", 3)]


def test_a_row_of_a_number_is_broken_by_that_number_alone_also_by_nothing():
    of_score = "nudges:\n" + nudge(trigger="{happens: module_completed, where: 'module == \"m\"', times: 2, in_a_row: true, same: score}")
    assert run(of_score, *[("module_completed", minute, {"module": name, "score": score}) for minute, name, score in ((1, "m", 50.0), (2, "x", 0.0), (10, "m", 50.0))]).sent() == [("n", 10)]
