"""The checker that the city is held to is itself held to the wording of the rules, case by case."""

import pytest

from tests.simulator.city.checker import low_ratings, rejections, struggles, stuck

KORAMANGALA = {"lat": 12.9360, "lon": 77.6250}
ELSEWHERE = {"lat": 12.9600, "lon": 77.6000}
FOREVER = 10_000.0


def timeline(*steps, joined_on="1970-01-01"):
    """Events from (minute, type, fields); the epoch is their midnight, and the partner's first day."""
    profile = {"type": "profile_updated", "occurred_at": -1.0, "event_id": "p", "time_zone": "UTC", "joined_on": joined_on}
    told = [
        {"type": kind, "occurred_at": minute * 60.0, "event_id": f"e{number}", **fields}
        for number, (minute, kind, fields) in enumerate(steps)
    ]
    return [profile, *told]


def near(*minutes):
    steps = [
        (minute - at, kind, KORAMANGALA if at else {}) for minute in minutes for at, kind in ((0.1, "position"), (0, "order_rejected"))
    ]
    return timeline(*steps)


def decided(*kinds, **profile):
    return timeline((0, "logged_in", {}), *((minute, kind, {}) for minute, kind in enumerate(kinds, 1)), **profile)


def test_five_minutes_of_low_acceptance_are_a_struggle():
    assert [at for at, _ in struggles(decided(*["offer_expired"] * 10), FOREVER)] == [600.0]


def test_four_offers_are_too_few_to_judge():
    assert struggles(decided(*["offer_expired"] * 4), FOREVER) == []


def test_three_of_five_taken_are_enough():
    assert struggles(decided(*["order_rejected"] * 2, *["order_accepted"] * 3), FOREVER) == []


def test_better_acceptance_within_the_five_minutes_ends_it():
    assert struggles(decided(*["offer_expired"] * 3, *["order_accepted"] * 6), FOREVER) == []


def test_who_logs_out_within_the_five_minutes_does_not_struggle():
    events = decided(*["offer_expired"] * 5) + timeline((7, "logged_out", {}))[1:]
    assert struggles(events, FOREVER) == []


def test_who_has_been_with_us_for_thirty_days_does_not_struggle():
    assert struggles(decided(*["offer_expired"] * 10, joined_on="1969-12-02"), FOREVER) == []


def test_a_member_who_does_better_for_a_while_can_struggle_again():
    kinds = ["offer_expired"] * 6 + ["order_accepted"] * 40 + ["offer_expired"] * 60
    assert len(struggles(decided(*kinds), FOREVER)) == 2


def test_three_rejections_near_a_hotspot_are_one_match():
    assert [at for at, _ in rejections(near(1, 10, 20))] == [1200.0]


def test_the_third_rejection_twenty_minutes_after_the_first_does_not_count():
    assert rejections(near(1, 10, 21)) == []


def test_a_match_uses_up_its_rejections():
    assert len(rejections(near(1, 2, 3, 4, 5))) == 1


def test_rejections_far_from_a_hotspot_do_not_count():
    steps = [(0, "position", ELSEWHERE), *((minute, "order_rejected", {}) for minute in (1, 2, 3))]
    assert rejections(timeline(*steps)) == []


def test_a_fix_of_over_five_minutes_does_not_count():
    steps = [(0, "position", KORAMANGALA), *((minute, "order_rejected", {}) for minute in (1, 3, 5.1))]
    assert rejections(timeline(*steps)) == []


@pytest.mark.parametrize(
    ("kind", "minute", "found"),
    [("order_picked_up", 15.9, []), ("order_picked_up", 16.1, [960.0]), ("order_cancelled", 2, []), ("logged_out", 9, [])],
)
def test_a_wait_of_fifteen_minutes_is_one_without_pickup_cancellation_or_logout(kind, minute, found):
    events = timeline((1, "arrived_at_restaurant", {"order_id": "a"}), (minute, kind, {"order_id": "a"}))
    assert [at for at, _ in stuck(events, FOREVER)] == found


def test_the_pickup_of_another_order_does_not_end_a_wait():
    events = timeline((1, "arrived_at_restaurant", {"order_id": "a"}), (9, "order_picked_up", {"order_id": "b"}))
    assert [at for at, _ in stuck(events, FOREVER)] == [960.0]


@pytest.mark.parametrize(("stars", "found"), [((2, 1), 1), ((2, 3, 1), 0), ((1, 1, 1), 1), ((1, 2, 2, 1), 2)])
def test_two_low_ratings_count_when_they_follow_each_other(stars, found):
    events = timeline(*((minute, "rating_received", {"stars": star}) for minute, star in enumerate(stars)))
    assert len(low_ratings(events)) == found
