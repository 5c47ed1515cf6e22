from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.city.demand import LocalClock
from simulator.city.ground import HOTSPOTS
from simulator.city.guard import Guard
from tests.simulator.city.checker import low_ratings, rejections, struggles
from tests.simulator.city.conftest import MONDAY, draw

GAPS = st.floats(1, 2400)
PROFILE = {"type": "profile_updated", "occurred_at": MONDAY, "event_id": "e", "time_zone": "Asia/Kolkata", "joined_on": "2026-02-25"}


def event(kind, at, **fields):
    return {"type": kind, "occurred_at": at, "event_id": f"{kind} {at}", **fields}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(GAPS, st.booleans()), max_size=40))
def test_no_offers_that_the_guard_lets_a_new_partner_decline_look_like_a_struggle(decisions):
    guard, at, events = Guard(new=True), MONDAY, [PROFILE, event("logged_in", MONDAY)]
    for gap, wants in decisions:
        at += gap
        accepted = wants or not guard.may_decline(at)
        guard.decide(at, accepted=accepted)
        events.append(event("order_accepted" if accepted else "offer_expired", at))
    assert struggles(events, at + 10_000) == []


@settings(max_examples=150, deadline=None)
@given(st.lists(GAPS, max_size=40))
def test_no_rejections_that_the_guard_lets_through_are_three_near_a_hotspot(gaps):
    guard, at, events = Guard(new=False), MONDAY, []
    for gap in gaps:
        at += gap
        events.append(event("position", at - 0.5, lat=HOTSPOTS[0].lat, lon=HOTSPOTS[0].lon))
        if guard.may_reject(at, HOTSPOTS[0]):
            guard.reject(at, HOTSPOTS[0])
            events.append(event("order_rejected", at))
    assert rejections(events) == []


@given(st.lists(st.integers(1, 5)))
def test_no_ratings_that_the_guard_lets_through_are_two_low_ones_in_a_row(stars):
    guard, events = Guard(new=False), []
    for number, star in enumerate(stars):
        given_stars = star if star > 2 or guard.may_rate_low() else 5
        guard.rate(given_stars)
        events.append(event("rating_received", MONDAY + number, stars=given_stars))
    assert low_ratings(events) == []


def test_who_is_not_new_may_decline_as_often_as_they_like():
    guard = Guard(new=False)
    for second in range(50):
        assert guard.may_decline(MONDAY + second)
        guard.decide(MONDAY + second, accepted=False)


def test_a_second_cancellation_of_ones_own_waits_for_another_day():
    guard = Guard(new=False)
    guard.cancel(MONDAY)
    assert not guard.may_cancel(MONDAY + 24 * 3600)
    assert guard.may_cancel(MONDAY + 26 * 3600)


def test_without_the_guards_care_chance_lets_new_partners_struggle(monkeypatch):
    monkeypatch.setattr(Guard, "may_decline", lambda *_: True)
    drawn = draw(120, hour=11, hours=4, share=0)
    assert any(struggles(events, drawn.city.end) for events in drawn.by_partner.values())


def test_without_the_guards_care_chance_brings_two_low_ratings_in_a_row(monkeypatch):
    monkeypatch.setattr(Guard, "may_rate_low", lambda *_: True)
    drawn = draw(120, hour=11, hours=8, share=0)
    assert any(map(low_ratings, drawn.by_partner.values()))


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/Berlin", "America/St_Johns"])
def test_the_citys_clock_shows_what_the_time_zone_says(zone):
    clock, rng = LocalClock(zone), Random(1)
    for _ in range(300):
        at = MONDAY + rng.uniform(0, 365 * 86400)
        local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
        assert clock.seconds(at) == pytest.approx(local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6, abs=0.001)
        assert clock.midnight(clock.day(at)) == local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
