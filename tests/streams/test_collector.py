"""What the cyclic collector does not look at."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from streams import collector
from tests.streams.test_partition import NOW, RATINGS, record
from tests.streams.test_worker import Bench, story, two_ratings


def test_many_who_woke_up_are_not_looked_at_by_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MANY_WOKEN", 3)

    async def told(bench: Bench) -> list[int]:
        frozen = []
        for number in range(4):
            bench.feed(RATINGS, record(number, who=f"P{number}", at=NOW + number))
            await bench.pumped()
            bench.worker.tick()
            frozen.append(gc.get_freeze_count())
        return frozen

    first, second, third, fourth = story(told)
    gc.unfreeze()
    assert first >= second < third >= fourth  # what was frozen and is gone is not counted


def test_a_partition_that_is_taken_away_leaves_nothing_that_only_the_collector_would_find() -> None:
    async def told(bench: Bench) -> list[weakref.ref[Any]]:
        await two_ratings(bench)
        await bench.worker.write_out()
        bench.feed(RATINGS, record(2, at=NOW + 2))
        await bench.pumped()
        bench.worker.tick()
        left = [weakref.ref(kept) for home in bench.worker.partitions.values() for kept in (home, home.corridor, home.merge)]
        bench.worker.closed()
        return left

    gc.disable()
    try:
        assert [kept() for kept in story(told)] == [None] * 6
    finally:
        gc.enable()


def test_what_was_kept_and_went_in_a_cycle_is_gone_at_the_next_hand_over() -> None:
    class Knot:
        itself: Any

    with collector.long_lived():
        knot = Knot()
        knot.itself = knot
    left = weakref.ref(knot)
    del knot
    gc.collect()
    assert left() is not None
    with collector.long_lived():
        assert left() is None
    gc.unfreeze()
