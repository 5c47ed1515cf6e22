"""Builds the Faust app: an agent for each event family, the table of partners, timers. Everything that is decided is decided elsewhere."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import faust

from events import FAMILIES
from events.structs import OUTPUT_STRUCTS
from streams import topics
from streams.broadcast import Broadcast
from streams.crowd.herd import CROWD, Herd
from streams.lane.book import Book
from streams.lane.recovery import LaneTables
from streams.lane.transport import LaneApp
from streams.outputs import Tap
from streams.partitioner import Guard
from streams.plan import ORDER, ORIGINAL_KEPT, SOURCES, Plan, Source
from streams.settings import Settings
from streams.store import FileStore
from streams.worker import Worker
from training_rules import Rules

TABLE = "partners"
TICK = 0.25  # s between two looks at the clock
HEARTBEAT = 0.5  # s, or a quarter of the session: a worker learns only by it that others joined, left or died

#: Whoever takes a partition over reads all that is not compacted yet: ten minutes of it, and segments that are soon full. A worker that wakes up after a pause
#: and writes over its successor is told by its term for so long (ADR 33).
CHANGELOG_CONFIG = {"cleanup.policy": "compact", "min.compaction.lag.ms": "600000", "segment.bytes": str(64 * 1024 * 1024)}

#: Names of the output topics, by the type of what goes there.
OUTPUT_TOPICS = {
    "nudge": "nudges",
    "nudge_recalled": "nudges",
    "segment_transition": "segment.transitions",
    "decision": "decisions",
    "features": "partner.features",
    "dead_letter": "dead.letters",
}


def build_app(
    settings: Settings, rules: Rules, *, partitions: int | None = None, original_kept: int = ORIGINAL_KEPT, tap: Tap | None = None,
    identities: Mapping[str, str] | None = None, broadcasts: Mapping[str, Broadcast] | None = None,
) -> tuple[LaneApp, Worker]:
    """The app and the worker that it serves, not yet started. `partitions`: of the families' topics, when not as in the settings;
    `original_kept`: how many bytes of a bad record its dead letter may hold; `identities`: ids in Kafka of source topics, by their names there;
    `broadcasts`: what is done with what concerns all partners.

    To be called where the event loop runs.
    """
    count = partitions or settings.partitions
    guard = Guard({family: settings.topic(FAMILIES[family].topic) for family in ORDER}, count, stops=settings.partitioner_guard == "stop")
    worker_plan = replace(plan(settings, rules, original_kept), broadcasts=broadcasts or {})
    worker = Worker(
        worker_plan, partitions=count, changelog=changelog(settings), timer_slack=settings.timer_slack, tap=tap, guard=guard,
        identities=_by_source(worker_plan, identities or {}),
    )
    app = _app(settings, count)
    app.port = worker
    worker.bind(app)
    app.tables.add(Book(app, port=worker, name=TABLE, partitions=count, extra_topic_configs=CHANGELOG_CONFIG))
    for source in worker.plan.sources:
        _agent(app, worker, source)
    _task(app, worker, worker.pump)
    _task(app, worker, worker.commit_when_asked)
    _task(app, worker, lambda: _ticking(worker))
    return app, worker


def _by_source(found: Plan, identities: Mapping[str, str]) -> dict[str, str]:
    return {source.name: identity for source in found.sources if (identity := identities.get(source.topic))}


def make_changelog(settings: Settings, partitions: int) -> None:
    """Make the changelog if it is not there, and wait until Kafka shows it: Faust makes it too, but assigns nothing of a topic that is not known
    yet, and a worker without states would stand by for ever. Raises TopicFault where Kafka refuses.
    """
    topics.make(settings, topics.Topic(changelog(settings), source=False, config=CHANGELOG_CONFIG), partitions)


def changelog(settings: Settings) -> str:
    """Name of the topic that holds the partners' states."""
    return f"{settings.app_id}-{TABLE}-changelog"


def client_id(settings: Settings) -> str:
    """What this process is called at the broker, when nobody says otherwise."""
    return f"{settings.app_id}-{socket.gethostname()}-{os.getpid()}"


def plan(settings: Settings, rules: Rules, original_kept: int = ORIGINAL_KEPT) -> Plan:
    """What the settings say to a partition."""
    return Plan(
        rules=rules,
        sources=tuple(_source(settings, family) for family in SOURCES),
        outputs={OUTPUT_STRUCTS[kind]: settings.topic(name) for kind, name in OUTPUT_TOPICS.items()},
        clock=settings.clock,
        merge_wait=settings.merge_wait,
        future_tolerance=settings.future_tolerance,
        features_every=settings.features_every,
        rest_after=settings.rest_after,
        awake_limit=settings.awake_limit,
        store_after=settings.store_after,
        new_store=partial(FileStore, settings.data_dir / "store"),
        max_bytes=settings.max_event_bytes,
        state_limit=settings.state_limit,
        original_kept=original_kept,
        rekeyed=bool(settings.rekey),
        limits=settings.limits,
    )


def herd_of(settings: Settings) -> Herd:
    """What this worker's partitions make together with others'."""
    every = settings.crowd_every if settings.counts_crowd else 0
    guards_every = settings.guards_every if settings.guards_rules else 0
    return Herd(_source(settings, CROWD).name, every, settings.cohorts_every, guards_every=guards_every, at_once=settings.clock == "events")


def _source(settings: Settings, family: str) -> Source:
    topic = settings.read[family] if family in FAMILIES else settings.broadcasts[family]
    return Source(family, topic, f"{topic}#{settings.topic_epoch}" if settings.topic_epoch else topic)


def _agent(app: LaneApp, worker: Worker, source: Source) -> None:
    async def take(stream: Any) -> None:
        async for batch in stream.events():  # one fetched partition batch
            worker.feed(batch)

    topic = app.topic(source.topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    app.agent(topic, name=f"streams.app.{source.family}")(take)


async def _ticking(worker: Worker) -> None:
    while True:
        await asyncio.sleep(TICK)
        worker.tick()


def _task(app: LaneApp, worker: Worker, work: Callable[[], Awaitable[None]]) -> None:
    """A task of the app; what it raises ends the process, and no commit begins after it."""

    async def guarded() -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, partners may be half changed
            worker.failed(error)

    app.task(guarded)


def _app(settings: Settings, partitions: int) -> LaneApp:
    return LaneApp(
        settings.app_id,
        broker=";".join(f"kafka://{address.strip()}" for address in settings.brokers.split(",")),
        broker_credentials=_credentials(settings),
        broker_client_id=settings.client_id or client_id(settings),
        store="memory://",
        web_enabled=False,
        # Faust's leader tells workers apart by their address, and two on one machine would have the same.
        canonical_url=f"http://{uuid4().hex}",
        topic_partitions=partitions,
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        table_standby_replicas=0,
        TableManager=LaneTables,
        agent_supervisor="mode.CrashingSupervisor",
        broker_commit_interval=settings.commit_interval,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=min(HEARTBEAT, settings.session_timeout / 4),
        stream_wait_empty=True,
        stream_recovery_delay=0.0,
        producer_compression_type="zstd",  # aiokafka takes lz4 at its highest level: five times the work, and larger
        producer_max_batch_size=512 * 1024,
        producer_request_timeout=30.0,
    )


def _credentials(settings: Settings) -> Any:
    context = settings.tls()
    if "SASL" in settings.security_protocol:
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None
