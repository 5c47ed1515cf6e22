"""The worker's task that tells what its partitions counted and, in one of all workers, puts it together.

Kafka's own assignment says which: partitions tell on a topic with one partition, and all workers read it as one group. Who has it reads what is usual from
a compacted topic, goes on with what the last one had not put together, and writes figures into every partition of their topic. When it dies another has it within the
session's time-out. Two who think they have it write the same figures twice, and the older of one moment are taken no notice of.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from math import inf
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError

from events.decode import encode as as_json
from segments.demand import Demand
from streams import topics
from streams.crowd.figures import Figures
from streams.crowd.gathering import Gathering
from streams.crowd.guards import Guards, Trip
from streams.crowd.herd import CROWD, Herd
from streams.crowd.records import Counted, Sketched, Watched, decode, partials_topic, usual_topic
from streams.crowd.sketches import merged
from streams.errors import StreamsError
from streams.halting import halt
from streams.settings import Settings

#: How long (s) a partition that tells nothing is waited for, while time is the wall's.
PATIENCE = 5.0
#: How often (s of stream time) what is usual in a zone is written, at most.
KEEP_EVERY = 600.0
POLL_MS = 200
DAY_MS = 86_400_000

log = logging.getLogger("nudgeline.crowd")


def make_topics(settings: Settings) -> None:
    """Make the internal topics that are missing. Raises TopicFault where Kafka refuses."""
    topics.make(settings, topics.Topic(partials_topic(settings), source=False, config={"retention.ms": str(DAY_MS)}), 1)
    topics.make(settings, topics.Topic(usual_topic(settings), source=False, config={"cleanup.policy": "compact"}), 1)


class Office:
    """What one who puts together has in hand."""

    def __init__(self, settings: Settings) -> None:
        patience = PATIENCE if settings.clock == "wall" else inf
        self.figures = Figures(Demand(settings.usual_weeks), settings.crowd_lead)
        self.counted, self.sketched = Gathering[Counted](patience), Gathering[Sketched](patience)
        self.guards = Guards()
        self.kept_at: dict[str, float] = {}

    def put(self, raw: bytes, wall: float, offset: int) -> None:
        """What a partition told; what another version told in another way is passed over, lest it stop everyone who reads it."""
        try:
            part = decode(raw)
            if isinstance(part, Watched):
                self.guards.put(part, time.time())
                return
            if isinstance(part, Counted):
                self.counted.put(part, wall, offset)
                return
            for values in part.cohorts.values():
                merged(values.values())
        except (msgspec.DecodeError, ValueError) as error:
            log.warning("what partners make together: a record can't be read: %s", error)
        else:
            self.sketched.put(part, wall, offset)

    def take(self, wall: float) -> tuple[list[Any], list[str]]:
        """The figures there are, and the zones whose usual is to be kept."""
        out, zones = list[Any](), list[str]()
        for whole in self.counted.take(wall):
            found = list(self.figures.of_zones(whole))
            out += found
            zones += [e.zone for e in found if whole.at - self.kept_at.get(e.zone, -inf) >= KEEP_EVERY]
            self.kept_at |= dict.fromkeys(zones, whole.at)
        for moment in self.sketched.take(wall):
            out += self.figures.of_cohorts(moment)
        return out, list(dict.fromkeys(zones))


class Aggregator(ConsumerRebalanceListener):  # type: ignore[misc]
    """`failed` is to be run beside the worker. `files`: the rules that it was started with. `published` counts figures that this worker put together."""

    def __init__(self, settings: Settings, herd: Herd, partitions: int, files: dict[str, str]) -> None:
        self._settings, self._herd, self._partitions, self._files = settings, herd, partitions, files
        self._figures = settings.broadcasts[CROWD]
        self._office: Office | None = None
        self._tp = TopicPartition(partials_topic(settings), 0)
        self._begun = False
        self.published = 0

    async def failed(self) -> BaseException:
        """Run until it can't go on; why."""
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker ends with it
            return error
        return RuntimeError("putting together what partners make ended")

    async def _run(self) -> None:
        await self._herd.wanted.wait()
        await asyncio.to_thread(make_topics, self._settings)
        client, session = self._settings.kafka_client(), int(self._settings.session_timeout * 1000)
        producer = AIOKafkaProducer(**client, acks="all", linger_ms=5, compression_type="zstd", max_request_size=16_000_000)
        consumer = AIOKafkaConsumer(
            **client, group_id=f"{self._settings.app_id}-crowd", client_id=f"{self._settings.app_id}-crowd-pid-{os.getpid()}", enable_auto_commit=False, auto_offset_reset="earliest",
            session_timeout_ms=session, heartbeat_interval_ms=session // 6, metadata_max_age_ms=60_000,
        )  # fmt: skip
        try:
            await producer.start()
            await consumer.start()
            consumer.subscribe([self._tp.topic], listener=self)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._tell(producer))
                both.create_task(self._put_together(consumer, producer))
        finally:
            await consumer.stop()
            await producer.stop()

    async def _tell(self, producer: AIOKafkaProducer) -> None:
        """Send what the worker's partitions counted, for ever."""
        while True:
            await self._herd.until_news()
            for raw in self._herd.take_told():
                await producer.send(self._tp.topic, raw, partition=0)

    # -- one of all workers

    async def on_partitions_revoked(self, revoked: Any) -> None:
        self._office = None

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self._begun, self._office = False, Office(self._settings) if assigned else None

    async def _put_together(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        while True:
            office = self._office
            if office is not None and not self._begun:
                await self._begin(consumer, office)
            fetched = await consumer.getmany(timeout_ms=POLL_MS)
            if office is None or office is not self._office:
                continue  # given or taken meanwhile
            for record in fetched.get(self._tp, ()):
                office.put(record.value, time.monotonic(), record.offset)
            await self._publish(consumer, producer, office)
            for trip in office.guards.trips():
                await self._halt(trip, office)

    async def _halt(self, trip: Trip, office: Office) -> None:
        """Pause a rule that went too far. Where that can't be written it is said, and tried again with the next counts."""
        try:
            event = await asyncio.to_thread(halt, self._settings, trip, self._files)
        except StreamsError as error:
            log.error("guard rail: a rule is to pause and does not: %s", error)  # noqa: TRY400 - an alert
            return
        office.guards.done(trip.rule, event.occurred_at if event is not None else trip.at)
        if event is not None:
            self._herd.halted += 1
            log.error("guard rail: %s; it is paused, until `nudgeline rules resume %s`", trip.text(), trip.rule)

    async def _begin(self, consumer: AIOKafkaConsumer, office: Office) -> None:
        """What is usual, and what was told since the last one committed; what it told before that is asked for again with the next moment."""
        async for key, value in self._usual():
            office.figures.demand.restore(key, value)
        committed = await consumer.committed(self._tp)
        await consumer.seek_to_beginning(self._tp) if committed is None else consumer.seek(self._tp, committed)
        self._begun = office is self._office
        log.info("putting together what partners make: %d zones are known", len(office.figures.demand.zones))

    async def _usual(self) -> Any:
        """What is kept of zones, oldest first."""
        tp = TopicPartition(usual_topic(self._settings), 0)
        async with AIOKafkaConsumer(**self._settings.kafka_client(), enable_auto_commit=False) as reader:
            reader.assign([tp])
            await reader.seek_to_beginning(tp)
            end = (await reader.end_offsets([tp]))[tp]
            while await reader.position(tp) < end:
                for record in (await reader.getmany(tp, timeout_ms=POLL_MS)).get(tp, ()):
                    yield record.key.decode(), record.value

    async def _publish(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, office: Office) -> None:
        figures, zones = office.take(time.monotonic())
        if not figures:
            return
        sent = [await producer.send(self._figures, as_json(e), e.event_id.encode(), partition=n) for e in figures for n in range(self._partitions)]
        sent += [await producer.send(usual_topic(self._settings), office.figures.demand.dump(zone), zone.encode(), partition=0) for zone in zones]
        await asyncio.gather(*sent)
        self.published += len(figures)
        if office is self._office:
            with contextlib.suppress(CommitFailedError):  # taken away meanwhile: the next one says it again
                needed = [offset for gathering in (office.counted, office.sketched) if (offset := gathering.needed()) is not None]
                await consumer.commit({self._tp: min(needed, default=await consumer.position(self._tp))})
