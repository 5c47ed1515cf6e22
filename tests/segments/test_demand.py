"""Low, normal or high: against a zone's own usual for the hour of the week."""

import pytest

from segments.demand import MOST_ZONES, WEEKS, Demand, gap, level

MONDAY = 1_772_409_600.0  # 2026-03-02 00:00 UTC
WEEK = 604_800.0


def weeks(demand, rates, online=10, minutes=60):
    """One hour of Monday in each of several weeks, at these rates."""
    for number, rate in enumerate(rates):
        for minute in range(minutes):
            demand.find("north", MONDAY + number * WEEK + minute * 60, round(rate * online), online)
        demand.find("north", MONDAY + number * WEEK + 7200, 0, 1)


def at(demand, week, offers, online=10):
    return demand.find("north", MONDAY + week * WEEK + 600, offers, online)


def test_before_two_weeks_nobody_knows_what_is_usual():
    demand = Demand()
    weeks(demand, [2.0])
    assert at(demand, 1, 30) == (None, None, None)


def test_after_two_weeks_it_is_their_middle():
    demand = Demand()
    weeks(demand, [2.0, 3.0])
    assert at(demand, 2, 50) == (2.5, "high", 10)


def test_one_odd_week_does_not_move_it():
    demand = Demand()
    weeks(demand, [2.0, 2.0, 20.0])
    assert at(demand, 3, 20).usual == 2.0


def test_eight_weeks_are_remembered():
    demand = Demand()
    weeks(demand, [5.0] * 4 + [1.0] * WEEKS)
    assert (at(demand, 12, 10).usual, len(demand.zones["north"].rates[96])) == (1.0, WEEKS)


def test_an_hour_of_which_little_was_seen_is_no_week():
    demand = Demand()
    weeks(demand, [2.0, 2.0], minutes=25)
    assert at(demand, 2, 30).usual is None


def test_other_hours_have_a_usual_of_their_own():
    demand = Demand()
    weeks(demand, [2.0, 3.0])
    assert demand.find("north", MONDAY + 2 * WEEK + 3 * 3600, 30, 10).usual is None


def test_what_was_counted_again_is_seen_once():
    demand = Demand()
    demand.find("north", MONDAY + 60, 10, 5)
    demand.find("north", MONDAY + 60, 10, 5)
    assert demand.zones["north"].offers == 10


@pytest.mark.parametrize(
    ("offers", "before", "now"),
    [(130, "normal", "high"), (129, "normal", "normal"), (115, "high", "high"), (114, "high", "normal"), (70, "normal", "low"), (71, "normal", "normal"), (85, "low", "low"), (86, "low", "normal"), (60, "high", "low"), (130, None, "high")],
)  # fmt: skip
def test_demand_departs_by_thirty_percent_and_comes_back_within_fifteen(offers, before, now):
    assert level(offers, 100.0, before) == now


@pytest.mark.parametrize(("offers", "expected", "now"), [(3, 1.0, "normal"), (4, 1.0, "high"), (0, 2.9, "normal"), (0, 3.0, "low"), (3, 0.0, "high")])
def test_less_than_three_offers_are_chance(offers, expected, now):
    assert level(offers, expected, "normal") == now


@pytest.mark.parametrize(("offers", "online", "usual", "found"), [(30, 10, 2.0, 5), (10, 10, 2.0, 0), (31, 0, 2.0, 15), (5, 5, None, None), (5, 5, 0.0, None)])
def test_a_zone_lacks_as_many_as_would_make_it_usual(offers, online, usual, found):
    assert gap(offers, online, usual) == found


def test_what_is_kept_of_a_zone_is_all_that_is_known():
    demand, again = Demand(), Demand()
    weeks(demand, [2.0, 3.0])
    again.restore("north", demand.dump("north"))
    assert again.zones == demand.zones
    again.restore("north", None)
    assert again.zones == {}


def test_the_zone_not_seen_for_the_longest_time_makes_room():
    demand = Demand()
    for number in range(MOST_ZONES + 1):
        demand.find(f"z{number}", MONDAY, 1, 1)
    assert (len(demand.zones), "z0" in demand.zones, "z1" in demand.zones) == (MOST_ZONES, False, True)
