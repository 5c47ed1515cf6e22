"""When the city is hungry, and how local time is told without asking the time zone for each event."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from simulator.city.ground import Zone

HOUR, DAY = 3600.0, 86400.0
LONGEST_GAP = 35 * 60.0
"""Seconds without an offer, at the most: shorter than the 45 min after which ops call a partner idle."""

# Offers that reach a waiting partner in an hour, by hour of the day.
OFFERS_PER_HOUR: Mapping[str, tuple[float, ...]] = {
    "offices": (1.0, 0.6, 0.5, 0.5, 0.5, 0.8, 1.5, 3.0, 4.5, 4.5, 4.5, 7.0, 11.0, 10.5, 6.0, 4.0, 4.0, 4.5, 5.0, 6.5, 6.5, 4.5, 2.5, 1.5),
    "homes": (1.5, 0.8, 0.6, 0.5, 0.5, 0.8, 1.8, 3.5, 5.0, 4.5, 3.5, 5.0, 8.0, 8.0, 5.0, 3.5, 3.5, 4.5, 6.5, 9.5, 11.0, 8.5, 5.0, 2.5),
    "evening": (3.0, 1.8, 1.0, 0.6, 0.5, 0.7, 1.5, 2.5, 4.0, 4.5, 4.5, 6.0, 9.0, 9.0, 6.0, 4.5, 4.5, 5.5, 7.5, 10.5, 12.0, 10.0, 7.0, 4.5),
}


class LocalClock:
    """Local time of one IANA time zone, its offset looked up once an hour of event time."""

    def __init__(self, time_zone: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._offsets: dict[int, float] = {}

    def seconds(self, at: float) -> float:
        """Seconds on the wall clock since midnight, 0 to 86400."""
        return (at + self._offset(at)) % DAY

    def day(self, at: float) -> int:
        """The number of the local day, counted from 1970."""
        return int((at + self._offset(at)) // DAY)

    def midnight(self, day: int) -> float:
        """When the local day with this number begins, seconds since the epoch."""
        return (datetime(1970, 1, 1, tzinfo=self._zone) + timedelta(days=day)).timestamp()

    def _offset(self, at: float) -> float:
        hour = int(at // HOUR)
        known = self._offsets.get(hour)
        if known is None:
            offset = datetime.fromtimestamp(at, self._zone).utcoffset()
            assert offset is not None
            known = self._offsets[hour] = offset.total_seconds()
        return known


def offers_per_hour(zone: Zone, seconds: float) -> float:
    """Offers that reach a waiting partner in an hour, in this zone, so many seconds after local midnight."""
    return OFFERS_PER_HOUR[zone.life][int(seconds // HOUR) % 24]


def gap(rng: Random, zone: Zone, seconds: float) -> float:
    """Seconds until the next offer of a waiting partner."""
    return min(20.0 + rng.expovariate(offers_per_hour(zone, seconds) / HOUR), LONGEST_GAP)


def time_zone_where(hour: int, at: float) -> str:
    """An IANA zone of fixed offset in which the clock shows about `hour` at the moment `at`.

    For demonstrations at any hour: a city that is told to live there is awake, and outside of quiet hours.
    """
    ahead = round((hour * HOUR - at % DAY) / HOUR + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
