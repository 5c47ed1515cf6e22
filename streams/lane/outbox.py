"""Records on their way out, as whole batches. Nothing waits for the broker where events are handled; the commit waits for all of it.

One flight at a time for each topic partition: what is put meanwhile goes with the next, so that small outputs leave within milliseconds and
many of them leave together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aiokafka.partitioner import murmur2

#: Key and value.
Record = tuple[bytes | None, bytes | None]
RECORD_BYTES = 150  # of one in a list, without its value


class BatchProducer(Protocol):
    """The part of aiokafka's producer that is used."""

    def create_batch(self) -> Any: ...

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any: ...

    async def partitions_for(self, topic: str) -> set[int]: ...


class Channel:
    """Records from one source partition to one topic, delivered in the order in which they were put."""

    def __init__(self, outbox: Outbox, topic: str, number: int) -> None:
        self._outbox, self._topic, self._number = outbox, topic, number
        self._waiting: list[Record] = []
        self._flight: asyncio.Task[None] | None = None
        self._put = self._delivered = 0

    def put(self, records: Sequence[Record]) -> None:
        """Take records and start their flight. They count from this moment: a commit that begins now waits for them."""
        self._waiting += records
        self._put += len(records)
        self._outbox.waiting += weight(records)
        if self._waiting and self._free:
            self._take_off()

    @property
    def _free(self) -> bool:
        """Whether the next flight may take off; none follows one that failed, so that whoever waits for all hears of it."""
        flight = self._flight
        return flight is None or (flight.done() and not flight.cancelled() and flight.exception() is None)

    async def settle(self) -> None:
        """Wait until everything put before this call is acknowledged, and for nothing that was put later; raises what made a flight fail."""
        wanted = self._put
        while self._delivered < wanted and self._flight is not None:
            await asyncio.shield(self._flight)
            await asyncio.sleep(0)  # one that is over does not stop whoever waits for it, and the next takes off after it only

    def _take_off(self) -> None:
        self._flight = asyncio.get_running_loop().create_task(self._fly(), name=f"outputs to {self._topic}")
        self._flight.add_done_callback(self._landed)

    async def _fly(self) -> None:
        records, self._waiting = self._waiting, []
        await self._outbox.deliver(self._topic, self._number, records)
        self._delivered += len(records)
        self._outbox.waiting -= weight(records)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        if flight.cancelled():
            self._outbox.failed(asyncio.CancelledError(f"sending to {self._topic} was cancelled"))
        elif (error := flight.exception()) is not None:
            self._outbox.failed(error)
        elif self._waiting and flight is self._flight:
            self._take_off()


class Outbox:
    """All that goes out, by topic and source partition.

    An output lies in the partition of the number that its source had, when its topic has as many (`partitions`); otherwise where Java's
    partitioner puts its key. `failed` is called at once when a flight fails, also between two commits. `waiting`: bytes put and not acknowledged;
    nothing is refused here, so that whoever puts has to look at it.
    """

    def __init__(self, producer: BatchProducer, partitions: int, failed: Callable[[BaseException], None]) -> None:
        self._producer, self._partitions, self.failed = producer, partitions, failed
        self._channels: dict[tuple[str, int], Channel] = {}
        self.waiting = 0

    def put(self, topic: str, number: int, records: Sequence[Record]) -> None:
        """Hand over records that came of partition `number`; returns at once. Within a topic and number they keep their order."""
        place = topic, number
        channel = self._channels.get(place)
        if channel is None:
            channel = self._channels[place] = Channel(self, topic, number)
        channel.put(records)

    async def settle(self) -> None:
        """Wait until everything put before this call is acknowledged by the broker; raises what made a flight fail."""
        await asyncio.gather(*[channel.settle() for channel in self._channels.values()])

    async def deliver(self, topic: str, number: int, records: Sequence[Record]) -> None:
        """Send records and wait for their acknowledgement."""
        count = len(await self._producer.partitions_for(topic))
        if count == self._partitions:
            await send_records(self._producer, topic, number, records)
            return
        placed: dict[int, list[Record]] = {}
        for record in records:
            placed.setdefault(_partition(record[0], number, count), []).append(record)
        for partition, part in placed.items():
            await send_records(self._producer, topic, partition, part)


def weight(records: Sequence[Record]) -> int:
    """About how many bytes records take in memory."""
    return sum(RECORD_BYTES + len(value or b"") for _, value in records)


def _partition(key: bytes | None, number: int, count: int) -> int:
    """Where Java's default partitioner puts a key; what has none stays with its source's number."""
    return number % count if key is None else (murmur2(key) & 0x7FFFFFFF) % count


async def send_records(producer: BatchProducer, topic: str, partition: int, records: Sequence[Record]) -> int:
    """Send (key, value) records in order, as few batches as they fill, and wait for their acknowledgement. Returns the last offset, -1 without records."""
    at, last = 0, -1
    while at < len(records):
        batch, start = producer.create_batch(), at
        while at < len(records) and batch.append(key=records[at][0], value=records[at][1], timestamp=None) is not None:
            at += 1
        batch.close()
        acknowledged = await (await producer.send_batch(batch, topic, partition=partition))
        last = acknowledged.offset + (at - start) - 1
    return last
