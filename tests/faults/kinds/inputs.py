"""What comes in is bad, late, or twice; what is kept has holes. A worker is killed in the middle of it."""

from __future__ import annotations

from tests.faults.kinds.kind import kind
from tests.faults.scene import Scene


def _killed_once(scene: Scene) -> None:
    scene.at_work(scene.rnd.randint(1, 2))
    scene.until_sent(scene.rnd.uniform(0.2, 0.7))
    scene.fleet.kill(scene.any_seat())
    scene.until_served()


for _name, _tells in {
    "poisoned": "records that are no events between good ones, and a kill",
    "repeated": "a producer that sends one in twenty events twice, and a kill",
    "day late": "one in fifty events comes a day late, and a kill",
}.items():
    kind(_name, _tells, stream=_name)(_killed_once)
