"""The partner's local time, across daylight saving. Every function takes the moment (s since the epoch) as an argument."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from segments.state import PartnerState

DEFAULT_ZONE = "UTC"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@lru_cache(maxsize=1024)
def zone_info(name: str) -> tzinfo:
    """The time zone of an IANA name; UTC for one that is not known (the contract refuses those at the door)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)


def local(state: PartnerState, now: float) -> datetime:
    return datetime.fromtimestamp(now, zone_info(state.profile.get("time_zone") or DEFAULT_ZONE))


def time_of_day(state: PartnerState, now: float) -> float:
    """Seconds on the wall clock since midnight, 0 to 86400."""
    at = local(state, now)
    return at.hour * 3600.0 + at.minute * 60.0 + at.second + at.microsecond / 1e6


def weekday(state: PartnerState, now: float) -> str:
    return DAYS[local(state, now).weekday()]


def next_time_of_day(state: PartnerState, now: float, seconds: float) -> float:
    """The next moment after `now` at which the partner's wall clock shows `seconds` after midnight (past a gap of daylight saving, the first moment after it)."""
    today = local(state, now).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in range(3):
        day = (today + timedelta(days=days)).replace(tzinfo=None)
        at = (day + timedelta(seconds=seconds)).replace(tzinfo=today.tzinfo).timestamp()
        if at > now:
            return at
    raise AssertionError("three days hold every time of day")


def day_start(state: PartnerState, now: float) -> float:
    """Midnight before `now` where the partner is; kept in the state, since it moves once a day."""
    if not state.day_start <= now < state.day_end:
        midnight = local(state, now).replace(hour=0, minute=0, second=0, microsecond=0)
        state.day_start = midnight.timestamp()
        tomorrow = midnight.replace(tzinfo=None) + timedelta(days=1)
        state.day_end = tomorrow.replace(tzinfo=midnight.tzinfo).timestamp()
    return state.day_start


def day_end(state: PartnerState, now: float) -> float:
    day_start(state, now)
    return state.day_end


def within_hours(state: PartnerState, now: float, hours: tuple[float, float]) -> bool:
    """Whether the partner's wall clock is in the half-open range, which may cross midnight."""
    at, (start, end) = time_of_day(state, now), hours
    return start <= at < end if start <= end else at >= start or at < end
