"""The city: all its partners' events in one stream, in the order of time."""

from collections.abc import Iterator
from datetime import date, timedelta
from heapq import heapify, heappop, heapreplace
from itertools import islice
from types import MappingProxyType

from events import FAMILIES
from events.calendar import zone_name
from events.time import EARLIEST, LATEST
from simulator.city.life import life
from simulator.city.pains import HOUR, planned
from simulator.city.partner import Events, Partner
from simulator.city.people import partner_id, persona
from simulator.city.shifts import Calendar
from simulator.city.town import Town, founded
from simulator.city.truth import Truth
from simulator.errors import SourceError
from simulator.importers import WHOLE, Cut, Record, Report

FAMILY = MappingProxyType({kind: family.name for family in FAMILIES.values() for kind in family.types})

EPOCH = date(1970, 1, 1)


class City:
    """Partners, restaurants and zones; a `Source` like a recording, and the same each time it is drawn.

    The same arguments make the same bytes. `start` is in seconds since the epoch, `hours` may be inf. A `share` (0 to 1) of the partners gets
    a pain point, the first `first_pain_after` seconds after the start. All happens in [start, start + hours): an order that would not be
    delivered by then is not taken, and all log out at the end. Raises SourceError for a city that cannot be.
    """

    name = "city"

    def __init__(
        self,
        partners: int = 200,
        *,
        start: float,
        hours: float = 24.0,
        seed: int = 1,
        share: float = 0.12,
        first_pain_after: float = 120.0,
        time_zone: str = "Asia/Kolkata",
    ) -> None:
        _possible(partners, start, hours, share, time_zone)
        self.partners, self.seed, self.share, self.hours = partners, seed, share, hours
        self.start, self.end = round(float(start), 3), round(start + hours * HOUR, 3)
        self.first_pain_after, self.time_zone = first_pain_after, time_zone
        self._begin_again()

    @property
    def truth(self) -> list[Truth]:
        """The nudges that have to come, in the order of time, as far as the events were drawn (at most one event a partner further)."""
        return sorted(self._town.truths, key=lambda truth: (truth.at, truth.partner_id))

    @property
    def clean(self) -> list[str]:
        """The partners to whom no nudge may come, as far as the events were drawn."""
        hurt = {truth.partner_id for truth in self._town.truths}
        return [known for known in map(partner_id, range(self.partners)) if known not in hurt]

    @property
    def done(self) -> float:
        """The share of the hours that was drawn, 0 to 1; 0 for a city without end."""
        return min(1.0, (self._now - self.start) / (self.end - self.start))

    def span(self, cut: Cut = WHOLE) -> tuple[float, float] | None:
        """The period that holds all events of the cut."""
        first, last = max(self.start, cut.begin), min(self.end, cut.until)
        return (first, last) if first < last else None

    def events(self, cut: Cut = WHOLE) -> Iterator[Record]:
        """All events from the beginning, in the order of time; `truth`, `clean` and `report` begin anew."""
        if cut.shift:
            raise SourceError("a city is not moved in time; give it another start")
        self._begin_again()
        return islice((record for record in self._drawn() if cut.begin <= record.occurred_at < cut.until), cut.limit)

    def _begin_again(self) -> None:
        self.report = Report(self.name)
        self._now = self.start
        self._town = founded(self.seed, self.start, self.end, self.time_zone)

    def _drawn(self) -> Iterator[Record]:
        """The partners' streams, merged: whose next event is the earliest goes first. One loop on purpose, since it is run for each event."""
        made, town = self.report.events, self._town
        heap = [(*event, number, key, stream.__next__) for number, key, stream in self._streams(town) for event in islice(stream, 1)]
        heapify(heap)
        try:
            while heap:
                at, kind, value, number, key, following = heap[0]
                self._now = at
                made[kind] += 1
                yield Record(FAMILY[kind], key, value, at)
                try:
                    at, kind, value = following()
                except StopIteration:
                    heappop(heap)
                else:
                    heapreplace(heap, (at, kind, value, number, key, following))
        finally:
            self._now = self.end if not heap else self._now

    def _streams(self, town: Town) -> Iterator[tuple[int, bytes, Events]]:
        """Each partner's number, key and events."""
        today = town.clock.day(town.start)
        plans = planned(town.rng("plans"), self.partners, self.share, self.hours / 24)
        for number in range(self.partners):
            plan = plans.get(number)
            kind = plan.kind if plan else None
            person = persona(town.rng(f"persona {number}"), number, EPOCH + timedelta(days=today), kind)
            partner = Partner(town, number, person, kind)
            calendar = Calendar(town, plan, (EPOCH + timedelta(days=today) - person.joined_on).days, self.first_pain_after)
            yield number, person.partner_id.encode(), partner.merged(life(partner, calendar))


def _possible(partners: int, start: float, hours: float, share: float, time_zone: str) -> None:
    """Raises SourceError for a city that cannot be."""
    if partners < 1 or not hours > 0 or not 0 <= share <= 1:
        raise SourceError(
            f"a city needs partners, some time, and a share of 0 to 1; not {partners} partners, {hours:g} hours and {share:g}"
        )
    if not EARLIEST <= start < LATEST:
        raise SourceError(f"a city starts between 2000 and 2099 (seconds since the epoch), not at {start:g}")
    try:
        zone_name(time_zone)
    except ValueError as error:
        raise SourceError(str(error)) from None
