"""What a worker does with its partitions, when time passes, and what ends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from events.structs import OUTPUT_STRUCTS
from streams.lane.restored import Restored
from streams.lane.terms import signed
from streams.plan import ORDER, Plan, Source
from streams.worker import Worker
from tests.streams.test_partition import LOADED, NOW, RATINGS, Record, record


class Producer:
    """Writes down what is sent where; `refuses` is a topic that fails."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.records: dict[str, int] = {}
        self.refuses = ""
        self.slow = asyncio.Event()
        self.slow.set()

    def create_batch(self) -> Any:
        batch = SimpleNamespace(records=[], close=lambda: None)
        batch.append = lambda **record: batch.records.append(record) or True
        return batch

    async def partitions_for(self, topic: str) -> set[int]:
        return {0, 1}

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
        await self.slow.wait()
        if topic == self.refuses:
            raise ConnectionError(f"{topic} refuses")
        self.order += [topic]
        self.records[topic] = self.records.get(topic, 0) + len(batch.records)
        return asyncio.ensure_future(_acknowledged())


async def _acknowledged() -> Any:
    return SimpleNamespace(offset=0)


class Consumer:
    """Where topics end, and who is held back."""

    def __init__(self) -> None:
        self.ends: dict[TP, int] = {}
        self.at: float | None = NOW
        self.held: set[TP] = set()
        self.acknowledged: dict[TP, int] = {}

    def acknowledged_offset(self, tp: TP) -> int:
        return self.acknowledged.get(tp, 0)

    def end_offset(self, tp: TP) -> int:
        return self.ends.get(tp, 0)

    def heard_at(self, tp: TP) -> float | None:
        return self.at

    def hold(self, tp: TP) -> None:
        self.held.add(tp)

    def release(self, tp: TP) -> None:
        self.held.discard(tp)


class Bench:
    """A worker with two partitions."""

    def __init__(self, clock: str = "wall", identities: dict[str, str] | None = None, **plan: Any) -> None:
        sources = tuple(Source(family, family, family) for family in ORDER)
        outputs = {struct: name for name, struct in OUTPUT_STRUCTS.items()}
        plan = Plan(rules=LOADED, sources=sources, outputs=outputs, clock=clock, future_tolerance=inf, features_every=1e9, **plan)
        self.producer, self.consumer = Producer(), Consumer()
        self.worker = Worker(plan, partitions=2, changelog="changelog", identities=identities)
        self.app: Any = SimpleNamespace(
            rebalancing=False, flow_control=SimpleNamespace(is_active=lambda: True), consumer=self.consumer, batch_producer=self.producer
        )
        self.worker.bind(self.app)

    async def open(self) -> None:
        await self.worker.opened({0: Restored(), 1: Restored()}, 1)
        self.worker.began({TP(family, number): 0 for family in ORDER for number in (0, 1)})

    def feed(self, family: int, *records: Record, number: int = 0) -> None:
        tp = TP(ORDER[family], number)
        self.worker.handed_on(tp, len(records))
        self.consumer.ends[tp] = records[-1].offset + 1
        self.worker.feed(SimpleNamespace(value=records, message=SimpleNamespace(tp=tp, offset=records[-1].offset)))

    async def pumped(self) -> None:
        pump = asyncio.ensure_future(self.worker.pump())
        for _ in range(50):
            await asyncio.sleep(0)
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


def story(told: Callable[[Bench], Coroutine[Any, Any, Any]], **kwargs: Any) -> Any:
    async def run() -> Any:
        bench = Bench(**kwargs)
        await bench.open()
        return await told(bench)

    return asyncio.run(run())


async def two_ratings(bench: Bench) -> None:
    bench.feed(RATINGS, record(0), record(1, at=NOW + 1))
    await bench.pumped()


def test_a_failed_output_ends_the_worker_without_waiting_for_a_commit() -> None:
    async def told(bench: Bench) -> tuple[bool, str]:
        bench.producer.refuses = "nudge"
        await two_ratings(bench)
        return bench.worker.ended.is_set(), str(bench.worker.failure)

    assert story(told) == (True, "nudge refuses")


def test_after_a_failure_nothing_is_committed_any_more() -> None:
    async def told(bench: Bench) -> None:
        await two_ratings(bench)
        bench.worker.failed(RuntimeError("half a batch"))
        await bench.worker.write_out()

    with pytest.raises(RuntimeError, match="half a batch"):
        story(told)


def test_after_a_failure_nothing_is_handed_on_any_more() -> None:
    async def told(bench: Bench) -> int:
        bench.worker.failed(RuntimeError("half a batch"))
        await two_ratings(bench)
        return bench.worker.counters.applied

    assert story(told) == 0


def test_partitions_that_were_taken_away_are_forgotten_with_all_that_was_held() -> None:
    async def told(bench: Bench) -> tuple[int, Any]:
        bench.feed(RATINGS, record(0))
        bench.worker.closed()
        return len(bench.worker.partitions), await bench.worker.write_out()

    assert story(told) == (0, {})


def test_partitions_that_are_taken_away_while_they_are_sought_are_no_fault() -> None:
    async def told(bench: Bench) -> Any:
        bench.worker.closed()
        bench.worker.began({TP("ratings", 0): 7})
        return await bench.worker.write_out()

    assert story(told) == {}


def test_partitions_that_are_taken_away_while_they_are_opened_are_not_kept() -> None:
    async def told(bench: Bench) -> list[int]:
        opening = asyncio.ensure_future(bench.worker.opened({5: _with_a_partner()}, 2))
        await asyncio.sleep(0)
        bench.worker.closed()
        await opening
        return list(bench.worker.partitions)

    assert story(told) == []


def test_of_two_openings_the_later_counts() -> None:
    async def told(bench: Bench) -> tuple[list[int], int]:
        first = asyncio.ensure_future(bench.worker.opened({0: Restored()}, 2))
        await asyncio.sleep(0)
        await bench.worker.opened({0: _with_a_partner()}, 2)
        await first
        return list(bench.worker.partitions), len(bench.worker.partitions[0].corridor.partners)

    assert story(told) == ([0], 1)


def _with_a_partner() -> Restored:
    restored = Restored()
    state = LOADED.dump(LOADED.new_state("P1"))
    restored.apply([Record(0, 0, b"P1", signed(1, state))])
    return restored


def test_with_the_wall_clock_silence_is_noticed() -> None:
    async def told(bench: Bench) -> float:
        await two_ratings(bench)
        bench.consumer.at = NOW + 500
        bench.worker.tick()
        return bench.worker.partitions[0].corridor.stream_time

    assert story(told) == NOW + 498


def test_time_stands_still_while_the_broker_does_not_answer() -> None:
    async def told(bench: Bench) -> float:
        await two_ratings(bench)
        bench.consumer.at = NOW + 3.5
        bench.worker.tick()
        bench.worker.tick()
        return bench.worker.partitions[0].corridor.stream_time

    assert story(told) == NOW + 1.5


def test_time_waits_for_what_is_known_to_come() -> None:
    async def told(bench: Bench) -> float:
        await two_ratings(bench)
        bench.consumer.at, bench.consumer.ends[TP("orders", 0)] = NOW + 500, 1
        bench.worker.tick()
        return bench.worker.partitions[0].corridor.stream_time

    assert story(told) == NOW + 1


def test_in_a_replay_only_events_move_time() -> None:
    async def told(bench: Bench) -> float:
        await two_ratings(bench)
        bench.consumer.at = NOW + 500
        bench.worker.tick()
        return bench.worker.partitions[0].corridor.stream_time

    assert story(told, clock="events") in (NOW + 1, -inf)


def test_a_partition_that_the_families_did_not_have_ends_the_worker() -> None:
    async def told(bench: Bench) -> str:
        bench.worker.began({TP("gps", 2): 0})
        return str(bench.worker.failure)

    assert "topic gps has 3 partitions and had 2" in story(told)


def test_partners_without_events_are_at_rest_after_a_while() -> None:
    async def told(bench: Bench) -> tuple[Any, Any]:
        await two_ratings(bench)
        await bench.worker.write_out()
        deadline = time.monotonic() + 30
        while (seen := bench.worker.snapshot())["awake"] and time.monotonic() < deadline:
            bench.worker.tick()
            await asyncio.sleep(0.001)
        return seen["awake"], seen["partners"]

    assert story(told, rest_after=0.01) == (0, 1)


def test_no_more_partners_are_awake_than_the_limit() -> None:
    async def told(bench: Bench) -> tuple[Any, Any]:
        for number in range(6):
            bench.feed(RATINGS, record(number, who=f"P{number}", at=NOW + number))
        await bench.pumped()
        seen = bench.worker.snapshot()
        return seen["awake"], seen["partners"]

    assert story(told, awake_limit=4) == (2, 6)  # of two partitions one is used


def test_a_partner_who_is_not_written_yet_does_not_rest() -> None:
    async def told(bench: Bench) -> Any:
        await two_ratings(bench)
        for _ in range(20):
            bench.worker.tick()
            await asyncio.sleep(0.001)
        return bench.worker.snapshot()["awake"]

    assert story(told, rest_after=0.001) == 1
