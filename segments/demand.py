"""How busy a zone is against its own usual for the hour of the week. Pure: whoever counts says when it was.

A zone's rate is its offers of 15 minutes for each partner online there. The usual of an hour of the week (in UTC) is the median of the rates that the zone
had in that hour of the last eight weeks; it is unknown before two of them. Demand is high from 30 % above it, and normal again below 15 %; low the same
way. Three offers more or less are no demand: in a small zone they are chance.
"""

from __future__ import annotations

from collections import deque
from math import floor
from statistics import median
from typing import NamedTuple

import msgspec

HOUR, HOURS = 3600.0, 168
#: Weeks that an hour remembers, and those that make a usual.
WEEKS, ENOUGH = 8, 2
#: So much of an hour (s) must have been seen for it to be one of them.
SEEN = 1800.0
#: A share of what is usual, and offers, by which demand departs from it and comes back to it.
OFF, FEW_OFF, BACK, FEW_BACK = 0.30, 3.0, 0.15, 1.5
MOST_ZONES = 10_000


class Finding(NamedTuple):
    """What a zone's figures say. None is unknown."""

    usual: float | None
    level: str | None
    gap: int | None


class Zone(msgspec.Struct):
    """What is remembered of a zone: rates by hour of the week, oldest first; the running hour (hours since the epoch), its sums, and from when to when it
    was seen (s)."""

    rates: dict[int, list[float]] = {}
    hour: int = -1
    offers: float = 0.0
    online: float = 0.0
    began: float = 0.0
    at: float = 0.0
    level: str | None = None

    def usual(self, at: float, enough: int = ENOUGH) -> float | None:
        """The usual rate at the hour of `at` (s)."""
        rates = self.rates.get(hour_of(at) % HOURS, ())
        return median(rates) if len(rates) >= enough else None

    def see(self, at: float, offers: int, online: int) -> None:
        """Take in what was counted at `at` (s); each moment once, in order."""
        if at <= self.at:
            return
        if hour_of(at) != self.hour:
            self._close()
            self.hour, self.offers, self.online, self.began = hour_of(at), 0.0, 0.0, at
        self.offers, self.online, self.at = self.offers + offers, self.online + online, at

    def _close(self) -> None:
        """The hour is over: its rate is remembered, if enough of it was seen."""
        if self.at - self.began >= SEEN and self.online:
            rates = deque(self.rates.get(self.hour % HOURS, ()), maxlen=WEEKS)
            rates.append(self.offers / self.online)
            self.rates[self.hour % HOURS] = list(rates)


class Demand:
    """All zones. `enough`: how many weeks make a usual."""

    def __init__(self, enough: int = ENOUGH) -> None:
        self._enough, self.zones = enough, dict[str, Zone]()

    def find(self, name: str, at: float, offers: int, online: int) -> Finding:
        """Take in what was counted of a zone at `at` (s), and say what it means."""
        zone = self._zone(name)
        usual = zone.usual(at, self._enough)
        zone.see(at, offers, online)
        zone.level = None if usual is None else level(offers, usual * online, zone.level)
        return Finding(usual, zone.level, gap(offers, online, usual))

    def _zone(self, name: str) -> Zone:
        """The zone, as the one seen last; the one not seen for the longest time makes room."""
        zone = self.zones.pop(name, None) or Zone(rates={})
        if len(self.zones) >= MOST_ZONES:
            del self.zones[next(iter(self.zones))]
        self.zones[name] = zone
        return zone

    def dump(self, name: str) -> bytes:
        return msgspec.msgpack.encode(self.zones[name])

    def restore(self, name: str, raw: bytes | None) -> None:
        """What `dump` gave; None where it is to be forgotten."""
        if raw is None:
            self.zones.pop(name, None)
        else:
            self.zones[name] = msgspec.msgpack.decode(raw, type=Zone)


def hour_of(at: float) -> int:
    return int(at // HOUR)


def level(offers: float, expected: float, before: str | None) -> str:
    """low, normal or high; what it was `before` makes it stay so for a little longer."""
    above = offers - expected
    off, back = max(OFF * expected, FEW_OFF), max(BACK * expected, FEW_BACK)
    if above >= (back if before == "high" else off):
        return "high"
    return "low" if -above >= (back if before == "low" else off) else "normal"


def gap(offers: int, online: int, usual: float | None) -> int | None:
    """How many more partners would make the rate usual."""
    return None if not usual else max(0, floor(offers / usual) - online)

