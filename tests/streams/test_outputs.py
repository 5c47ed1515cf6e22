"""Outputs that do not leave."""

from __future__ import annotations

import pytest
from faust.types import TP

from streams import outputs
from tests.streams.test_partition import NOW, RATINGS, Record, record
from tests.streams.test_worker import Bench, story, two_ratings


async def many_ratings(bench: Bench, first: int, count: int) -> None:
    """Two for each partner: the second makes a nudge and a decision."""
    for number in range(first, first + count):
        bench.feed(RATINGS, record(number, who=f"P{number // 2}", at=NOW + number * 0.001))
    await bench.pumped()


def test_outputs_that_do_not_leave_hold_back_what_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "MOST_OUT", 20_000)

    async def told(bench: Bench) -> tuple[int, int, bool]:
        bench.producer.slow.clear()
        await many_ratings(bench, 0, 1200)
        applied = bench.worker.counters.applied
        await many_ratings(bench, 1200, 300)
        return applied, bench.worker.counters.applied, TP("ratings", 0) in bench.consumer.held

    before, after, held = story(told)
    assert (0 < before < 1500, after, held) == (True, before, True)


def test_when_outputs_leave_again_everything_goes_on_and_nothing_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "MOST_OUT", 20_000)

    async def told(bench: Bench) -> tuple[int, int, int, set[TP]]:
        bench.producer.slow.clear()
        await many_ratings(bench, 0, 3000)
        bench.producer.slow.set()
        while bench.worker.counters.applied < 3000:
            await bench.pumped()
        await bench.worker.write_out()
        await bench.pumped()
        return bench.worker.counters.applied, bench.worker.counters.decisions.total(), bench.worker.outputs.waiting, bench.consumer.held

    assert story(told) == (3000, 1500, 0, set())


def test_bad_records_whose_letters_do_not_leave_hold_back_what_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "MOST_OUT", 20_000)

    async def told(bench: Bench) -> bool:
        bench.producer.slow.clear()
        for number in range(3):
            bench.feed(RATINGS, Record(number, 0, b"P1", b"{" * 20_000))
            await bench.pumped()
        return TP("ratings", 0) in bench.consumer.held

    assert story(told)


def test_time_waits_while_outputs_do_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "MOST_OUT", 0)

    async def told(bench: Bench) -> float:
        bench.producer.slow.clear()
        await two_ratings(bench)
        bench.consumer.at = NOW + 500
        bench.worker.tick()
        return bench.worker.partitions[0].corridor.stream_time

    assert story(told) == NOW + 1
