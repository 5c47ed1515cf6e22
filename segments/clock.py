"""The partner's local time, across daylight saving. Every function takes the moment (s since the epoch) as an argument."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from math import inf
from zoneinfo import ZoneInfo

from segments.state import PartnerState

DEFAULT_ZONE, DAY = "UTC", 86400.0
_TICK = 1e-6  # s: what `datetime` tells apart
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
    """The next moment after `now` at which the partner's wall clock shows `seconds` after midnight, or jumps over them as daylight saving begins."""
    today = local(state, now).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in range(3):
        shown = today.replace(tzinfo=None) + timedelta(days=days, seconds=seconds)
        for fold in (0, 1):
            at = shown.replace(tzinfo=today.tzinfo, fold=fold).timestamp()
            if at > now and datetime.fromtimestamp(at, today.tzinfo).replace(tzinfo=None) != shown:
                at = _jump(shown.replace(tzinfo=today.tzinfo, fold=1), shown.replace(tzinfo=today.tzinfo, fold=0))
            if at > now:
                return at
    raise AssertionError("three days hold every time of day")


def turns_at(state: PartnerState, now: float, seconds: float) -> float:
    """When a comparison of the partner's wall clock with a time of day may turn next: as it is shown, and right after."""
    return now + _TICK if time_of_day(state, now) == seconds else next_time_of_day(state, now, seconds)


def clock_jump(state: PartnerState, now: float) -> float:
    """When daylight saving begins or ends today, if that is still to come; else inf."""
    start, end = day_start(state, now), day_end(state, now)
    if end - start == DAY:
        return inf
    zone = zone_info(state.profile.get("time_zone") or DEFAULT_ZONE)
    at = _jump(datetime.fromtimestamp(start, zone), datetime.fromtimestamp(end, zone))
    return at if at > now else inf


def _jump(before: datetime, after: datetime) -> float:
    """The moment (s, to the second) between two at which the offset from UTC changes."""
    zone, low, high = before.tzinfo, int(before.timestamp()), int(after.timestamp())
    offset = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if datetime.fromtimestamp(middle, zone).utcoffset() == offset else (low, middle)
    return float(high)


def day_start(state: PartnerState, now: float) -> float:
    """Midnight before `now` where the partner is; kept in the state, since it moves once a day."""
    if not state.day_start <= now < state.day_end:
        state.day_start, state.day_end = day_of(state.profile.get("time_zone") or DEFAULT_ZONE, now)
    return state.day_start


def day_of(time_zone: str, now: float) -> tuple[float, float]:
    """The midnights before and after `now` in a time zone. Those last asked for are kept: partners of one zone have the same, and ask one after the other."""
    kept = _latest.get(time_zone)
    if kept is not None and kept[0] <= now < kept[1]:
        return kept
    midnight = datetime.fromtimestamp(now, zone_info(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)  # where it comes twice, the first
    tomorrow = midnight.replace(tzinfo=None) + timedelta(days=1)
    found = _latest[time_zone] = midnight.timestamp(), tomorrow.replace(tzinfo=midnight.tzinfo).timestamp()
    return found


_latest: dict[str, tuple[float, float]] = {}


def day_end(state: PartnerState, now: float) -> float:
    day_start(state, now)
    return state.day_end


def is_over(state: PartnerState, now: float, last: date) -> bool:
    """Whether the day `last` is over where the partner is."""
    return local(state, now).date() > last


def within_hours(state: PartnerState, now: float, hours: tuple[float, float]) -> bool:
    """Whether the partner's wall clock is in the half-open range, which may cross midnight."""
    at, (start, end) = time_of_day(state, now), hours
    return start <= at < end if start <= end else at >= start or at < end
