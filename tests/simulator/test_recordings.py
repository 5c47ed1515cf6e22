"""The real recordings against plain pandas over their CSV files: what the importers make must be what the files say."""

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from simulator.importers import Kind, Report, open_source
from simulator.importers.frames import family_and_model

Find = Callable[[str], Path]
STEPS = ("Placement", "Confirmation", "Arrival at Pickup", "Pickup", "Arrival at Destination")
STEP_TYPES = dict(zip(("order_accepted", "arrived_at_restaurant", "order_picked_up", "order_delivered"), STEPS[1:], strict=True))
NAMES = ("sendy", "doordash_like", "liverpool_bus", "lade")


@cache
def imported(folder: Path) -> tuple[pd.DataFrame, Report]:
    """All events of a recording in the order drawn, one row each, and the report."""
    source = open_source(folder)
    return pd.DataFrame([json.loads(record.value) for record in source.events()]), source.report


@cache
def sendy(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "Train.csv")


@cache
def doordash(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "deliveries.csv", dtype=str)


def stamp(column: pd.Series) -> pd.Series:
    """Seconds since the beginning of the month of "DD HH:MM:SS"."""
    return column.str[:2].astype(float) * 86400 + pd.to_timedelta(column.str[3:]).dt.total_seconds()


def clock(orders: pd.DataFrame, step: str) -> pd.Series:
    moment = pd.to_datetime(orders[f"{step} - Time"], format="%I:%M:%S %p")
    return orders[f"{step} - Day of Month"] * 86400 + moment.dt.hour * 3600 + moment.dt.minute * 60 + moment.dt.second


@pytest.mark.parametrize("name", NAMES)
def test_every_event_passes_the_contract_and_no_id_comes_twice(recording: Find, name: str) -> None:
    source, ids = open_source(recording(name)), set()
    for record in source.events():
        event = json.loads(record.value)
        family_and_model(event["type"])[1].model_validate(event)
        ids.add(event["event_id"])
    assert len(ids) == source.report.events.total()


@pytest.mark.parametrize("name", NAMES)
def test_events_come_in_the_order_of_time(recording: Find, name: str) -> None:
    events, _ = imported(recording(name))
    assert events["occurred_at"].is_monotonic_increasing


@pytest.mark.parametrize("name", NAMES)
def test_importing_again_gives_the_same_bytes(recording: Find, name: str) -> None:
    folder = recording(name)
    assert list(open_source(folder).events()) == list(open_source(folder).events())


@pytest.mark.parametrize("name", NAMES)
def test_the_report_counts_the_events_that_were_drawn(recording: Find, name: str) -> None:
    events, report = imported(recording(name))
    assert Counter(events["type"]) == report.events


def test_sendy_makes_each_step_of_each_order(recording: Find) -> None:
    folder = recording("sendy")
    events, _ = imported(folder)
    orders = set(sendy(folder)["Order No"])
    assert {kind: set(events.loc[events["type"] == kind, "order_id"]) for kind in STEP_TYPES} == dict.fromkeys(STEP_TYPES, orders)


def test_sendy_makes_as_many_events_of_each_type_as_the_file_has_rows(recording: Find) -> None:
    folder = recording("sendy")
    _, report = imported(folder)
    rows, riders = len(sendy(folder)), len(pd.read_csv(folder / "Riders.csv"))
    expected = {**dict.fromkeys(STEP_TYPES, rows), "position": 2 * rows, "profile_updated": riders}
    assert {kind: report.events[kind] for kind in expected} == expected


@pytest.mark.parametrize("event_type", STEP_TYPES)
def test_sendy_events_fall_on_the_day_weekday_and_clock_time_of_their_row(recording: Find, event_type: str) -> None:
    folder, step = recording("sendy"), STEP_TYPES[event_type]
    events, _ = imported(folder)
    local = pd.to_datetime(events[events["type"] == event_type].set_index("order_id")["occurred_at"], unit="s", utc=True)
    local = local.dt.tz_convert("Africa/Nairobi").sort_index()
    rows = sendy(folder).set_index("Order No").sort_index()
    made = pd.DataFrame(
        {"day": local.dt.day, "weekday": local.dt.day_of_week + 1, "clock": local.dt.strftime("%I:%M:%S %p").str.lstrip("0")}
    )
    names = {f"{step} - Day of Month": "day", f"{step} - Weekday (Mo = 1)": "weekday", f"{step} - Time": "clock"}
    assert (made.astype(str).to_numpy() == rows[list(names)].astype(str).to_numpy()).all()


def test_sendy_spans_of_an_order_are_those_of_its_row(recording: Find) -> None:
    folder = recording("sendy")
    events, _ = imported(folder)
    times = events[events["type"].isin(STEP_TYPES)].pivot(index="order_id", columns="type", values="occurred_at").sort_index()
    rows = sendy(folder).set_index("Order No").sort_index()
    assert (times["order_delivered"] - times["order_picked_up"]).tolist() == rows["Time from Pickup to Arrival"].tolist()


def test_sendy_steps_of_an_order_come_in_their_order(recording: Find) -> None:
    events, _ = imported(recording("sendy"))
    steps = events[events["type"].isin(STEP_TYPES)]
    orders = steps.groupby("order_id")["type"].agg(tuple)
    assert set(orders) == {tuple(STEP_TYPES)}


def test_sendy_reports_what_is_wrong_in_it(recording: Find) -> None:
    folder = recording("sendy")
    _, report = imported(folder)
    rows = sendy(folder)
    ride = rows["Time from Pickup to Arrival"]
    expected = {
        "confirmed before it was placed (the placement makes no event)": int((clock(rows, STEPS[1]) < clock(rows, STEPS[0])).sum()),
        "trip of under 30 s (tapped early or late)": int((ride < 30).sum()),
        "trip at over 80 km/h (tapped early or late)": int((rows["Distance (KM)"] / (ride / 3600) > 80).sum()),
    }
    assert {reason: finding.count for reason, finding in report.findings[Kind.noticed].items()} == expected
    assert sorted(expected.values()) == [5, 677, 966]


def test_doordash_makes_as_many_events_of_each_type_as_the_file_has_values(recording: Find) -> None:
    folder = recording("doordash_like")
    _, report = imported(folder)
    rows = doordash(folder)
    expected = {
        "arrived_at_restaurant": int(rows["at_restaurant"].notna().sum()),
        "order_delivered": len(rows),
        "earning_posted": int((rows["tip"].astype(float) > 0).sum()),
        "profile_updated": rows["driver_id"].nunique(),
    }
    assert {kind: report.events[kind] for kind in expected} == expected


def test_doordash_steps_of_an_order_come_in_their_order(recording: Find) -> None:
    events, _ = imported(recording("doordash_like"))
    kinds = ("order_accepted", "arrived_at_restaurant", "order_delivered")
    times = events[events["type"].isin(kinds)].pivot(index="order_id", columns="type", values="occurred_at")
    assert not (times["order_accepted"] > times["arrived_at_restaurant"]).any()
    assert not (times[["order_accepted", "arrived_at_restaurant"]].max(axis=1) > times["order_delivered"]).any()


def test_doordash_repairs_the_orders_delivered_before_they_were_placed(recording: Find) -> None:
    folder = recording("doordash_like")
    _, report = imported(folder)
    rows = doordash(folder)
    backwards = int((stamp(rows["delivered"]) < stamp(rows["placed"])).sum())
    assert report.count(Kind.repaired, "delivered 'before' it was placed: placed in the month before") == backwards == 57


def test_doordash_reports_every_missing_arrival(recording: Find) -> None:
    folder = recording("doordash_like")
    _, report = imported(folder)
    assert report.count(Kind.refused, "arrived_at_restaurant: at_restaurant is empty") == doordash(folder)["at_restaurant"].isna().sum()


def test_doordash_minutes_are_the_span_from_acceptance_to_delivery(recording: Find) -> None:
    events, _ = imported(recording("doordash_like"))
    delivered = events[events["type"] == "order_delivered"].set_index("order_id").sort_index()
    accepted = events[events["type"] == "order_accepted"].set_index("order_id")["occurred_at"].reindex(delivered.index)
    assert delivered["minutes"].isna().equals(accepted.isna())
    assert ((delivered["occurred_at"] - accepted) / 60 - delivered["minutes"]).abs().max() < 0.0051


def test_doordash_stamps_keep_their_day_and_clock_time(recording: Find) -> None:
    folder = recording("doordash_like")
    events, _ = imported(folder)
    rows = doordash(folder)
    for event_type, column in (("arrived_at_restaurant", "at_restaurant"), ("order_delivered", "delivered")):
        made = pd.to_datetime(events.loc[events["type"] == event_type, "occurred_at"], unit="s").dt.strftime("%d %H:%M:%S")
        assert sorted(made) == sorted(rows[column].dropna())


def test_liverpool_makes_a_position_of_every_ping(recording: Find) -> None:
    folder = recording("liverpool_bus")
    events, report = imported(folder)
    rows = pd.read_csv(folder / "route14_outbound.csv")
    made = events[events["type"] == "position"].set_index("event_id")
    made = made.loc["liverpool_bus-" + rows["id"].astype(str), ["lat", "lon", "heading"]]
    assert made.set_axis(rows.index).equals(
        rows[["latitude", "longitude", "bearing"]].set_axis(["lat", "lon", "heading"], axis=1).astype(float)
    )
    assert report.count(Kind.noticed, "bearing missing: position without heading") == rows["bearing"].isna().sum() == 399


def test_lade_makes_two_steps_a_parcel_and_refuses_two_fixes(recording: Find) -> None:
    folder = recording("lade")
    _, report = imported(folder)
    rows = pd.read_csv(folder / "delivery_jl_excerpt.csv")
    assert report.events["order_accepted"] == report.events["order_delivered"] == len(rows)
    blank = int(rows[["accept_gps_lng", "delivery_gps_lng"]].isna().sum().sum())
    assert report.count(Kind.refused, "position: no coordinates (nan)") == blank
    assert report.count(Kind.refused, "position: over 1 km from the address at which the parcel was handed over") == 1
