"""Outputs leave at once and together, and a commit waits for those before it."""

from __future__ import annotations

import asyncio
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.partitioner import murmur2

from streams.lane.outbox import Outbox, Record, send_records


class Batch:
    """A batch that takes `room` records."""

    def __init__(self, room: int) -> None:
        self.room, self.records = room, []  # type: int, list[Record]

    def append(self, *, key: bytes | None, value: bytes | None, timestamp: None) -> bool | None:
        if len(self.records) == self.room:
            return None
        self.records.append((key, value))
        return True

    def close(self) -> None:
        self.room = len(self.records)


class Producer:
    """Keeps what it was given; acknowledges when `open` is set, or fails with `error`."""

    def __init__(self, *, room: int = 100, partitions: int = 4) -> None:
        self.room, self.partitions, self.error = room, partitions, None  # type: int, int, Exception | None
        self.failing = inf  # so many sends fail, if any does
        self.sent: list[tuple[str, int, list[Record]]] = []
        self.open = asyncio.Event()
        self.open.set()

    def create_batch(self) -> Batch:
        return Batch(self.room)

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(self.partitions))

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Any:
        self.sent.append((topic, partition, batch.records))
        return asyncio.ensure_future(self._acknowledge(len(self.sent)))

    async def _acknowledge(self, offset: int) -> Any:
        await self.open.wait()
        if self.error is not None and offset <= self.failing:
            raise self.error
        return SimpleNamespace(offset=offset * 100)

    def values(self) -> list[bytes | None]:
        return [value for _, _, records in self.sent for _, value in records]


def box(producer: Producer, failures: list[BaseException] | None = None) -> Outbox:
    return Outbox(producer, 4, [].append if failures is None else failures.append)


async def let_run() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_records_leave_without_waiting_for_a_commit() -> None:
    async def story() -> list[bytes | None]:
        producer = Producer()
        box(producer).put("nudges", 2, [(b"p", b"1")])
        await let_run()
        return producer.values()

    assert asyncio.run(story()) == [b"1"]


def test_what_is_put_during_a_flight_goes_together_with_the_next() -> None:
    async def story() -> list[list[Record]]:
        producer = Producer()
        producer.open.clear()
        outbox = box(producer)
        for n in range(4):
            outbox.put("nudges", 2, [(b"p", str(n).encode())])
            await let_run()
        producer.open.set()
        await outbox.settle()
        return [records for _, _, records in producer.sent]

    assert [len(records) for records in asyncio.run(story())] == [1, 3]


def test_settling_waits_for_what_was_put_before_it() -> None:
    async def story() -> tuple[bool, bool]:
        producer = Producer()
        producer.open.clear()
        outbox = box(producer)
        outbox.put("nudges", 0, [(b"p", b"1")])
        settling = asyncio.ensure_future(outbox.settle())
        await let_run()
        before = settling.done()
        producer.open.set()
        await settling
        return before, settling.done()

    assert asyncio.run(story()) == (False, True)


def test_an_output_put_and_not_yet_sent_is_waited_for() -> None:
    """Registered before the first await: a commit in the same moment must not miss it."""

    async def story() -> list[bytes | None]:
        producer = Producer()
        outbox = box(producer)
        outbox.put("nudges", 0, [(b"p", b"1")])
        await outbox.settle()
        return producer.values()

    assert asyncio.run(story()) == [b"1"]


def test_settling_does_not_wait_for_what_is_put_after_it() -> None:
    async def story() -> bool:
        producer = Producer()
        outbox = box(producer)
        outbox.put("nudges", 0, [(b"p", b"1")])
        settling = asyncio.ensure_future(outbox.settle())
        await let_run()
        producer.open.clear()
        outbox.put("nudges", 0, [(b"p", b"2")])
        await let_run()
        return settling.done()

    assert asyncio.run(story())


def test_settling_ends_though_more_is_put_without_a_pause() -> None:
    async def story() -> int:
        producer = Producer()
        outbox = box(producer)
        outbox.put("nudges", 2, [(b"p", b"first")])

        async def go_on() -> None:
            while True:
                outbox.put("nudges", 2, [(b"p", b"more")])
                await asyncio.sleep(0)

        more = asyncio.create_task(go_on())
        async with asyncio.timeout(5.0):
            await outbox.settle()
        more.cancel()
        return len(producer.values())

    assert asyncio.run(story()) < 50


@pytest.mark.parametrize("turns", range(12))
def test_settling_at_any_turn_of_the_loop_waits_for_the_second_of_two_flights(turns: int) -> None:
    """Between the end of a flight and the moment at which the loop tells it, too: waiting for what is over does not let the loop go on."""

    async def story() -> list[bytes | None]:
        producer = Producer()
        producer.open.clear()
        outbox = box(producer)
        outbox.put("nudges", 2, [(b"p", b"1")])
        await let_run()
        outbox.put("nudges", 2, [(b"p", b"2")])
        producer.open.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        await outbox.settle()
        return producer.values()

    assert asyncio.run(story()) == [b"1", b"2"]


def test_a_failed_flight_is_told_at_once() -> None:
    async def story() -> list[BaseException]:
        producer, failures = Producer(), []  # type: Producer, list[BaseException]
        producer.error = ConnectionError("gone")
        box(producer, failures).put("nudges", 0, [(b"p", b"1")])
        await let_run()
        return failures

    assert [str(f) for f in asyncio.run(story())] == ["gone"]


def test_settling_fails_when_a_flight_failed() -> None:
    async def story() -> None:
        producer = Producer()
        producer.error = ConnectionError("gone")
        outbox = box(producer)
        outbox.put("nudges", 0, [(b"p", b"1")])
        await let_run()
        await outbox.settle()

    with pytest.raises(ConnectionError):
        asyncio.run(story())


@pytest.mark.parametrize("turns", range(8))
def test_settling_fails_when_a_flight_failed_and_more_was_put_at_any_turn_of_the_loop(turns: int) -> None:
    async def story() -> None:
        producer = Producer()
        producer.error, producer.failing = ConnectionError("gone"), 1
        outbox = box(producer)
        outbox.put("nudges", 0, [(b"p", b"1")])
        for _ in range(turns):
            await asyncio.sleep(0)
        outbox.put("nudges", 0, [(b"p", b"2")])
        async with asyncio.timeout(5):
            await outbox.settle()

    with pytest.raises(ConnectionError):
        asyncio.run(story())


def test_records_of_a_topic_and_number_keep_their_order() -> None:
    async def story() -> list[bytes | None]:
        producer = Producer(room=3)
        outbox = box(producer)
        for n in range(10):
            outbox.put("nudges", 1, [(b"p", str(n).encode())])
        await outbox.settle()
        return producer.values()

    assert asyncio.run(story()) == [str(n).encode() for n in range(10)]


def test_an_output_lies_in_the_partition_of_its_source_when_there_are_as_many() -> None:
    async def story() -> int:
        producer = Producer(partitions=4)
        outbox = box(producer)
        outbox.put("nudges", 3, [(b"p", b"1")])
        await outbox.settle()
        return producer.sent[0][1]

    assert asyncio.run(story()) == 3


def test_an_output_lies_where_java_would_put_its_key_when_there_are_not_as_many() -> None:
    async def story() -> dict[bytes | None, int]:
        producer = Producer(partitions=7)
        outbox = box(producer)
        outbox.put("nudges", 3, [(f"P{n}".encode(), b"1") for n in range(50)])
        await outbox.settle()
        return {key: partition for _, partition, records in producer.sent for key, _ in records}

    assert asyncio.run(story()) == {(key := f"P{n}".encode()): (murmur2(key) & 0x7FFFFFFF) % 7 for n in range(50)}


def test_a_keyless_output_lies_somewhere_when_there_are_not_as_many() -> None:
    async def story() -> int:
        producer = Producer(partitions=3)
        outbox = box(producer)
        outbox.put("dead.letters", 3, [(None, b"1")])
        await outbox.settle()
        return producer.sent[0][1]

    assert asyncio.run(story()) == 0


def test_sending_gives_the_last_offset() -> None:
    records: list[Record] = [(b"p", str(n).encode()) for n in range(5)]

    async def story() -> int:
        return await send_records(Producer(room=3), "changelog", 0, records)

    assert asyncio.run(story()) == 201


def test_sending_nothing_sends_nothing() -> None:
    async def story() -> list[bytes | None]:
        producer = Producer()
        await send_records(producer, "changelog", 0, [])
        return producer.values()

    assert asyncio.run(story()) == []
