"""Redis goes away, or forgets."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import BusyLoadingError

from streams.views import ViewReader
from tests.faults.fleet import until
from tests.faults.kinds.kind import kind
from tests.faults.outcome import segments_left
from tests.faults.scene import Scene


@kind("redis down and flushed", "Redis killed, started again and emptied, and a worker killed; in the end the views show the segments of the changelog's states")
def redis_down_and_flushed(scene: Scene) -> None:
    redis = scene.lane.redis
    scene.at_work(1)
    scene.until_sent(scene.rnd.uniform(0.1, 0.3))
    redis.kill()
    scene.pause(0.5, 2.0)
    if scene.rnd.random() < 0.5:
        scene.fleet.kill(scene.any_seat())
    redis.start()
    until(lambda: _flushed(redis.url), "Redis emptied", 10)
    scene.until_served()
    scene.until_drained()
    reader, wanted = ViewReader(scene.direct), segments_left(scene.direct)
    until(lambda: all(reader.partner(who) and reader.partner(who)["segments"] == segments for who, segments in wanted.items()), "the views are right")
    reader.close()


def _flushed(url: str) -> bool:
    """False while it reads what it had on disk."""
    with Redis.from_url(url) as client:
        try:
            return bool(client.flushall())
        except BusyLoadingError:
            return False
