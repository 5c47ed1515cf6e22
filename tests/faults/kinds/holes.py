"""A changelog that was compacted while it was written: offsets are missing in the middle of it."""

from __future__ import annotations

from kafka.admin import ConfigResource, ConfigResourceType

from streams.app import changelog
from tests.faults.fleet import until
from tests.faults.kinds.kind import kind
from tests.faults.outcome import read_now
from tests.faults.scene import Scene

#: Compact at once, segments of a fifth of a second. A real changelog waits for an hour.
_AT_ONCE = {"min.compaction.lag.ms": "0", "segment.ms": "200", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "500"}


@kind("compacted holes", "Kafka compacts the changelog at once, and a worker is killed when it has holes")
def compacted_holes(scene: Scene) -> None:
    topic = changelog(scene.direct)
    scene.at_work(1)
    scene.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, _AT_ONCE)])
    scene.until_sent(scene.rnd.uniform(0.4, 0.6))
    until(lambda: holes(scene, topic) > 0, "holes in the changelog", 20)
    scene.fleet.kill(scene.any_seat())
    scene.until_served()


def holes(scene: Scene, topic: str) -> int:
    """Offsets below the end at which there is no record."""
    return sum(scene.ends_of([topic]).values()) - len(read_now(scene.direct, [topic]))
