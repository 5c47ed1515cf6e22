"""Where a soak takes place: a Kafka that really deletes and compacts within the hour, a Redis, and topics that let it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benches import live
from events import FAMILIES
from streams import topics
from streams.app import CHANGELOG_CONFIG, changelog
from streams.local.kafka import LocalKafka
from streams.local.redis import LocalRedis
from streams.settings import Settings, load

PARTITIONS = 4
RETENTION = 900.0  # s that events are kept; workers further behind would lose them, so that a soak ends long before (`run.STALLED`)
SEGMENT = 16 * 1024**2  # bytes; only closed segments are deleted and compacted
_SOURCE = {"retention.ms": str(int(RETENTION * 1000)), "segment.bytes": str(SEGMENT)}


class SoakKafka(LocalKafka):
    """Looks often for what may be deleted or compacted."""

    def _properties(self) -> str:
        more = {"log.retention.check.interval.ms": 15_000, "log.cleaner.backoff.ms": 5_000, "file.delete.delay.ms": 1_000}
        return super()._properties() + "".join(f"{key}={value}\n" for key, value in more.items())


@contextmanager
def ground(folder: Path, rules: Sequence[Path], *, views: bool, compaction_lag: float) -> Iterator[tuple[Settings, dict[str, int]]]:
    """Settings with topics made, and the pids of the servers; all of it is gone in the end.

    `compaction_lag`: s for which the changelog keeps what was written over. The product's ten minutes are for workers that are paused, which nobody is here;
    each take-over would read all of their states.
    """
    kafka, redis = SoakKafka(folder / "kafka", heap_mb=768), LocalRedis(folder / "redis")
    try:
        kafka.start()
        if views:
            redis.start()
        settings = load(brokers=kafka.bootstrap, redis_url=redis.url if views else "none", app_id="soak", clock="events", partitions=PARTITIONS, rules=list(rules), data_dir=folder)
        _make_topics(settings, compaction_lag)
        yield settings, {name: server.child.pid for name, server in (("kafka", kafka), ("redis", redis)) if server.child is not None}
    finally:
        redis.stop()
        kafka.kill()
        shutil.rmtree(kafka.folder, ignore_errors=True)
        shutil.rmtree(redis.folder, ignore_errors=True)


def _make_topics(settings: Settings, compaction_lag: float) -> None:
    for family in FAMILIES.values():
        if not family.compacted:
            live.make_topic(settings, settings.topic(family.topic), _SOURCE)
    topics.create(settings)
    own: dict[str, Any] = {"min.compaction.lag.ms": str(int(compaction_lag * 1000)), "segment.bytes": str(SEGMENT)}
    topics.make(settings, topics.Topic(changelog(settings), source=False, config=CHANGELOG_CONFIG | own), settings.partitions)
