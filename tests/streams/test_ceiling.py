"""A partner whose app sends 10,000 events a second: the state stays under its ceiling, which is said, and nobody else notices."""

from __future__ import annotations

import logging

import pytest

from streams.lane.terms import HEADER
from tests.streams.test_partition import NOW, RATINGS, Bench, record

LIMIT = 16_384


def flood(bench: Bench, first: int, count: int) -> None:
    bench.feed(RATINGS, *[record(n, who="WILD", at=NOW + n / 10_000) for n in range(first, first + count)], position=first + count)


def test_no_snapshot_of_a_flooded_state_is_over_the_ceiling() -> None:
    bench, sizes = Bench(state_limit=LIMIT), []
    for second in range(3):
        flood(bench, second * 10_000, 10_000)
        sizes += [len(value) - HEADER for key, value in bench.run().records if key == b"WILD" and value is not None]
    assert len(sizes) == 3
    assert LIMIT / 2 < max(sizes) <= LIMIT
    assert bench.partition.corridor.house.dropped > 10_000


def test_who_is_not_flooded_loses_nothing() -> None:
    bench, alone = Bench(state_limit=LIMIT), Bench(state_limit=LIMIT)
    for each in (bench, alone):
        each.feed(RATINGS, record(0, who="P2"))
        each.run()
    flood(bench, 1, 10_000)
    bench.run()
    for each, offset in ((bench, 10_001), (alone, 1)):
        each.feed(RATINGS, record(offset, who="P2", at=NOW + 5))
        each.run()
    ids = [{o.nudge_id for o in each.told if o.type == "nudge" and o.partner_id == "P2"} for each in (bench, alone)]
    assert len(ids[0]) == 1
    assert len(ids[1]) == 1
    assert bench.partition.corridor.partners["P2"].dropped == 0


def test_it_is_said_once_which_parts_were_largest(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(state_limit=LIMIT)
    with caplog.at_level(logging.WARNING):
        for second in range(2):
            flood(bench, second * 10_000, 10_000)
            bench.run()
    said = [r.getMessage() for r in caplog.records if "NUDGELINE_STATE_LIMIT" in r.getMessage()]
    assert len(said) == 1
    assert said[0].startswith("the state of partner WILD was over NUDGELINE_STATE_LIMIT: its oldest ")
    assert "nudge low_ratings" in said[0]


def test_a_state_under_the_ceiling_is_left_alone() -> None:
    bench = Bench(state_limit=LIMIT)
    flood(bench, 0, 50)
    bench.run()
    assert bench.partition.corridor.partners["WILD"].dropped == 0
