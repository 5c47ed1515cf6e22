from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from simulator.city.ground import HOTSPOTS, ZONES, Spot, around, metres, zone_name, zone_of
from simulator.city.rides import FASTEST, Ride, recorded
from tests.simulator.city.checker import kilometres

FASTEST_PLAUSIBLE = 15.0


def fixes(events):
    """Pairs of fixes between which nothing but work lies: no log-out."""
    told = [event for event in events if event["type"] in ("position", "logged_out")]
    return [(a, b) for a, b in pairwise(told) if a["type"] == b["type"] == "position"]


def speed_between(a, b):
    return 1000 * kilometres(a["lat"], a["lon"], b["lat"], b["lon"]) / (b["occurred_at"] - a["occurred_at"])


def test_nobody_moves_faster_than_a_scooter_can(day):
    assert (
        max(speed_between(a, b) for events in day.by_partner.values() for a, b in fixes(events) if b["occurred_at"] - a["occurred_at"] > 5)
        < FASTEST_PLAUSIBLE
    )


def test_no_fix_says_more_than_a_scooter_can(day):
    assert max(event["speed"] for event in day.events if event["type"] == "position") <= FASTEST


def test_who_is_online_says_where_they_are_once_a_minute(day):
    assert max(b["occurred_at"] - a["occurred_at"] for events in day.by_partner.values() for a, b in fixes(events)) < 60


def test_the_speed_is_nought_while_waiting_at_a_restaurant(day):
    for events in day.by_partner.values():
        waiting = False
        for event in events:
            waiting = event["type"] == "arrived_at_restaurant" or (waiting and event["type"] not in ("order_picked_up", "order_cancelled"))
            assert not (waiting and event["type"] == "position" and event["speed"])


def test_there_is_movement_between_restaurant_and_customer(day):
    for events in list(day.by_partner.values())[:50]:
        riding = False
        speeds = []
        for event in events:
            riding = event["type"] == "order_picked_up" or (riding and event["type"] != "arrived_at_customer")
            if riding and event["type"] == "position":
                speeds.append(event["speed"])
        assert not speeds or max(speeds) > 3


def test_fixes_bear_the_zone_they_lie_in(day):
    positions = [event for event in day.events if event["type"] == "position"][::97]
    right = Counter(zone_of(Spot(event["lat"], event["lon"])).name == event["zone"] for event in positions)
    assert right[True] > 0.97 * len(positions)


@pytest.mark.parametrize("seed", range(20))
def test_a_ride_begins_and_ends_where_it_should(seed):
    rng = Random(seed)
    start, goal = around(rng, HOTSPOTS[0], 3000), around(rng, HOTSPOTS[1], 3000)
    ride = Ride(rng, start, goal, 6.0)
    assert metres(start, Spot(*ride.at(0)[:2])) < 1
    assert metres(goal, Spot(*ride.at(ride.duration)[:2])) < 1


@pytest.mark.parametrize("seed", range(20))
def test_a_ride_says_the_speed_and_the_heading_it_has(seed):
    rng = Random(seed)
    ride = Ride(rng, around(rng, HOTSPOTS[0], 3000), around(rng, HOTSPOTS[1], 3000), 7.5)
    for second in range(0, int(ride.duration) - 1, 7):
        here, next_moment = ride.at(second), ride.at(second + 0.001)
        if here.speed == next_moment.speed > 1:
            moved = metres(Spot(*here[:2]), Spot(*next_moment[:2])) / 0.001
            assert moved == pytest.approx(here.speed, rel=0.01)
            to_north = (next_moment.lat - here.lat) * 111_195 / (here.speed * 0.001)
            assert (here.heading < 90 or here.heading > 270) == (to_north > 0) or abs(to_north) < 0.02


def test_no_recorded_piece_makes_a_detour_of_over_six_tenths():
    assert max(piece.length for piece in recorded()) <= 1.6


def test_there_are_hundreds_of_pieces_to_ride():
    assert len(recorded()) > 200


def test_a_ride_to_where_one_is_takes_a_second():
    ride = Ride(Random(1), HOTSPOTS[0], HOTSPOTS[0], 6.0)
    assert (ride.duration, ride.metres) == (1.0, 0.0)


@pytest.mark.parametrize("zone", ZONES)
def test_the_plane_is_as_good_as_the_sphere_over_the_city(zone):
    for other in ZONES:
        far = 1000 * kilometres(*zone.centre, *other.centre)
        assert metres(zone.centre, other.centre) == pytest.approx(far, rel=0.002, abs=1)


@pytest.mark.parametrize("zone", ZONES)
def test_a_zones_centre_lies_in_it(zone):
    assert zone_name(*zone.centre) == zone.name
