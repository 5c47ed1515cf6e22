"""Hands events to Kafka in batches built here: the partner's partition by Java's murmur2, lz4, acknowledged by all replicas, idempotent."""

import asyncio
from contextlib import suppress
from time import time
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from simulator.errors import SendError
from streams.preflight import preflight
from streams.settings import Settings

BATCH_BYTES = 512 * 1024  # before compression; a broker's own limit is 1 MB
PATIENCE = 30.0  # seconds without an answer after which the broker counts as gone
HASHES_KEPT = 1_000_000

Place = tuple[str, int]  # topic, partition


class Sender:
    """An open producer: `add` events, `flush` them now and then; those of one flush reach the broker in one request.

    That keeps topics level with each other: a worker that reads while events are sent sees no family run far ahead.
    Use as `async with`. `patience`: seconds after which a broker that does not answer counts as gone. Raises SendError where events are not taken.
    """

    def __init__(self, settings: Settings, patience: float = PATIENCE) -> None:
        self._settings, self._patience = settings, patience
        self._topics = settings.sources
        self._partitions: dict[str, int] = {}
        self._hashes: dict[bytes, int] = {}
        self._open: dict[Place, BatchBuilder] = {}
        self._full: list[tuple[Place, BatchBuilder]] = []
        self._clock = 0
        self.waiting = 0  # events added and not yet flushed
        self.sent = 0  # events that the broker acknowledged

    async def __aenter__(self) -> Self:
        """Raises a StreamsError where Kafka is not as it should be (see streams.preflight)."""
        counts = await preflight(self._settings)
        self._partitions = {family: counts[topic] for family, topic in self._settings.sources.items()}
        self._producer = AIOKafkaProducer(
            **self._settings.kafka_client(),
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            max_batch_size=BATCH_BYTES,
        )
        try:
            await self._producer.start()
        except KafkaError as error:
            await self._close()
            raise SendError(f"Kafka at {self._settings.brokers} does not take a producer: {error!r}") from error
        self._tick()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                await self.flush()
        finally:
            await self._close()

    def add(self, family: str, key: bytes, value: bytes) -> None:
        """Take one event into the batch of its partition; nothing is sent before `flush`."""
        place = self._topics[family], self._hash(key) % self._partitions[family]
        builder = self._open.get(place)
        if builder is None:
            builder = self._open[place] = self._producer.create_batch()
        if builder.append(timestamp=self._clock, key=key, value=value) is None:
            self._full.append((place, self._open.pop(place)))
            self.add(family, key, value)
        else:
            self.waiting += 1

    async def flush(self) -> None:
        """Send what was added and wait until all of it is acknowledged."""
        batches, count = [*self._full, *self._open.items()], self.waiting
        self._full, self._open, self.waiting = [], {}, 0
        try:
            async with asyncio.timeout(self._patience):
                acknowledged = [await self._producer.send_batch(batch, topic, partition=number) for (topic, number), batch in batches]
                await asyncio.gather(*acknowledged)
        except TimeoutError as error:
            raise SendError(
                f"Kafka at {self._settings.brokers} gave no answer for {self._patience:.0f} s; {self.sent} events were sent"
            ) from error
        except KafkaError as error:
            raise SendError(f"Kafka at {self._settings.brokers} refused the events ({error!r}); {self.sent} events were sent") from error
        self.sent += count
        self._tick()

    def _hash(self, key: bytes) -> int:
        known = self._hashes.get(key)
        if known is None:
            if len(self._hashes) >= HASHES_KEPT:
                self._hashes.clear()
            known = self._hashes[key] = positive_hash(key)
        return known

    def _tick(self) -> None:
        """Records bear the time of sending, not of the event: the broker would delete a recording of last year as expired."""
        self._clock = int(time() * 1000)

    async def _close(self) -> None:
        """End the producer without waiting for what it cannot send: everything that counts was awaited in `flush`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._producer.stop(), timeout=5.0)


def positive_hash(key: bytes) -> int:
    """Java's murmur2 of a key as its partitioner uses it, 31 bits; modulo the partition count it gives the partition."""
    return murmur2(key) & 0x7FFFFFFF
