from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.importers import Kind, open_source

Draw = Callable[..., list[dict[str, object]]]
Write = Callable[..., Path]


def delivery(placed: str, sent: str, arrived: str, delivered: str, **more: object) -> dict[str, object]:
    """A row of deliveries.csv."""
    stamps = {"placed": placed, "to_restaurant": sent, "at_restaurant": arrived, "delivered": delivered}
    return {**stamps, "driver_id": 279, "restaurant_id": 50, "consumer_id": 6738, "tip": 0.82, "refund": 0, **more}


ROW = delivery("13 18:00:00", "13 18:10:00", "13 18:20:00", "13 19:12:30")


def of_type(events: list[dict[str, object]], event_type: str) -> dict[str, object]:
    return next(event for event in events if event["type"] == event_type)


def moment(event: dict[str, object]) -> str:
    return datetime.fromtimestamp(float(str(event["occurred_at"])), UTC).strftime("%m-%d %H:%M:%S")


def test_a_delivery_becomes_an_acceptance_an_arrival_a_delivery_and_a_tip(table: Write, drawn: Draw) -> None:
    events = drawn(table("d.csv", [ROW]))
    assert [event["type"] for event in events] == [
        *("profile_updated", "logged_in", "order_accepted", "arrived_at_restaurant", "order_delivered", "earning_posted", "logged_out"),
    ]


def test_the_acceptance_is_derived_from_the_moment_the_order_went_to_the_restaurant(table: Write, drawn: Draw) -> None:
    accepted = of_type(drawn(table("d.csv", [ROW])), "order_accepted")
    assert (moment(accepted)[-8:], accepted["source"]) == ("18:10:00", "doordash_like; date and acceptance derived")


def test_an_order_sent_after_the_driver_arrived_was_accepted_at_arrival(table: Write, drawn: Draw) -> None:
    source = open_source(table("d.csv", [delivery("13 18:00:00", "13 18:30:00", "13 18:20:00", "13 19:00:00")]))
    assert moment(of_type(drawn(source), "order_accepted"))[-8:] == "18:20:00"
    assert source.report.total(Kind.repaired) == 1


def test_an_order_without_a_moment_of_acceptance_is_only_delivered(table: Write, drawn: Draw) -> None:
    source = open_source(table("d.csv", [delivery("13 18:00:00", "", "", "13 19:00:00")]))
    assert "minutes" not in of_type(drawn(source), "order_delivered")
    assert source.report.count(Kind.refused, "arrived_at_restaurant: at_restaurant is empty") == 1


def test_minutes_run_from_acceptance_to_delivery(table: Write, drawn: Draw) -> None:
    assert of_type(drawn(table("d.csv", [ROW])), "order_delivered")["minutes"] == 62.5


def test_a_second_over_the_hour_is_over_sixty_minutes(table: Write, drawn: Draw) -> None:
    row = delivery("13 18:00:00", "13 18:00:00", "", "13 19:00:01")
    assert float(str(of_type(drawn(table("d.csv", [row])), "order_delivered")["minutes"])) > 60


def test_an_order_delivered_before_it_was_placed_was_placed_in_the_month_before(table: Write, drawn: Draw) -> None:
    source = open_source(table("d.csv", [delivery("31 23:54:10", "31 23:55:48", "01 00:02:40", "01 00:19:21")]))
    events = drawn(source)
    times = [moment(of_type(events, event_type)) for event_type in ("order_accepted", "arrived_at_restaurant", "order_delivered")]
    assert times == ["03-31 23:55:48", "04-01 00:02:40", "04-01 00:19:21"]
    assert source.report.total(Kind.repaired) == 1


def test_deliveries_on_the_31st_are_put_into_a_month_that_has_it(table: Write, drawn: Draw) -> None:
    rows = [delivery("31 18:00:00", "31 18:10:00", "", "31 19:00:00"), delivery("31 23:00:00", "31 23:10:00", "", "01 00:19:21")]
    assert {moment(event)[:5] for event in drawn(table("d.csv", rows)) if event["type"] == "order_delivered"} == {"08-31", "08-01"}


def test_a_tip_is_an_earning_in_dollars(table: Write, drawn: Draw) -> None:
    tip = of_type(drawn(table("d.csv", [ROW])), "earning_posted")
    assert (tip["amount"], tip["currency"], tip["kind"]) == (0.82, "USD", "tip")


@pytest.mark.parametrize("tip", ["0", "", "nan"])
def test_no_tip_makes_no_earning(table: Write, drawn: Draw, tip: str) -> None:
    assert "earning_posted" not in {event["type"] for event in drawn(table("d.csv", [{**ROW, "tip": tip}]))}


@pytest.mark.parametrize("stamp", ["", "32 10:00:00", "13 24:00:00", "yesterday"])
def test_a_delivery_without_a_moment_is_refused(table: Write, drawn: Draw, stamp: str) -> None:
    source = open_source(table("d.csv", [ROW, {**ROW, "delivered": stamp}]))
    drawn(source)
    assert source.report.findings[Kind.refused]["delivered or placed is no moment (DD HH:MM:SS)"].examples == ["d.csv:3"]


def test_sessions_are_marked_as_derived(table: Write, drawn: Draw) -> None:
    assert of_type(drawn(table("d.csv", [ROW])), "logged_in")["source"] == "doordash_like; session derived"


def test_a_night_between_acceptance_and_delivery_is_not_a_session(table: Write, drawn: Draw) -> None:
    events = drawn(table("d.csv", [delivery("12 22:00:00", "12 23:00:00", "13 18:20:00", "13 19:00:00")]))
    assert [event["type"] for event in events if str(event["type"]).startswith("logged")] == ["logged_in", "logged_out"] * 2
