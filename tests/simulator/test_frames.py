import json

import numpy as np
import pytest

from simulator.importers import Cut, Kind, Report
from simulator.importers.frames import Frame, TableSource

T0 = 1_700_000_000


def frame(event_type: str, *times: float, prefix: str = "e", **fields: list[object]) -> Frame:
    """Events of partner p, so many seconds after T0."""
    size = len(times)
    ids = [f"{prefix}-{event_type}-{number}" for number in range(size)]
    return Frame(event_type, "f.csv", list(range(2, size + 2)), T0 + np.array(times, dtype="float64"), ["p"] * size, ids, "test", fields)


def source(*frames: Frame) -> TableSource:
    return TableSource("test", frames, Report("test"))


def drawn(from_source: TableSource, cut: Cut | None = None) -> list[tuple[str, float]]:
    values = [json.loads(record.value) for record in from_source.events(cut or Cut())]
    return [(value["type"], value["occurred_at"] - T0) for value in values]


def test_events_are_drawn_in_the_order_of_time() -> None:
    assert drawn(source(frame("logged_in", 5, 1), frame("logged_out", 3))) == [("logged_in", 1), ("logged_out", 3), ("logged_in", 5)]


def test_events_of_one_moment_are_drawn_in_the_order_of_life() -> None:
    late = source(frame("logged_out", 1), frame("position", 1, lat=[1.0], lon=[1.0]), frame("logged_in", 1))
    assert [event_type for event_type, _ in drawn(late)] == ["logged_in", "position", "logged_out"]


def test_an_event_against_the_contract_is_refused_with_its_field_and_line() -> None:
    bad = source(frame("position", 1, 2, lat=[91.0, 1.0], lon=[1.0, 1.0]))
    assert len(drawn(bad)) == 1
    ((reason, finding),) = bad.report.findings[Kind.refused].items()
    assert reason.startswith("position against the contract: lat")
    assert finding.examples == ["f.csv:2"]


def test_a_missing_value_is_left_out_of_the_event() -> None:
    (record,) = source(frame("position", 1, lat=[1.0], lon=[1.0], heading=[None])).events()
    assert "heading" not in json.loads(record.value)


def test_an_id_told_twice_is_refused() -> None:
    doubled = source(frame("logged_in", 1), frame("logged_in", 2))
    assert len(drawn(doubled)) == 1
    assert doubled.report.total(Kind.refused) == 1


def test_a_record_is_keyed_by_its_partner_and_names_its_family() -> None:
    (record,) = source(frame("logged_in", 1)).events()
    assert (record.family, record.key, record.occurred_at) == ("session", b"p", T0 + 1)


@pytest.mark.parametrize(
    ("cut", "times"),
    [
        (Cut(begin=T0 + 2), [2, 3]),
        (Cut(until=T0 + 3), [1, 2]),
        (Cut(limit=2), [1, 2]),
        (Cut(begin=T0 + 2, limit=1), [2]),
        (Cut(shift=10), [11, 12, 13]),
        (Cut(begin=T0 + 2, shift=10), [12, 13]),
    ],
)
def test_a_cut_takes_a_part_and_may_move_it(cut: Cut, times: list[float]) -> None:
    assert [at for _, at in drawn(source(frame("logged_in", 1, 2, 3)), cut)] == times


def test_the_report_counts_what_was_drawn() -> None:
    part = source(frame("logged_in", 1, 2, 3))
    drawn(part, Cut(limit=2))
    assert part.report.events == {"logged_in": 2}


def test_the_share_done_ends_at_one() -> None:
    whole = source(frame("logged_in", 1, 2, 3))
    drawn(whole)
    assert whole.done == 1.0


def test_the_span_of_nothing_is_nothing() -> None:
    assert source().span() is None
    assert source(frame("logged_in", 1)).span(Cut(begin=T0 + 2)) is None


def test_the_span_is_that_of_the_cut() -> None:
    assert source(frame("logged_in", 1, 2, 3)).span(Cut(begin=T0 + 2)) == (T0 + 2, T0 + 3)
