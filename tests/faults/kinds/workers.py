"""Workers die, sleep, come and go."""

from __future__ import annotations

from tests.faults.kinds.kind import kind
from tests.faults.scene import Scene


@kind("killed", "SIGKILL at random moments under load, one to three workers")
def killed(scene: Scene) -> None:
    for _ in range(scene.rnd.randint(1, 3)):
        scene.fleet.join()
    scene.feeder.start()
    for share in scene.shares(scene.rnd.randint(1, 2)):
        scene.until_sent(share)
        scene.fleet.kill(scene.any_seat())
        scene.until_served()
