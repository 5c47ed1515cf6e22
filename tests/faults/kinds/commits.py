"""A worker ends right after a step of a commit."""

from __future__ import annotations

from tests.faults.fleet import until
from tests.faults.kinds.kind import kind
from tests.faults.scene import Scene
from tests.faults.twists import STEPS


def _killed_after(step: str) -> None:
    @kind(f"killed after {step}", f"SIGKILL of one of two workers right after a step of its commit: {_TOLD[step]}")
    def killed(scene: Scene) -> None:
        first, _ = scene.at_work(2, ("die_after", step, scene.rnd.randint(1, 5)))
        until(lambda: first.lives > 1, "the worker died in its commit")
        scene.until_served()


_TOLD = {
    "outputs": "outputs acknowledged, no state written",
    "changelog torn": "some partitions' states written, others not",
    "changelog": "all states written, no offset committed",
    "offsets": "offsets committed",
}
for _step in STEPS:
    _killed_after(_step)
