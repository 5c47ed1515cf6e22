"""Fetched batches wait as bytes and are decoded a slice at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.intake import SLICE, Intake
from streams.merge import Merge
from streams.plan import Plan, Source
from streams.stats import Counters
from tests.journeys.shift import rules

NOW = 1_760_000_000.0
PLAN = Plan(rules=rules(), sources=(Source("ratings", "ratings", "ratings"),))


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes


def records(first: int, count: int) -> list[Record]:
    found = []
    for offset in range(first, first + count):
        event = {"type": "rating_received", "event_id": f"E{offset}", "partner_id": "P1", "occurred_at": NOW, "order_id": "O1", "stars": 5}
        found.append(Record(offset, 0, b"P1", json.dumps(event).encode()))
    return found


def spoiled(first: int, count: int) -> list[Record]:
    return [r._replace(value=b"{") for r in records(first, count)]


def intake() -> tuple[Intake, Merge, list[Any]]:
    letters: list[Any] = []
    merge = Merge(1, wait=5.0)
    merge.begin(0, 0)
    return Intake(0, PLAN, merge, letters.extend, Counters(["ratings"])), merge, letters


def offsets(taken: Sequence[Any]) -> list[int]:
    return [offset for _, _, offset, _ in taken]


@given(st.lists(st.integers(0, 2 * SLICE + 1), max_size=5))
def test_every_record_goes_once_in_order_whatever_the_batches(sizes: list[int]) -> None:
    held, merge, _ = intake()
    first, out = 0, list[int]()
    for size in sizes:
        held.put(0, records(first, size), first + size, NOW)
        first += size
    merge.heard(0, first, 0.0)
    while held.ready or merge.holds:
        held.fill(0.0)
        out += offsets(merge.take(0.0))
        assert merge.applied(0) == len(out)
    assert (out, held.waiting(0), held.holds, merge.applied(0)) == (list(range(first)), 0, False, first)


def test_no_more_is_decoded_than_goes_soon() -> None:
    held, merge, _ = intake()
    held.put(0, records(0, 3 * SLICE), 3 * SLICE, NOW)
    held.fill(0.0)
    held.fill(0.0)
    assert (merge.held(0), held.waiting(0), held.ready) == (SLICE, 2 * SLICE, False)


def test_small_batches_are_decoded_together() -> None:
    held, merge, _ = intake()
    for number in range(10):
        held.put(0, records(number, 1), number + 1, NOW)
    held.fill(0.0)
    assert merge.held(0) == 10


def test_where_no_event_came_of_a_slice_there_is_more_to_do_at_once() -> None:
    held, merge, letters = intake()
    held.put(0, spoiled(0, SLICE), SLICE, NOW)
    held.put(0, records(SLICE, 1), SLICE + 1, NOW)
    held.fill(0.0)
    assert (merge.held(0), merge.applied(0), len(letters), held.ready) == (0, SLICE, SLICE, True)


def test_a_batch_without_records_moves_the_position_in_its_turn() -> None:
    held, merge, _ = intake()
    held.put(0, records(0, 1), 1, NOW)
    held.put(0, [], 7, NOW)
    held.fill(0.0)
    merge.heard(0, 7, 0.0)
    assert (offsets(merge.take(0.0)), merge.applied(0)) == ([0], 7)
