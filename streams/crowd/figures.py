"""From what all partitions counted to the figures that every partition meets as events. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from events.structs import BROADCAST_STRUCTS
from segments.demand import Demand
from streams.crowd.gathering import Whole
from streams.crowd.records import Counted, Sketched
from streams.crowd.sketches import merged

#: Figures are said again after so long (s of stream time), changed or not: those of a lost worker grow old in five minutes.
AGAIN = 30.0
#: How long shares of seats stand (s of stream time): seats that were taken under old ones are counted against new ones.
SHARES_STAND = 1800.0

ZoneFigures, CohortFigures = BROADCAST_STRUCTS["zone_figures"], BROADCAST_STRUCTS["cohort_figures"]


class Figures:
    """`lead`: how far after the moment that they are of (s) figures hold: so long they may be on their way to reach all partitions in time."""

    def __init__(self, demand: Demand, lead: float) -> None:
        self.demand, self._lead = demand, lead
        self._said: dict[str, tuple[float, str | None]] = {}
        self._shares: dict[str, tuple[float, list[int]]] = {}

    def of_zones(self, whole: Whole[Counted]) -> Iterator[Any]:
        """What there is to say of zones at a moment; a zone that nobody counts any more has nobody and nothing."""
        for zone in sorted({*self._said, *(zone for part in whole.parts for zone in part.zones)}):
            counts = [part.zones.get(zone, (0, 0, 0)) for part in whole.parts]
            offers, online = sum(c[0] for c in counts), sum(c[1] for c in counts)
            found = self.demand.find(zone, whole.at, offers, online)
            if self._is_news(zone, whole.at, found.level):
                self._said[zone] = whole.at, found.level
                shares_at, shares = self._shared(zone, whole.at, [c[2] for c in counts])
                yield ZoneFigures(
                    event_id=f"zone:{zone}:{whole.at:.0f}", occurred_at=whole.at + self._lead, at=whole.at, zone=zone, offers=offers, online=online,
                    usual=found.usual, level=found.level, gap=found.gap, shares=shares, shares_at=shares_at,
                )  # fmt: skip

    def _is_news(self, zone: str, at: float, level: str | None) -> bool:
        said = self._said.get(zone)
        return said is None or said[1] != level or at - said[0] >= AGAIN

    def _shared(self, zone: str, at: float, concerned: list[int]) -> tuple[float, list[int]]:
        """By whom the seats of a zone are shared: as it was half an hour ago at the most."""
        known = self._shares.get(zone)
        if any(concerned) and (known is None or at - known[0] >= SHARES_STAND or len(known[1]) != len(concerned)):
            known = self._shares[zone] = at, concerned
        return known or (at, [])

    def of_cohorts(self, whole: Whole[Sketched]) -> Iterator[Any]:
        """How each cohort stands at a moment."""
        for cohort in sorted({cohort for part in whole.parts for cohort in part.cohorts}):
            for value in sorted({value for part in whole.parts for value in part.cohorts.get(cohort, ())}):
                sketch = merged(raw for part in whole.parts if (raw := part.cohorts.get(cohort, {}).get(value)) is not None)
                yield CohortFigures(
                    event_id=f"cohort:{value[:60]}:{whole.at:.0f}:{len(cohort)}", occurred_at=whole.at + self._lead, at=whole.at, cohort=cohort, value=value,
                    partners=sketch.count, quantiles=sketch.quantiles(),
                )  # fmt: skip
