"""The broker itself goes away."""

from __future__ import annotations

from tests.faults.fleet import until
from tests.faults.kinds.kind import kind
from tests.faults.scene import Scene


@kind("broker killed", "SIGKILL of Kafka, started again after a moment; the producer waits meanwhile", alone=True)
def broker_killed(scene: Scene) -> None:
    _at_work(scene)
    scene.feeder.pause()
    scene.lane.kafka.kill()
    scene.pause(0.0, 3.0)
    scene.lane.kafka.start()
    sent = scene.feeder.sent
    scene.feeder.resume()
    until(lambda: scene.feeder.sent > sent or scene.feeder.over, "events again")
    scene.until_served()


@kind("broker out of reach", "connections refused for a few seconds, for workers alone")
def broker_out_of_reach(scene: Scene) -> None:
    _at_work(scene)
    scene.lane.wire.refused = True
    scene.lane.wire.cut()
    scene.pause(0.5, 5.0)
    scene.lane.wire.refused = False
    scene.until_served()


def _at_work(scene: Scene) -> None:
    scene.at_work(scene.rnd.randint(1, 2))
    scene.until_sent(scene.rnd.uniform(0.2, 0.5))
