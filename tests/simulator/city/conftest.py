"""Cities drawn once and shared: an ordinary day, and small ones for what an ordinary day does not show."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pytest

from simulator.city import City
from simulator.importers import Record

MONDAY = datetime.fromisoformat("2026-03-02T00:00:00+05:30").timestamp()
HOUR = 3600.0


@dataclass(frozen=True)
class Drawn:
    """A city whose events were drawn: the records, the same as dictionaries, and those by partner."""

    city: City
    records: list[Record]
    events: list[dict]
    by_partner: dict[str, list[dict]]

    @property
    def told(self):
        """The truth as the checker says it."""
        return {(truth.partner_id, truth.rule, truth.at, truth.cause) for truth in self.city.truth}


def draw(partners, *, hour, hours, seed=1, **more):
    """Draw a city that starts at this local hour of a Monday."""
    city = City(partners, start=MONDAY + hour * HOUR, hours=hours, seed=seed, **more)
    records = list(city.events())
    events, by_partner = [msgspec.json.decode(record.value) for record in records], defaultdict(list)
    for event in events:
        by_partner[event["partner_id"]].append(event)
    return Drawn(city, records, events, dict(by_partner))


@pytest.fixture(scope="session")
def day():
    """160 partners from 8 in the morning for 24 hours."""
    return draw(160, hour=8, hours=24)
