"""Literals with units: `45m` `30d` `1km` `17:30` `60%` `40 INR`. A bare `m` is minutes; distances are km."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

MINUTE, HOUR, DAY, WEEK = 60.0, 3600.0, 86400.0, 604800.0
CENTURY = 36_525 * DAY
SECONDS = {"s": 1.0, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)\Z")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\Z")
_RATE = re.compile(r"(\d{1,9}) per (\S+)\Z")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%\Z")


class Unit(StrEnum):
    """What a value measures; values of different units never compare."""

    NUMBER = "number"
    RATIO = "ratio"
    DURATION = "duration"
    DISTANCE = "distance"
    MONEY = "money"
    CLOCK = "time of day"
    TEXT = "text"
    BOOL = "true/false"


def duration(text: str) -> float | None:
    """Seconds of `90s`, `45m`, `2h`, `30d`, `2w`; None when it is no duration, or over a century."""
    if (m := _DURATION.match(text.strip())) is None:
        return None
    seconds = float(m[1]) * SECONDS[m[2]]
    return seconds if seconds <= CENTURY else None


def clock(text: str) -> float | None:
    """Seconds after midnight of `HH:MM` (`24:00` is the end of the day); None when it is none."""
    if (m := _CLOCK.match(text.strip())) is None:
        return None
    seconds = int(m[1]) * HOUR + int(m[2]) * MINUTE
    return seconds if seconds <= DAY else None


def clock_range(text: str) -> tuple[float, float] | None:
    """`22:30-06:30` as two times of day in seconds; the second may be the earlier one (over midnight). None too where nothing is between them: a whole
    day is `00:00-24:00`."""
    first, dash, last = text.partition("-")
    if not dash or (start := clock(first)) is None or (end := clock(last)) is None:
        return None
    return (start, end) if start % DAY != end % DAY or start < end else None


def rate(text: str) -> tuple[int, float] | None:
    """`2 per 7d` as (2, seconds); None when it is none, or would allow nothing at all."""
    if (m := _RATE.match(text.strip())) is None or not int(m[1]) or not (span := duration(m[2])):
        return None
    return int(m[1]), span


def whole(text: str, low: int, high: int) -> int | None:
    """`20` as a whole number from `low` to `high`; None when it is none. Python refuses to read thousands of digits."""
    return int(text) if len(text) <= 18 and text.isascii() and text.isdigit() and low <= int(text) <= high else None


def day(text: str) -> str | None:
    """`2027-01-31` as it is; None when there is no such day."""
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else None
    except ValueError:
        return None


def percent(text: str) -> float | None:
    """`60%` as 0.6, correctly rounded; None when it is none."""
    if (m := _SHARE.match(text.strip())) is None:
        return None
    return float(f"{m[1]}e-2")


def spell(seconds: float) -> str:
    """The shortest exact spelling of a duration: 900.0 is `15m`."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def told(seconds: float) -> str:
    """A time for people, in its parts: 5000.0 is `1h 23m 20s`."""
    if seconds < MINUTE:
        return f"{seconds:g}s"
    parts, rest = [], seconds
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        count, rest = divmod(rest, size)
        parts += [f"{count:g}{unit}"] if count else []
    return " ".join([*parts, *([f"{rest:.6g}s"] if rest else [])])


def counted(count: int, what: str) -> str:
    """A count with its noun: `1 nudge`, `2,000 nudges`."""
    return f"{count:,} {what}{'s' * (count != 1)}"
