from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from geopy.distance import great_circle
from hypothesis import given
from hypothesis import strategies as st

from simulator.importers import Kind, open_source
from simulator.importers.ground import jumps, kilometres

Draw = Callable[..., list[dict[str, object]]]
Write = Callable[..., Path]


def ping(number: int, clock: str, lat: object = 53.44, lon: object = -2.92, bearing: object = 53) -> dict[str, object]:
    """A row of liverpool_bus."""
    place = {"timestamp": f"2026-01-26 {clock}", "latitude": lat, "longitude": lon, "bearing": bearing}
    return {"id": number, "vehicle_id": 4716, "trip_id": 1091, **place}


def parcel(number: int, **more: object) -> dict[str, object]:
    """A row of lade."""
    accept = {"accept_time": "09-25 08:08:00", "accept_gps_time": "09-25 08:08:00", "accept_gps_lng": 126.56614, "accept_gps_lat": 43.87092}
    hand_over = {
        "delivery_time": "09-25 11:32:00",
        "delivery_gps_time": "09-25 11:32:00",
        "delivery_gps_lng": 126.5652,
        "delivery_gps_lat": 43.8411,
    }
    return {"order_id": number, "courier_id": 4849, "lng": 126.56526, "lat": 43.84112, **accept, **hand_over, **more}


def positions(events: list[dict[str, object]]) -> list[dict[str, object]]:
    return [event for event in events if event["type"] == "position"]


def test_a_ping_is_a_position_with_its_bearing_as_heading(table: Write, drawn: Draw) -> None:
    (event,) = positions(drawn(table("bus.csv", [ping(1, "15:57:02")])))
    at = datetime(2026, 1, 26, 15, 57, 2, tzinfo=UTC).timestamp()
    assert (event["occurred_at"], event["lat"], event["lon"], event["heading"]) == (at, 53.44, -2.92, 53.0)


def test_a_missing_bearing_leaves_the_heading_out(table: Write, drawn: Draw) -> None:
    source = open_source(table("bus.csv", [ping(1, "15:57:02", bearing="")]))
    assert "heading" not in positions(drawn(source))[0]
    assert source.report.count(Kind.noticed, "bearing missing: position without heading") == 1


def test_no_speed_is_derived(table: Write, drawn: Draw) -> None:
    events = positions(drawn(table("bus.csv", [ping(1, "15:57:02"), ping(2, "15:57:24", 53.441)])))
    assert not any("speed" in event for event in events)


def test_pings_are_sorted_by_time(table: Write, drawn: Draw) -> None:
    source = open_source(table("bus.csv", [ping(2, "15:58:00"), ping(1, "15:57:00")]))
    assert [event["event_id"] for event in positions(drawn(source))] == ["liverpool_bus-1", "liverpool_bus-2"]
    assert source.report.total(Kind.repaired) == 1


def test_a_bus_that_flies_is_noticed_and_kept(table: Write, drawn: Draw) -> None:
    source = open_source(table("bus.csv", [ping(1, "15:57:00"), ping(2, "15:57:10", 53.54)]))
    assert len(positions(drawn(source))) == 2
    assert source.report.total(Kind.noticed) == 1


def test_a_parcel_is_accepted_and_delivered_with_the_year_derived(table: Write, drawn: Draw) -> None:
    events = drawn(table("lade.csv", [parcel(1)]))
    kinds = [(event["type"], event["source"]) for event in events if "order_id" in event]
    assert kinds == [("order_accepted", "lade; date derived"), ("order_delivered", "lade; date derived")]


def test_minutes_of_a_parcel_run_from_acceptance_to_delivery(table: Write, drawn: Draw) -> None:
    delivered = next(event for event in drawn(table("lade.csv", [parcel(1)])) if event["type"] == "order_delivered")
    assert delivered["minutes"] == 204.0


def test_coordinates_that_are_nan_make_no_position(table: Write, drawn: Draw) -> None:
    source = open_source(table("lade.csv", [parcel(1, accept_gps_lng="nan", accept_gps_lat="nan")]))
    assert len(positions(drawn(source))) == 1
    assert source.report.count(Kind.refused, "position: no coordinates (nan)") == 1


def test_a_hand_over_kilometres_from_the_address_makes_no_position(table: Write, drawn: Draw) -> None:
    source = open_source(table("lade.csv", [parcel(1, delivery_gps_lat=43.87)]))
    assert len(positions(drawn(source))) == 1
    assert source.report.total(Kind.refused) == 1


def test_one_bulk_scan_makes_one_position(table: Write, drawn: Draw) -> None:
    later = {"delivery_time": "09-25 12:32:00", "delivery_gps_time": "09-25 12:32:00"}
    source = open_source(table("lade.csv", [parcel(1), parcel(2, **later)]))
    assert len(positions(drawn(source))) == 3
    assert source.report.total(Kind.noticed) == 2


def test_a_parcel_delivered_before_it_was_accepted_is_refused(table: Write, drawn: Draw) -> None:
    source = open_source(table("lade.csv", [parcel(1, accept_time="09-26 08:08:00"), parcel(2)]))
    drawn(source)
    assert source.report.findings[Kind.refused]["delivered before it was accepted"].examples == ["lade.csv:2"]


degrees = st.tuples(st.floats(-89, 89), st.floats(-179, 179))


@given(degrees, degrees)
def test_distances_are_those_of_geopy(a: tuple[float, float], b: tuple[float, float]) -> None:
    mine = kilometres(*(np.array([value]) for value in (*a, *b)))[0]
    assert mine == pytest.approx(great_circle(a, b).km, rel=1e-6, abs=1e-3)


def test_a_jump_is_judged_by_the_same_partner_alone() -> None:
    rows = pd.DataFrame({"who": ["a", "b", "a"], "at": [0.0, 1.0, 3600.0], "lat": [0.0, 50.0, 1.0], "lon": [0.0, 0.0, 0.0]})
    assert jumps(rows["who"], rows["at"], rows["lat"], rows["lon"]).tolist() == [False, False, False]
