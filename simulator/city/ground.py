"""Where things are: a plane good to a few metres over a city, and the zones of this one."""

from math import cos, hypot, radians
from random import Random
from typing import NamedTuple

METRES_PER_DEGREE = 111_195.0


class Spot(NamedTuple):
    """A position in degrees."""

    lat: float
    lon: float

    def moved(self, east: float, north: float) -> "Spot":
        """The position so many metres away."""
        return Spot(self.lat + north / METRES_PER_DEGREE, self.lon + east / (METRES_PER_DEGREE * EAST))


class Zone(NamedTuple):
    """A part of the city; `radius` in metres, `life` names its curve of demand."""

    name: str
    centre: Spot
    radius: float
    life: str


ZONES = (
    Zone("koramangala", Spot(12.9352, 77.6245), 1500.0, "evening"),
    Zone("indiranagar", Spot(12.9719, 77.6412), 1500.0, "evening"),
    Zone("hsr_layout", Spot(12.9116, 77.6473), 1600.0, "homes"),
    Zone("jayanagar", Spot(12.9250, 77.5938), 1500.0, "homes"),
    Zone("btm_layout", Spot(12.9121, 77.6090), 1300.0, "homes"),
    Zone("mg_road", Spot(12.9755, 77.6068), 1300.0, "offices"),
    Zone("malleshwaram", Spot(13.0031, 77.5643), 1600.0, "homes"),
    Zone("hebbal", Spot(13.0358, 77.5970), 1800.0, "offices"),
    Zone("whitefield", Spot(12.9698, 77.7500), 2000.0, "offices"),
    Zone("electronic_city", Spot(12.8452, 77.6602), 2000.0, "offices"),
)
HOTSPOTS = (ZONES[0].centre, ZONES[1].centre)
"""The two places that ops call hotspots in their rules: Koramangala and Indiranagar."""

EAST = cos(radians(ZONES[0].centre.lat))
_CELL = 400.0  # cells a degree: about 280 m
_cells: dict[tuple[int, int], str] = {}


def metres(a: Spot, b: Spot) -> float:
    """Distance on the plane; within 0.1 % of the great circle over this city."""
    return METRES_PER_DEGREE * hypot(b.lat - a.lat, (b.lon - a.lon) * EAST)


def to_hotspot(spot: Spot) -> float:
    """Metres to the nearest hotspot."""
    return min(metres(spot, hotspot) for hotspot in HOTSPOTS)


def zone_of(spot: Spot) -> Zone:
    """The zone with the nearest centre."""
    return min(ZONES, key=lambda zone: metres(zone.centre, spot))


def zone_name(lat: float, lon: float) -> str:
    """The zone of a position, to a grid of 280 m; fast, since each fix tells it."""
    cell = int(lat * _CELL), int(lon * _CELL)
    name = _cells.get(cell)
    if name is None:
        name = _cells[cell] = zone_of(Spot((cell[0] + 0.5) / _CELL, (cell[1] + 0.5) / _CELL)).name
    return name


def around(rng: Random, centre: Spot, radius: float, least: float = 0.0) -> Spot:
    """A spot drawn evenly from the ring between `least` and `radius` metres around a centre."""
    while True:
        east, north = (2 * rng.random() - 1) * radius, (2 * rng.random() - 1) * radius
        if least <= hypot(east, north) <= radius:
            return centre.moved(east, north)
