"""Distances and places. Haversine on the mean sphere of radius 6371.0088 km (IUGG), tested against geopy's great circle."""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, cos, hypot, inf, radians, sin, sqrt

from rulebook.model import Point, Ring

DIAMETER_KM = 2 * 6371.0088


class Place:
    """A point or a ring with what the formula needs worked out beforehand; angles in radians."""

    __slots__ = ("corners", "cosine", "lat", "lon", "name")

    def __init__(self, place: Point | Ring) -> None:
        self.name = place.name
        self.corners = () if isinstance(place, Point) else place.corners
        lat, lon = (place.lat, place.lon) if isinstance(place, Point) else place.corners[0]
        self.lat, self.lon, self.cosine = radians(lat), radians(lon), cos(radians(lat))


def km_between(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance in km of two positions in degrees."""
    p, q = radians(lat1), radians(lat2)
    h = sin((q - p) / 2) ** 2 + cos(p) * cos(q) * sin(radians(lon2 - lon1) / 2) ** 2
    return DIAMETER_KM * asin(min(1.0, sqrt(h)))


def km_to(place: Place, lat: float, lon: float) -> float:
    """Distance in km from a position in degrees; 0 inside a ring."""
    return km_to_any((place,), lat, lon)


def km_to_any(places: Sequence[Place], lat: float, lon: float) -> float:
    """Distance in km from a position in degrees to the nearest of the places; 0 inside a ring."""
    p, q, rings = radians(lat), radians(lon), [place for place in places if place.corners]
    cosine = cos(p)
    h = min([sin((a.lat - p) / 2) ** 2 + cosine * a.cosine * sin((a.lon - q) / 2) ** 2 for a in places if not a.corners], default=inf)
    points = DIAMETER_KM * asin(min(1.0, sqrt(h))) if h < inf else inf
    return min([points, *[_km_to_ring(ring.corners, lat, lon) for ring in rings]]) if rings else points


def nearest(places: Sequence[Place], lat: float, lon: float) -> tuple[float, str]:
    """Distance in km and name of the nearest place."""
    return min((km_to(place, lat, lon), place.name) for place in places)


def inside(place: Place, lat: float, lon: float) -> bool:
    """Whether a position lies in a ring (even-odd rule); never in a point."""
    odd, corners = False, place.corners
    for (lat1, lon1), (lat2, lon2) in zip(corners, (*corners[1:], *corners[:1]), strict=True):
        if (lat1 > lat) != (lat2 > lat) and lon < (lon2 - lon1) * (lat - lat1) / (lat2 - lat1) + lon1:
            odd = not odd
    return odd


def _km_to_ring(corners: tuple[tuple[float, float], ...], lat: float, lon: float) -> float:
    """Distance to the nearest edge on a plane that touches the earth at the position: good to 0.1 % up to some tens of km."""
    scale, squeeze = DIAMETER_KM / 2 * radians(1), cos(radians(lat))
    flat = [((b - lon) * squeeze * scale, (a - lat) * scale) for a, b in corners]
    odd, best = False, hypot(*flat[0])
    for (x1, y1), (x2, y2) in zip(flat, (*flat[1:], flat[0]), strict=True):
        if (y1 > 0) != (y2 > 0) and (x2 - x1) * -y1 / (y2 - y1) + x1 > 0:
            odd = not odd
        dx, dy = x2 - x1, y2 - y1
        along = max(0.0, min(1.0, -(x1 * dx + y1 * dy) / (dx * dx + dy * dy or 1.0)))
        best = min(best, hypot(x1 + along * dx, y1 + along * dy))
    return 0.0 if odd else best
