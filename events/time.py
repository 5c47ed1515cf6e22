"""Moments: seconds since the epoch, or RFC 3339 text with an offset. One definition, used by both faces of the contract."""

from __future__ import annotations

import re
from datetime import UTC, datetime

#: 2000-01-01 and 2100-01-01, UTC: an event outside is a fault of its producer (milliseconds for seconds, an unset clock).
EARLIEST, LATEST = 946_684_800.0, 4_102_444_800.0
RFC3339 = r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$"
_PATTERN = re.compile(RFC3339 + r"\Z", re.ASCII)


def seconds(moment: float | str) -> float:
    """Seconds since the epoch of a moment of either form. Raises ValueError where it is no moment between 2000 and 2100."""
    value = from_text(moment) if isinstance(moment, str) else float(moment)
    if not EARLIEST <= value < LATEST:
        raise ValueError("occurred_at lies outside of the years 2000 to 2099 (seconds since the epoch are wanted, not milliseconds)")
    return value


def from_text(text: str) -> float:
    """Seconds since the epoch of RFC 3339 text."""
    if not _PATTERN.match(text):
        raise ValueError("occurred_at is no RFC 3339 time with an offset, such as 2026-03-02T10:00:00+05:30")
    return datetime.fromisoformat(text.upper()).timestamp()


def to_text(moment: float) -> str:
    """RFC 3339 text in UTC, to the millisecond."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_the_future(occurred_at: float, now: float, allowed: float = 300.0) -> bool:
    """Whether an event claims to happen more than `allowed` seconds after `now`."""
    return occurred_at > now + allowed
