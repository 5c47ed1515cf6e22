"""The partner's wall clock, across the nights in which it jumps. Berlin 2026: forward on 29 March at 01:00 UTC, back on 25 October at 01:00 UTC."""

from datetime import UTC, datetime
from math import inf

from segments.clock import clock_jump, day_of, next_time_of_day
from segments.state import PartnerState


def berlin():
    state = PartnerState("p")
    state.profile["time_zone"] = "Europe/Berlin"
    return state


def utc(month, day, hour, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp()


def hours(value):
    return value * 3600.0


def test_a_time_of_day_comes_once_a_day():
    assert next_time_of_day(berlin(), utc(3, 2, 8), hours(10)) == utc(3, 2, 9)
    assert next_time_of_day(berlin(), utc(3, 2, 9), hours(10)) == utc(3, 3, 9)


def test_a_time_that_the_clock_jumps_over_comes_with_the_jump():
    assert next_time_of_day(berlin(), utc(3, 28, 23), hours(2.5)) == utc(3, 29, 1)
    assert next_time_of_day(berlin(), utc(3, 29, 1), hours(2.5)) == utc(3, 30, 0, 30)


def test_a_time_that_the_clock_shows_twice_comes_twice():
    assert next_time_of_day(berlin(), utc(10, 25, 0), hours(2.5)) == utc(10, 25, 0, 30)
    assert next_time_of_day(berlin(), utc(10, 25, 0, 30), hours(2.5)) == utc(10, 25, 1, 30)


def test_the_jump_itself_is_known_on_its_day_alone():
    assert clock_jump(berlin(), utc(3, 29, 0)) == utc(3, 29, 1)
    assert clock_jump(berlin(), utc(3, 29, 1)) == inf
    assert clock_jump(berlin(), utc(3, 30, 0)) == inf


def test_where_midnight_comes_twice_the_day_begins_with_the_first_whenever_it_is_asked_for():
    """Havana, 1 November 2026: at 05:00 UTC one o'clock becomes midnight again."""
    first, second = utc(11, 1, 4), utc(11, 1, 5)
    assert day_of("America/Havana", second + 600)[0] == first
    assert day_of("America/Havana", first + 600)[0] == first
