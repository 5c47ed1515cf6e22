"""The worker's clock is wrong."""

from __future__ import annotations

from tests.faults.kinds.kind import kind
from tests.faults.scene import Scene


@kind("clock skew", "two workers whose wall clocks stand up to a day off, one ahead and gaining, one behind; one is killed and comes back with the right time")
def clock_skew(scene: Scene) -> None:
    off = scene.rnd.uniform(60.0, 86_400.0)
    first, _ = scene.fleet.join(("clock_ahead", off, 0.1)), scene.fleet.join(("clock_ahead", -off, -0.1))
    scene.feeder.start()
    scene.until_sent(scene.rnd.uniform(0.3, 0.7))
    scene.fleet.kill(first)
    scene.until_served()
