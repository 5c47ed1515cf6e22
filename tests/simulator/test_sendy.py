from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from simulator.importers import Kind, open_source

Draw = Callable[..., list[dict[str, object]]]
Write = Callable[..., Path]
STEPS = ("Placement", "Confirmation", "Arrival at Pickup", "Pickup", "Arrival at Destination")
CLOCKS = ("9:35:46 AM", "9:40:10 AM", "10:04:47 AM", "10:27:30 AM", "10:39:55 AM")


def order(
    number: int = 1, clocks: tuple[str, ...] = CLOCKS, days: tuple[tuple[int, int], ...] = ((9, 5),) * 5, **more: object
) -> dict[str, object]:
    """A row of Train.csv; `days` are (day of month, weekday) of each step."""
    dated = {
        f"{step} - {name}": value
        for step, (day, weekday), clock in zip(STEPS, days, clocks, strict=True)
        for name, value in (("Day of Month", day), ("Weekday (Mo = 1)", weekday), ("Time", clock))
    }
    places = {"Pickup Lat": -1.3, "Pickup Long": 36.8, "Destination Lat": -1.2, "Destination Long": 36.9}
    return {
        "Order No": f"Order_No_{number}",
        "Rider Id": "Rider_Id_7",
        "Vehicle Type": "Bike",
        "Distance (KM)": 4,
        **dated,
        **places,
        **more,
    }


def local(event: dict[str, object]) -> datetime:
    return datetime.fromtimestamp(float(str(event["occurred_at"])), ZoneInfo("Africa/Nairobi"))


def steps(events: list[dict[str, object]]) -> list[dict[str, object]]:
    return [event for event in events if "order_id" in event]


def test_an_order_becomes_four_steps_in_order(table: Write, drawn: Draw) -> None:
    events = steps(drawn(table("Train.csv", [order()])))
    assert [event["type"] for event in events] == ["order_accepted", "arrived_at_restaurant", "order_picked_up", "order_delivered"]


def test_a_step_stands_at_its_clock_time_in_nairobi(table: Write, drawn: Draw) -> None:
    events = steps(drawn(table("Train.csv", [order()])))
    assert [local(event).strftime("%d %u %H:%M:%S") for event in events] == [
        "09 5 09:40:10",
        "09 5 10:04:47",
        "09 5 10:27:30",
        "09 5 10:39:55",
    ]


def test_twelve_at_noon_and_at_midnight_are_told_apart(table: Write, drawn: Draw) -> None:
    clocks = ("11:50:00 AM", "12:00:00 PM", "12:30:00 PM", "1:00:00 PM", "11:59:59 PM")
    night = ("11:50:00 PM", "12:00:00 AM", "12:30:00 AM", "1:00:00 AM", "1:30:00 AM")
    events = steps(drawn(table("Train.csv", [order(1, clocks), order(2, night)])))
    assert sorted(local(event).strftime("%H:%M") for event in events) == sorted(
        ["12:00", "12:30", "13:00", "23:59", "00:00", "00:30", "01:00", "01:30"]
    )


def test_an_order_may_go_over_midnight_into_the_next_month(table: Write, drawn: Draw) -> None:
    days = ((31, 2), (31, 2), (31, 2), (1, 3), (1, 3))
    clocks = ("11:00:00 PM", "11:10:00 PM", "11:50:00 PM", "12:05:00 AM", "12:30:00 AM")
    events = steps(drawn(table("Train.csv", [order(1, clocks, days)])))
    assert [local(event).day for event in events] == [31, 31, 1, 1]
    assert float(str(events[-1]["occurred_at"])) - float(str(events[0]["occurred_at"])) == 80 * 60


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (order(days=((32, 5),) * 5), "no month has that day"),
        (order(days=((9, 5), (9, 5), (11, 5), (9, 5), (9, 5))), "does not fit the others"),
        (order(clocks=("9:00:00 AM", "9:05:00 AM", "25:00:00 AM", "9:30:00 AM", "9:40:00 AM")), "does not fit the others"),
        (order(clocks=("9:00:00 AM", "9:05:00 AM", "9:50:00 AM", "9:30:00 AM", "9:40:00 AM")), "before the step it follows"),
    ],
)
def test_an_order_that_has_no_place_in_time_is_refused_with_its_line(
    table: Write, drawn: Draw, row: dict[str, object], reason: str
) -> None:
    source = open_source(table("Train.csv", [order(5), row]))
    assert len(steps(drawn(source))) == 4
    (found,) = source.report.findings[Kind.refused].items()
    assert reason in found[0]
    assert found[1].examples == ["Train.csv:3"]


def test_what_is_derived_says_so_in_its_source(table: Write, drawn: Draw) -> None:
    sources = {event["type"]: event["source"] for event in drawn(table("Train.csv", [order()]))}
    assert sources == {
        "profile_updated": "sendy; profile derived",
        "logged_in": "sendy; session derived",
        "position": "sendy; date and position derived",
        "order_accepted": "sendy; date derived",
        "arrived_at_restaurant": "sendy; date derived",
        "order_picked_up": "sendy; date derived",
        "order_delivered": "sendy; date derived",
        "logged_out": "sendy; session derived",
    }


def test_the_positions_are_those_of_the_two_places(table: Write, drawn: Draw) -> None:
    events = drawn(table("Train.csv", [order()]))
    assert [(event["lat"], event["lon"]) for event in events if event["type"] == "position"] == [(-1.3, 36.8), (-1.2, 36.9)]


def test_a_place_off_the_map_makes_no_position(table: Write, drawn: Draw) -> None:
    source = open_source(table("Train.csv", [order(**{"Pickup Lat": 91, "Destination Long": "nan"})]))
    events = drawn(source)
    assert not [event for event in events if event["type"] == "position"]
    assert source.report.total(Kind.refused) == 2


def test_an_id_depends_on_the_row_alone(table: Write, drawn: Draw) -> None:
    first = {event["event_id"] for event in drawn(table("Train.csv", [order(1), order(2, days=((12, 5),) * 5)]))}
    again = {event["event_id"] for event in drawn(table("Train.csv", [order(2, days=((12, 5),) * 5), order(1)]))}
    assert first == again
    assert "sendy-Order_No_1-accepted" in first


def test_the_same_order_twice_is_refused_once(table: Write, drawn: Draw) -> None:
    source = open_source(table("Train.csv", [order(1), order(1)]))
    assert len(steps(drawn(source))) == 4
    assert source.report.total(Kind.refused) >= 4


def test_a_confirmation_before_its_placement_is_noticed_and_kept(table: Write, drawn: Draw) -> None:
    source = open_source(table("Train.csv", [order(clocks=("9:41:00 AM", *CLOCKS[1:]))]))
    assert len(steps(drawn(source))) == 4
    assert source.report.count(Kind.noticed, "confirmed before it was placed (the placement makes no event)") == 1


def test_a_rider_joined_as_many_days_before_the_recording_as_the_age_says(table: Write, drawn: Draw) -> None:
    train = table("Train.csv", [order()])
    table("Riders.csv", [{"Rider Id": "Rider_Id_7", "No_Of_Orders": 3, "Age": 10, "Average_Rating": 14, "No_of_Ratings": 2}])
    profile = next(event for event in drawn(train.parent) if event["type"] == "profile_updated")
    first_day = local(profile).date()
    assert (first_day - datetime.fromisoformat(str(profile["joined_on"])).date()).days == 10


def test_an_average_rating_makes_no_event_and_the_report_says_why(table: Write, drawn: Draw) -> None:
    train = table("Train.csv", [order()])
    table("Riders.csv", [{"Rider Id": "Rider_Id_9", "No_Of_Orders": 3, "Age": 10, "Average_Rating": 14, "No_of_Ratings": 2}])
    source = open_source(train.parent)
    assert "rating_received" not in {event["type"] for event in drawn(source)}
    assert any("0 to 15" in reason for reason in source.report.findings[Kind.unused])


def test_two_hours_without_a_trace_end_a_session(table: Write, drawn: Draw) -> None:
    noon = ("12:40:00 PM", "12:41:00 PM", "12:45:00 PM", "12:50:00 PM", "1:00:00 PM")
    events = drawn(table("Train.csv", [order(1), order(2, noon)]))
    kinds = [(event["type"], local(event).strftime("%H:%M:%S")) for event in events if str(event["type"]).startswith("logged")]
    assert kinds == [("logged_in", "09:39:10"), ("logged_out", "10:40:55"), ("logged_in", "12:40:00"), ("logged_out", "13:01:00")]
