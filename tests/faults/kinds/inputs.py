"""What comes in is bad, late, or twice; what is kept has holes. A worker is killed in the middle of it."""

from __future__ import annotations

from tests.faults.kinds.kind import kind
from tests.faults.scene import Scene


def _killed_once(scene: Scene) -> None:
    for _ in range(scene.rnd.randint(1, 2)):
        scene.fleet.join()
    scene.feeder.start()
    scene.until_sent(scene.rnd.uniform(0.2, 0.7))
    scene.fleet.kill(scene.any_seat())
    scene.until_served()


def _on(stream: str, tells: str) -> None:
    kind(stream, tells, stream=stream)(_killed_once)


_on("poisoned", "records that are no events between good ones, and a kill")
_on("repeated", "a producer that sends one in twenty events twice, and a kill")
_on("day late", "one in fifty events comes a day late, and a kill")
