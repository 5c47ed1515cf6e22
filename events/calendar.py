"""Days and time zones that exist."""

from __future__ import annotations

from datetime import date
from functools import cache
from zoneinfo import available_timezones


def day(text: str) -> str:
    """The text, where it is a day of the calendar. Raises ValueError."""
    date.fromisoformat(text)
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_name(text: str) -> str:
    """The text, where it is a time zone of the IANA data base. Raises ValueError."""
    if text not in _zones():
        raise ValueError(f"no time zone is called {text!r}; write an IANA name such as Asia/Kolkata")
    return text
