"""Records delivered exactly where the last delivery ended."""

from __future__ import annotations

from dataclasses import dataclass

from faust.types import TP

from streams.lane.continuity import Continuity, Reseek

ORDERS = TP("partner.orders", 0)


@dataclass(frozen=True)
class At:
    offset: int


def records(first: int, after: int) -> list[At]:
    return [At(o) for o in range(first, after)]


def begun(position: int) -> Continuity:
    continuity = Continuity()
    continuity.begin({ORDERS: position})
    return continuity


def test_records_that_continue_are_delivered() -> None:
    continuity = begun(5)
    assert continuity.accept(ORDERS, records(5, 8)) == records(5, 8)
    assert continuity.positions() == [(ORDERS, 8)]


def test_records_fetched_before_a_seek_and_delivered_after_it_are_dropped() -> None:
    continuity = begun(10)
    assert continuity.accept(ORDERS, records(5, 10)) == ()
    assert continuity.positions() == [(ORDERS, 10)]


def test_what_was_delivered_already_is_cut_off() -> None:
    assert begun(7).accept(ORDERS, records(5, 10)) == records(7, 10)


def test_a_hole_is_read_once_more_before_it_is_believed() -> None:
    continuity = begun(5)
    assert continuity.accept(ORDERS, records(9, 12)) == Reseek(5)
    assert continuity.positions() == [(ORDERS, 5)]


def test_a_hole_that_is_there_again_is_believed() -> None:
    continuity = begun(5)
    continuity.accept(ORDERS, records(9, 12))
    assert continuity.accept(ORDERS, records(9, 12)) == records(9, 12)


def test_a_hole_that_closes_was_none() -> None:
    continuity = begun(5)
    continuity.accept(ORDERS, records(9, 12))
    assert continuity.accept(ORDERS, records(5, 12)) == records(5, 12)


def test_a_second_hole_is_read_again_as_well() -> None:
    continuity = begun(5)
    continuity.accept(ORDERS, records(9, 12))
    continuity.accept(ORDERS, records(9, 12))
    assert continuity.accept(ORDERS, records(20, 22)) == Reseek(12)


def test_a_partition_that_is_not_ours_delivers_nothing() -> None:
    assert begun(5).accept(TP("partner.gps", 0), records(5, 6)) == ()


def test_a_partition_that_went_away_delivers_nothing() -> None:
    continuity = begun(5)
    continuity.forget([ORDERS])
    assert continuity.accept(ORDERS, records(5, 6)) == ()


def test_a_new_beginning_forgets_the_old_position() -> None:
    continuity = begun(50)
    continuity.begin({ORDERS: 3})
    assert continuity.accept(ORDERS, records(3, 4)) == records(3, 4)


def test_reading_on_without_a_record_is_believed_only_when_it_happens_twice() -> None:
    continuity = begun(5)
    assert not continuity.passed(ORDERS, 9)
    assert continuity.passed(ORDERS, 9)
    assert continuity.accept(ORDERS, records(9, 10)) == records(9, 10)


def test_a_record_that_was_lost_on_the_way_comes_when_it_is_read_again() -> None:
    continuity = begun(5)
    continuity.passed(ORDERS, 9)
    assert continuity.accept(ORDERS, records(5, 9)) == records(5, 9)


def test_reading_that_began_anew_by_itself_is_believed_when_it_is_seen_twice() -> None:
    continuity = begun(500)
    assert not continuity.fell_back(ORDERS, 0)
    assert continuity.fell_back(ORDERS, 20)


def test_reading_that_is_where_it_should_be_again_did_not_fall_back() -> None:
    continuity = begun(500)
    continuity.fell_back(ORDERS, 0)
    assert not continuity.fell_back(ORDERS, 500)
    assert not continuity.fell_back(ORDERS, 0)
