"""Distances agree with geopy, the oracle."""

import pytest
from geopy.distance import EARTH_RADIUS, great_circle
from hypothesis import given
from hypothesis import strategies as st

from rulebook.model import Point, Ring
from segments.geo import Place, inside, km_between, km_to, km_to_any, nearest

LAT, LON = st.floats(-89, 89), st.floats(-180, 180)


@given(LAT, LON, LAT, LON)
def test_distances_equal_those_of_geopy_on_the_same_sphere(a, b, c, d):
    expected = great_circle((a, b), (c, d)).km * 6371.0088 / EARTH_RADIUS
    assert km_between(a, b, c, d) == pytest.approx(expected, rel=1e-7, abs=1e-6)


@given(LAT, LON, LAT, LON)
def test_a_prepared_place_gives_the_same_distance(a, b, c, d):
    assert km_to(Place(Point("x", a, b)), c, d) == pytest.approx(km_between(c, d, a, b), rel=1e-9, abs=1e-9)


@given(st.lists(st.tuples(LAT, LON), min_size=1, max_size=4), LAT, LON, st.booleans())
def test_the_distance_to_several_places_is_that_to_the_nearest(points, lat, lon, fenced):
    places = [Place(Point("x", a, b)) for a, b in points] + ([Place(Ring("r", ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0))))] if fenced else [])
    assert km_to_any(places, lat, lon) == pytest.approx(min(km_to(p, lat, lon) for p in places), rel=1e-12)


def test_the_nearest_of_several_places_is_named():
    places = [Place(Point("Koramangala", 12.9352, 77.6245)), Place(Point("Indiranagar", 12.9719, 77.6412))]
    assert nearest(places, 12.97, 77.64)[1] == "Indiranagar"


def test_a_ring_is_at_distance_zero_inside_and_measured_to_its_edge_outside():
    ring = Place(Ring("square", ((12.0, 77.0), (12.0, 78.0), (13.0, 78.0), (13.0, 77.0))))
    assert (inside(ring, 12.5, 77.5), inside(ring, 13.5, 77.5), km_to(ring, 12.5, 77.5)) == (True, False, 0.0)
    assert km_to(ring, 13.01, 77.5) == pytest.approx(km_between(13.01, 77.5, 13.0, 77.5), rel=1e-3)
