"""Re-keying: families whose producer uses another partitioner are written anew, by Java's murmur2, to an internal topic that the lane reads.

Records pass as they are: key, value and time stamp; the header `origin` says where each came from, so that a dead letter names its true origin.
They are written in order of event time over all source partitions: the lane would take what comes out of order for late. Sends ▸ acknowledgements ▸ offsets: nothing is lost; after a crash some records may be written twice, and
the copy is one of an `event_id` that was applied already.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import CommitFailedError
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from events import FAMILIES
from events.time import seconds
from streams.errors import TopicFault
from streams.merge import Merge
from streams.partitioner import by_murmur2
from streams.settings import Settings
from streams.tasks import end
from streams.topics import admin

ORIGIN = "origin"
POLL_MS, HELD_MS = 200, 20  # ms to wait for records, when nothing is held and when something is
MOST = 8000  # records of one source partition that are held
LARGEST = 100 * 1024 * 1024  # bytes of a record that passes through
AGAIN = 0.5  # s between two looks whether the backlog is written

log = logging.getLogger("nudgeline.rekey")


def make_topics(settings: Settings, partitions: int) -> None:
    """Make the internal topics that are missing. Raises TopicFault where Kafka refuses, or one has another number of partitions."""
    with admin(settings) as client:
        for family in settings.rekey:
            name, config = settings.rekeyed(family), {"cleanup.policy": "compact"} if FAMILIES[family].compacted else {}
            try:
                client.create_topics([NewTopic(name, partitions, settings.replication, topic_configs=config)])
            except TopicAlreadyExistsError:
                found = len(client.describe_topics([name])[0]["partitions"])
                if found != partitions:
                    raise TopicFault(f"topic {name} has {found} partitions and the families have {partitions}; delete it, or set another NUDGELINE_APP_ID") from None
            except KafkaError as e:
                raise TopicFault(f"Kafka does not make the topic {name}: {e}") from e


class OneForAll(RoundRobinPartitionAssignor):
    """All partitions to one member, the others stand by: only who has them all can write them out in order of time."""

    name = "nudgeline-one-for-all"

    @classmethod
    def assign(cls, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        first = min(members)
        chosen = super().assign(cluster, {first: members[first]})
        idle = {m: ConsumerProtocolMemberAssignment(cls.version, [], b"") for m in members if m != first}
        return chosen | idle


class _When(msgspec.Struct):
    occurred_at: float | str


@dataclass(frozen=True, slots=True)
class _Passing:
    """A record on its way; one that is no event goes where it stands."""

    occurred_at: float
    record: Any


class Rekeyer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads the source topics of the families to re-key as a group of its own, and writes the internal ones: a task beside the worker.

    `async with` starts it and goes on when what lay in the source topics is written: the lane would otherwise take the other families' backlog
    first, and the re-keyed events for late ones.
    """

    def __init__(self, settings: Settings, partitions: int) -> None:
        self._settings, self._partitions = settings, partitions
        self._targets = {settings.sources[family]: settings.rekeyed(family) for family in settings.rekey}
        self._settle = 0.05 if settings.clock == "events" else None
        self.written = 0
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None
        self._tps: list[TopicPartition] = []
        self._begun = True
        self._merge = Merge(0, wait=settings.merge_wait)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        while not (self._task.done() or await self.at_the_end()):
            log.info("re-keying what lies in %s first: %d records so far", ", ".join(self._targets), self.written)
            await asyncio.wait([self._task], timeout=AGAIN)
        if self._task.done():
            await self._task
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        await end([self._task])

    async def failed(self) -> BaseException:
        """Wait until it can't go on; why."""
        assert self._task is not None
        await asyncio.wait([self._task])
        return self._task.exception() or RuntimeError("re-keying ended")

    async def _run(self) -> None:
        """For ever. Raises what Kafka says when a record can't be written: nothing of its batch is committed then."""
        client, group = self._settings.kafka_client(), f"{self._settings.app_id}-rekey"
        consumer = AIOKafkaConsumer(
            **client, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest", partition_assignment_strategy=[OneForAll],
            client_id=self._settings.client_id or group, session_timeout_ms=int(self._settings.session_timeout * 1000), heartbeat_interval_ms=int(self._settings.session_timeout * 250),
        )  # fmt: skip
        producer = AIOKafkaProducer(**client, acks="all", enable_idempotence=True, compression_type="lz4", max_request_size=LARGEST, linger_ms=5)
        try:
            await producer.start()
            await consumer.start()
            self._consumer = consumer
            consumer.subscribe(list(self._targets), listener=self)
            while True:
                await self._fetch(consumer)
                await self._pass_on(consumer, producer)
        finally:
            self._consumer = None
            await consumer.stop()
            await producer.stop()

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """What is held is read again by whoever has the partitions next."""
        self._tps, self._merge = [], Merge(0, wait=self._settings.merge_wait)

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self._tps, self._begun = sorted(assigned), False
        self._merge = Merge(len(self._tps), wait=self._settings.merge_wait, settle=self._settle)

    async def _fetch(self, consumer: AIOKafkaConsumer) -> None:
        merge, held = self._merge, self._merge.holds
        if not self._begun:
            await self._begin(consumer)
        fetched = await consumer.getmany(timeout_ms=HELD_MS if held else POLL_MS, max_records=MOST)
        if merge is not self._merge or not self._begun:
            return  # taken away or given anew meanwhile: read again from what is committed
        now = time.monotonic()
        for number, tp in enumerate(self._tps):
            if records := fetched.get(tp):
                merge.put(number, list(map(_passing, records)), [r.offset for r in records], records[-1].offset + 1, now)
            merge.heard(number, consumer.highwater(tp), now - POLL_MS / 1000)
        full = {tp for number, tp in enumerate(self._tps) if merge.held(number) > MOST}
        consumer.pause(*full)
        consumer.resume(*(consumer.paused() - full))

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        """Read what was given to us from where its last owner committed; some may have been fetched already, and belonged to nobody."""
        merge = self._merge
        for number, tp in enumerate(self._tps):
            committed = await consumer.committed(tp)
            await consumer.seek_to_beginning(tp) if committed is None else consumer.seek(tp, committed)
            merge.begin(number, await consumer.position(tp))
        self._begun = merge is self._merge

    async def _pass_on(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        merge = self._merge
        sent = [await self._send(producer, passing.record) for _, _, _, passing in merge.take(time.monotonic())]
        if not sent:
            return
        await asyncio.gather(*sent)
        self.written += len(sent)
        if merge is self._merge:
            with contextlib.suppress(CommitFailedError):  # taken away meanwhile: the next one writes them again
                await consumer.commit({tp: merge.applied(number) for number, tp in enumerate(self._tps) if merge.applied(number) >= 0})

    async def _send(self, producer: AIOKafkaProducer, record: Any) -> Any:
        number = record.partition % self._partitions if record.key is None else by_murmur2(record.key, self._partitions)
        origin = f"{record.topic}\x1f{record.partition}\x1f{record.offset}".encode()
        return await producer.send(
            self._targets[record.topic], record.value, record.key, partition=number, timestamp_ms=record.timestamp, headers=[(ORIGIN, origin)]
        )

    async def at_the_end(self) -> bool:
        """Whether all that lies in the source topics is written and committed, by whichever worker."""
        consumer = self._consumer
        if consumer is None:
            return False
        tps = [TopicPartition(topic, number) for topic in self._targets for number in sorted(consumer.partitions_for_topic(topic) or ())]
        ends = await consumer.end_offsets(tps)
        return bool(tps) and all([(await consumer.committed(tp) or 0) >= ends[tp] for tp in tps])


def _passing(record: Any) -> _Passing:
    try:
        return _Passing(seconds(_when(record.value or b"").occurred_at), record)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _Passing(-inf, record)


_when = msgspec.json.Decoder(_When).decode


def origin(record: Any) -> tuple[str, int, int] | None:
    """Topic, partition and offset that a re-keyed record came from; None for one that was not re-keyed."""
    raw = next((value for name, value in getattr(record, "headers", None) or () if name == ORIGIN), None)
    if raw is None:
        return None
    topic, partition, offset = raw.decode().split("\x1f")
    return topic, int(partition), int(offset)
