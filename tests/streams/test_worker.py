"""The order in which a worker writes, and what ends it."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Callable, Coroutine
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from events.structs import OUTPUT_STRUCTS
from streams import worker as worker_module
from streams.errors import TopicFault
from streams.lane.restored import Restored
from streams.lane.terms import SOURCES, sealed
from streams.partition import ORDER, Plan, Source
from streams.worker import HIGH, LOW, Worker
from tests.streams.test_partition import GPS, LOADED, NOW, RATINGS, Record, record


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

    def __init__(self, clock: str = "wall", **plan: Any) -> None:
        sources = tuple(Source(family, family, family) for family in ORDER)
        outputs = {struct: name for name, struct in OUTPUT_STRUCTS.items()}
        plan = Plan(rules=LOADED, sources=sources, outputs=outputs, clock=clock, future_tolerance=inf, features_every=1e9, **plan)
        self.producer, self.consumer = Producer(), Consumer()
        self.worker = Worker(plan, partitions=2, changelog="changelog")
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


def test_outputs_are_acknowledged_before_the_changelog_is_sent() -> None:
    async def told(bench: Bench) -> list[str]:
        bench.producer.slow.clear()
        await two_ratings(bench)
        writing = asyncio.ensure_future(bench.worker.write_out())
        for _ in range(20):
            await asyncio.sleep(0)
        bench.producer.slow.set()
        await writing
        return bench.producer.order

    order = story(told)
    assert order[-1] == "changelog"
    assert {"decision", "nudge"} < set(order[:-1])


def test_offsets_are_given_out_only_after_the_changelog() -> None:
    async def told(bench: Bench) -> tuple[list[str], Any]:
        await two_ratings(bench)
        offsets = await bench.worker.write_out()
        return bench.producer.order, offsets[TP("ratings", 0)]

    order, offset = story(told)
    assert (order[-1], offset) == ("changelog", 2)


@pytest.mark.parametrize("topic", ["nudge", "changelog"])
def test_no_offset_is_given_out_when_a_write_fails(topic: str) -> None:
    async def told(bench: Bench) -> None:
        bench.producer.refuses = topic
        await two_ratings(bench)
        await bench.worker.write_out()

    with pytest.raises(ConnectionError):
        story(told)


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


def test_a_commit_cut_off_in_the_middle_is_followed_by_none() -> None:
    """Partners that it took for written are not."""

    async def told(bench: Bench) -> Any:
        await two_ratings(bench)
        bench.producer.slow.clear()
        writing = asyncio.ensure_future(bench.worker.write_out())
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        bench.producer.slow.set()
        return await bench.worker.write_out()

    assert story(told) == {}


def test_partitions_that_were_taken_away_are_forgotten_with_all_that_was_held() -> None:
    async def told(bench: Bench) -> tuple[int, Any]:
        bench.feed(RATINGS, record(0))
        bench.worker.closed()
        return len(bench.worker.partitions), await bench.worker.write_out()

    assert story(told) == (0, {})


def test_no_offset_is_given_out_by_a_write_that_partitions_were_taken_away_under() -> None:
    """Whoever has them now may have read the changelog before this write was in it, and would begin behind what it lacks."""

    async def told(bench: Bench) -> Any:
        await two_ratings(bench)
        bench.producer.slow.clear()
        writing = asyncio.ensure_future(bench.worker.write_out())
        await asyncio.sleep(0)
        bench.worker.closed()
        await bench.open()
        bench.producer.slow.set()
        return await writing

    assert story(told) == {}


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


def _with_a_partner() -> Restored:
    restored = Restored()
    state = LOADED.dump(LOADED.new_state("P1"))
    restored.apply([Record(0, 0, b"P1", b"\0" * 8 + state)])
    return restored


def test_a_family_far_ahead_is_held_back_and_taken_up_again() -> None:
    async def told(bench: Bench) -> tuple[bool, bool]:
        bench.consumer.ends[TP("orders", 0)] = 1  # there is an order, and it has not come yet
        bench.feed(GPS, *[record(n, "position", at=NOW + n) for n in range(HIGH + 1)])
        await bench.pumped()
        held = TP("gps", 0) in bench.consumer.held
        bench.feed(ORDER.index("orders"), record(0, "order_accepted", at=NOW + HIGH))
        await bench.pumped()
        return held, TP("gps", 0) in bench.consumer.held

    assert LOW < HIGH
    assert story(told) == (True, False)


def test_what_is_held_back_does_not_wait_for_news_of_itself() -> None:
    async def told(bench: Bench) -> tuple[bool, bool]:
        bench.consumer.heard_at = lambda tp: time.time() + (-60 if tp in bench.consumer.held else 60)  # type: ignore[method-assign]
        bench.feed(GPS, *[record(n, "position", at=NOW + n) for n in range(HIGH + 1)])
        held = TP("gps", 0) in bench.consumer.held
        await bench.pumped()
        return held, TP("gps", 0) in bench.consumer.held

    assert story(told, clock="events") == (True, False)


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


def test_statistics_say_what_was_done_and_where_it_stands() -> None:
    async def told(bench: Bench) -> dict[str, Any]:
        await two_ratings(bench)
        bench.consumer.ends[TP("orders", 0)] = 3
        return bench.worker.snapshot()

    found = story(told)
    assert (found["applied"], found["nudges"], found["lag"], found["partners"]) == (2, {"low_ratings": 1}, 3, 1)


async def many_ratings(bench: Bench, first: int, count: int) -> None:
    """Two for each partner: the second makes a nudge and a decision."""
    for number in range(first, first + count):
        bench.feed(RATINGS, record(number, who=f"P{number // 2}", at=NOW + number * 0.001))
    await bench.pumped()


def test_outputs_that_do_not_leave_hold_back_what_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MOST_OUT", 20_000)

    async def told(bench: Bench) -> tuple[int, int, bool]:
        bench.producer.slow.clear()
        await many_ratings(bench, 0, 1200)
        applied = bench.worker.counters.applied
        await many_ratings(bench, 1200, 300)
        return applied, bench.worker.counters.applied, TP("ratings", 0) in bench.consumer.held

    before, after, held = story(told)
    assert (0 < before < 1500, after, held) == (True, before, True)


def test_when_outputs_leave_again_everything_goes_on_and_nothing_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MOST_OUT", 20_000)

    async def told(bench: Bench) -> tuple[int, int, int, set[TP]]:
        bench.producer.slow.clear()
        await many_ratings(bench, 0, 3000)
        bench.producer.slow.set()
        while bench.worker.counters.applied < 3000:
            await bench.pumped()
        await bench.worker.write_out()
        await bench.pumped()
        return bench.worker.counters.applied, bench.worker.counters.decisions.total(), bench.worker._box.waiting, bench.consumer.held

    assert story(told) == (3000, 1500, 0, set())


def test_bad_records_whose_letters_do_not_leave_hold_back_what_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MOST_OUT", 20_000)

    async def told(bench: Bench) -> bool:
        bench.producer.slow.clear()
        for number in range(3):
            bench.feed(RATINGS, Record(number, 0, b"P1", b"{" * 20_000))
            await bench.pumped()
        return TP("ratings", 0) in bench.consumer.held

    assert story(told)


def test_time_waits_while_outputs_do_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MOST_OUT", 0)

    async def told(bench: Bench) -> float:
        bench.producer.slow.clear()
        await two_ratings(bench)
        bench.consumer.at = NOW + 500
        bench.worker.tick()
        return bench.worker.partitions[0].corridor.stream_time

    assert story(told) == NOW + 1


def test_states_made_from_another_topic_are_not_opened() -> None:
    async def told(bench: Bench) -> None:
        bench.worker._identities = {"gps": "b"}
        restored = Restored()
        restored.apply([Record(0, 0, SOURCES, sealed(1, b'{"gps":"a"}'))])
        await bench.worker.opened({0: restored}, 2)

    with pytest.raises(TopicFault, match="topic gps was deleted and made anew"):
        story(told)


def test_the_changelog_is_told_once_which_topics_its_states_are_made_from() -> None:
    async def told(bench: Bench) -> list[int]:
        bench.worker._identities = {"ratings": "a"}
        await bench.worker.opened({0: Restored()}, 1)
        bench.worker.began({TP(family, 0): 0 for family in ORDER})
        sizes = []
        for number in (0, 1):
            bench.feed(RATINGS, record(number, at=NOW + number))
            await bench.pumped()
            before = bench.producer.records.get("changelog", 0)
            await bench.worker.write_out()
            sizes.append(bench.producer.records["changelog"] - before)
        return sizes

    assert story(told) == [3, 2]  # topics, state, mark; state, mark


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


def test_many_who_woke_up_are_not_looked_at_by_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MANY_WOKEN", 3)

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
