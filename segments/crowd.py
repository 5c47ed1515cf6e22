"""What partners make together, as the partners of one partition see it: how busy each zone is, and how each cohort stands. Figures come as events
(`zone_figures`, `cohort_figures`); conditions read them; whose condition read a figure is looked at when that figure changes, and nobody else.

Who read what stands in the partner's own `context` too, so that a restart knows it without waking anybody.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec

from segments import facts

if TYPE_CHECKING:
    from segments.state import PartnerState

#: Figures that no newer ones followed are believed for so long (s of stream time); then the value is unknown.
LAST = 300.0
#: Partners of whom a cohort must have so many, or nothing is said of it.
FEWEST = 20
#: How a partition's shares of a zone's seats were, at most: with one review in half an hour, for a day.
MOST_SHARES = 48

DEMAND, GAP = "zone_demand", "zone_gap"


class Share(msgspec.Struct, array_like=True):
    """A partition's share of a zone's seats from `since` (s) on: of `total` partners those from number `first` up to, not including, `end`.
    `turn` rotates who gets what does not divide."""

    since: float
    first: int
    end: int
    total: int
    turn: int

    def of(self, seats: int) -> int:
        """So many of `seats`; those of all partitions add up to `seats`, whatever the number."""
        return (seats * self.end + self.turn) // self.total - (seats * self.first + self.turn) // self.total


class Zone(msgspec.Struct, array_like=True):
    """The newest figures of a zone: of stream time `at`, believed until `until` (s). `gap`: partners that it lacks."""

    at: float
    until: float
    level: str | None
    gap: int | None
    shares: list[Share]


class Cohort(msgspec.Struct, array_like=True):
    """How a metric stands in a cohort of so many online partners, at stream time `at`, believed until `until` (s): `quantiles` from the least to the
    greatest, in equal steps of rank."""

    at: float
    until: float
    partners: int
    quantiles: list[float]

    def rank(self, x: float) -> float | None:
        """The share of partners with a lower value, and half of those with the same one; None where they are too few."""
        return rank(self.quantiles, x) if self.partners >= FEWEST else None


class Crowd:
    """`noting`: whether it is noted who reads what; not where values are only shown. `anywhere`: the demand that holds in every zone (a test's), None where figures say it. `readers`: by name and zone (or cohort's value) the
    partners whose conditions read it, with their own value of a cohort's metric."""

    __slots__ = ("anywhere", "cohorts", "noting", "part", "readers", "zones")

    def __init__(self, part: int = 0) -> None:
        self.part, self.noting = part, True
        self.anywhere: Zone | None = None
        self.zones: dict[str, Zone] = {}
        self.cohorts: dict[str, dict[str, Cohort]] = {}
        self.readers: dict[tuple[str, str], dict[str, float | None]] = {}

    # -- figures in

    def take(self, event: Any, now: float, thresholds: Mapping[str, Sequence[float] | None]) -> list[str]:
        """Take figures up at stream time `now`: who is to be looked at, in order. Older ones than those known change nothing.

        `thresholds`: what each cohort's rank is compared with; None for whatever is not a constant.
        """
        if event.type == "zone_figures":
            return self._take_zone(event, now)
        return self._take_cohort(event, now, thresholds.get(event.cohort, ()))

    def _take_zone(self, event: Any, now: float) -> list[str]:
        known = self.zones.get(event.zone)
        if known is not None and event.at <= known.at:
            return []
        zone = Zone(event.at, now + LAST, event.level, event.gap, list(known.shares) if known is not None else [])
        self._share(zone, event, now)
        self.zones[event.zone] = zone
        before = known or NOWHERE
        changed = [name for name, old, new in ((DEMAND, before.level, zone.level), (GAP, before.gap, zone.gap)) if old != new]
        return sorted({who for name in changed for who in self.readers.get((name, event.zone), ())})

    def _share(self, zone: Zone, event: Any, now: float) -> None:
        """Note a new share; it is looked back on for as long as seats are held that were taken under an old one."""
        weights, part = event.shares, self.part
        if part >= len(weights) or not (total := sum(weights)):
            return
        first = sum(weights[:part])
        share = Share(now, first, first + weights[part], total, int(event.shares_at) % total)
        if not zone.shares or (zone.shares[-1].first, zone.shares[-1].end, zone.shares[-1].total, zone.shares[-1].turn) != (share.first, share.end, total, share.turn):
            zone.shares = [*zone.shares, share][-MOST_SHARES:]

    def _take_cohort(self, event: Any, now: float, thresholds: Sequence[float] | None) -> list[str]:
        of_metric = self.cohorts.setdefault(event.cohort, {})
        old = of_metric.get(event.value)
        if old is not None and event.at <= old.at:
            return []
        new = of_metric[event.value] = Cohort(event.at, now + LAST, event.partners, event.quantiles)
        return self._passed(event.cohort, event.value, old, new, thresholds)

    def _passed(self, cohort: str, value: str, old: Cohort | None, new: Cohort | None, thresholds: Sequence[float] | None) -> list[str]:
        """The readers of a cohort on another side of some threshold than before."""
        readers = self.readers.get((cohort, value))
        if not readers:
            return []
        if thresholds is None or _many(old) != _many(new):
            return sorted(readers)
        if not (old and new and _many(new)):
            return []
        return sorted(who for who, x in readers.items() if x is None or any(_side(rank(old.quantiles, x), c) != _side(rank(new.quantiles, x), c) for c in thresholds))

    def outdated(self, now: float) -> list[str]:
        """Forget the figures that nobody renewed: who is to be looked at."""
        gone = [(name, zone) for zone, z in self.zones.items() if z.until <= now and (z.level, z.gap) != (None, None) for name in (DEMAND, GAP)]
        for _, zone in gone:
            self.zones[zone].level = self.zones[zone].gap = None
        for cohort, values in self.cohorts.items():
            for value in [value for value, c in values.items() if c.until <= now]:
                del values[value]
                gone.append((cohort, value))
        return sorted({who for place in gone for who in self.readers.get(place, ())})

    # -- who reads what

    def reads(self, s: PartnerState, name: str, value: str, x: float | None = None) -> None:
        """Note that a condition of the partner depends on this."""
        if not self.noting:
            return
        noted = s.context.get(name)
        if noted is None or noted[0] != value:
            self.forget(s.partner_id, name, noted)
        elif noted[1] == x:
            return
        s.context[name] = [value, x]
        self.readers.setdefault((name, value), {})[s.partner_id] = x

    def forget(self, partner_id: str, name: str, noted: Sequence[Any] | None) -> None:
        """The partner's conditions do not depend on this any more."""
        if noted is not None and (readers := self.readers.get((name, noted[0]))) is not None:
            readers.pop(partner_id, None)
            if not readers:
                del self.readers[name, noted[0]]

    def remember(self, who: str, context: Mapping[str, Any]) -> None:
        """What a partner read before; once, when they come from a snapshot."""
        for name, noted in context.items():
            if _is_noted(name):
                value, x = noted
                readers = self.readers.get((name, value))
                if readers is None:
                    readers = self.readers[name, value] = {}
                readers[who] = x

    def leave(self, s: PartnerState) -> None:
        """The partner was erased."""
        for name, noted in s.context.items():
            if _is_noted(name):
                self.forget(s.partner_id, name, noted)

    # -- over a restart

    def kept(self) -> Any:
        """The figures, as plain data."""
        return msgspec.to_builtins([self.zones, self.cohorts])

    def restore(self, kept: Any) -> None:
        """The figures again."""
        self.zones = msgspec.convert(kept[0], dict[str, Zone])
        self.cohorts = msgspec.convert(kept[1], dict[str, dict[str, Cohort]])

    def ends(self) -> Iterator[float]:
        """Until when figures are believed."""
        yield from (zone.until for zone in self.zones.values())
        yield from (cohort.until for values in self.cohorts.values() for cohort in values.values())


NOWHERE = Zone(-inf, inf, None, None, [])


def _is_noted(name: str) -> bool:
    return name in (DEMAND, GAP) or name.startswith("cohort_pct(")


def _many(cohort: Cohort | None) -> bool:
    return cohort is not None and cohort.partners >= FEWEST


def _side(x: float, threshold: float) -> int:
    return (x > threshold) - (x < threshold)


def rank(quantiles: Sequence[float], x: float) -> float:
    """Where x stands among values of which these are the quantiles, in equal steps from the least to the greatest: 0 to 1. In a run of equal ones: in its
    middle."""
    steps, low, high = len(quantiles) - 1, bisect_left(quantiles, x), bisect_right(quantiles, x)
    if steps < 1:
        return (low + high) / 2
    if low == high:
        return 0.0 if not low else 1.0 if low > steps else (low - 1 + (x - quantiles[low - 1]) / (quantiles[low] - quantiles[low - 1])) / steps
    begin, end = 0.0 if not low else low - 0.5, float(steps) if high > steps else high - 0.5
    return (begin + end) / 2 / steps


# -- what generated code says and calls; None is unknown

#: In place of what stands in `facts.WRITTEN_OUT`, where zones are counted.
WRITTEN_OUT: dict[str, tuple[str, ...]] = {
    "position": (
        facts.WRITTEN_OUT["position"][0],
        "zone_moved = False",
        "if e.zone is not None and t > s.zone_at:",
        f"    zone_moved = e.zone != s.zone or t - s.zone_at > {facts.FIX_FRESH!r}",
        "    s.zone, s.zone_at = e.zone, t",
        "    if zone_moved: s.house.turnout.here(s)",
    )
}
#: What other events add to what is counted.
COUNTED: dict[str, tuple[str, ...]] = {
    "logged_in": ("s.house.turnout.here(s)",),
    "logged_out": ("s.house.turnout.here(s)",),
    "order_offered": ("s.house.turnout.offered(e.zone or zone(s, now), t)",),
}


def demand_zone(s: PartnerState, now: float) -> str | None:
    """The zone whose demand concerns a partner: where they are or, for one who is not logged in, their home zone."""
    return facts.zone(s, now) if s.online else s.profile.get("zone")


def zone_demand(s: PartnerState, now: float) -> str | None:
    return _figure(s, now, DEMAND).level


def zone_gap(s: PartnerState, now: float) -> int | None:
    return _figure(s, now, GAP).gap


def _figure(s: PartnerState, now: float, name: str) -> Zone:
    crowd: Crowd | None = s.house and s.house.crowd
    if crowd is None:
        return NOWHERE
    if crowd.anywhere is not None:
        return crowd.anywhere
    where = demand_zone(s, now)
    if where is None:
        return NOWHERE
    crowd.reads(s, name, where)
    return crowd.zones.get(where, NOWHERE)


def zone_seen(s: PartnerState, now: float) -> float | None:
    """Of when a zone's figures are."""
    crowd, where = s.house and s.house.crowd, demand_zone(s, now)
    zone = crowd.zones.get(where) if crowd is not None and where is not None else None
    return None if zone is None else zone.at


def cohort_pct(s: PartnerState, name: str, x: float | None, value: Any) -> float | None:
    """The partner's rank by their own `x` among the online partners with this value."""
    crowd = s.house and s.house.crowd
    if crowd is None or x is None or value is None:
        return None
    crowd.reads(s, name, value, x)
    cohort = crowd.cohorts.get(name, {}).get(value)
    return None if cohort is None else cohort.rank(x)


def cohort_seen(s: PartnerState, name: str, value: Any) -> float | None:
    """Of when a cohort's figures are."""
    crowd = s.house and s.house.crowd
    cohort = crowd.cohorts.get(name, {}).get(value) if crowd is not None else None
    return None if cohort is None else cohort.at
