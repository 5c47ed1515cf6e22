"""The numbers of `rules.yaml`, for the programs that are held against it, and the distance on a sphere."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

HOTSPOTS = ((12.9352, 77.6245), (12.9719, 77.6412), (13.0358, 77.5970))
RADIUS = 6371.0088  # km, the mean one of the Earth (IUGG)
NEAR = 1.0  # km
WINDOW, MATCH, PATIENCE = 7200.0, 1200.0, 900.0  # s: of decided offers, of rejections, of a wait at a restaurant
COOL2, COOL3 = 4 * 3600.0, 3 * 86_400.0  # s
FEW, LOW, HIGH = 5, 0.6, 0.7  # offers decided at least; shares accepted to come in and to go out
LOW_STARS = 2


def near(lat: float, lon: float) -> bool:
    """Whether a place is within 1 km of a hotspot."""
    return min(km(lat, lon, *spot) for spot in HOTSPOTS) < NEAR


def km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle distance by the haversine formula (R. W. Sinnott, Virtues of the Haversine, 1984)."""
    here, there = radians(lat), radians(other_lat)
    half = sin((there - here) / 2) ** 2 + cos(here) * cos(there) * sin(radians(other_lon - lon) / 2) ** 2
    return 2 * RADIUS * asin(sqrt(half))
