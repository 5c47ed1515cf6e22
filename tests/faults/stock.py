"""The worker that others would write: stock Faust, an agent and a table, at least once. The harness has to see what it loses and doubles."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import faust

from streams.settings import Settings, load
from tests.faults.outcome import Outcome, read_now
from tests.faults.stream import PARTITIONS, Record

TABLE = "counts"
FAMILIES = ("gps", "orders")
CONCURRENCY = 1


def changelog(settings: Settings) -> str:
    return f"{settings.app_id}-{TABLE}-changelog"


def build(settings: Settings) -> faust.App:
    app = faust.App(
        settings.app_id, broker=f"kafka://{settings.brokers}", store="memory://", web_enabled=False, topic_partitions=PARTITIONS,
        broker_commit_interval=settings.commit_interval, broker_session_timeout=settings.session_timeout, broker_heartbeat_interval=0.5,
        topic_disable_leader=True, table_standby_replicas=0, stream_wait_empty=True, datadir=str(settings.data_dir),
    )  # fmt: skip
    counts = app.Table(TABLE, default=int, partitions=PARTITIONS)
    for family in FAMILIES:
        _agent(app, settings.sources[family], counts)
    return app


def _agent(app: faust.App, name: str, counts: Any) -> None:
    async def count(stream: Any) -> None:
        async for event in stream.events():
            await dawdle()
            stumble()
            counts[json.loads(event.value)["partner_id"]] += 1

    app.agent(app.topic(name, key_type=str, value_type=bytes, value_serializer="raw"), name=f"count-{name}", concurrency=CONCURRENCY)(count)


def stumble() -> None:
    """Nothing. A twist makes it raise once, as a call to another service would on a bad day."""


async def dawdle() -> None:
    """Nothing. A twist makes one event take for ever, as a call without a timeout does."""


def work(rules: Path, stats: Path) -> None:
    """The worker's process."""
    settings = load()
    app = build(settings)
    worker = faust.Worker(app, loglevel="warning", redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()


def expected(records: tuple[Record, ...]) -> Outcome:
    """What should be in the table."""
    return _outcome(Counter(record.key.decode() for record in records if record.family in FAMILIES))


def left_behind(settings: Settings) -> Outcome:
    """What is in the table's changelog."""
    found: dict[str, int] = {}
    for record in read_now(settings, [changelog(settings)]):
        found[json.loads(record.key)] = json.loads(record.value)
    return _outcome(found)


def _outcome(counts: dict[str, int] | Counter[str]) -> Outcome:
    return Outcome({who: {"slots": {"total:": [0.0, count]}, "applied": {}, "recent": {}} for who, count in counts.items()})
