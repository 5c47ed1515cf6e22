"""Workers die, sleep, come and go."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.faults.fleet import Seat, until
from tests.faults.kinds.kind import kind
from tests.faults.scene import SESSION, Scene


@kind("killed", "SIGKILL at random moments under load, one to three workers")
def killed(scene: Scene) -> None:
    scene.at_work(scene.rnd.randint(1, 3))
    for share in scene.shares(scene.rnd.randint(1, 2)):
        scene.until_sent(share)
        scene.fleet.kill(scene.any_seat())
        scene.until_served()


@kind("asleep", "SIGSTOP past the session, SIGCONT when another worker has gone on")
def asleep(scene: Scene) -> None:
    sleeper, _ = scene.at_work(2)
    scene.until_sent(scene.rnd.uniform(0.15, 0.4))
    sleeper.signal(signal.SIGSTOP)
    scene.until_served()
    scene.pause(0.0, SESSION)
    _wake(scene, sleeper)


@kind("asleep in a commit", "SIGSTOP between outputs and changelog, past the session; SIGCONT when another worker has done all that was left")
def asleep_in_a_commit(scene: Scene) -> None:
    sleeper, _ = scene.at_work(2, ("sleep_after", "outputs", scene.rnd.randint(2, 4)))
    until(lambda: sleeper.alive and _stopped(sleeper), "the first asleep")
    scene.until_drained()
    _wake(scene, sleeper)


def _wake(scene: Scene, sleeper: Seat) -> None:
    """And wait until it knows that it was left behind."""
    known, life = sleeper.stats().get("rebalances", 0), sleeper.lives
    sleeper.signal(signal.SIGCONT)
    until(lambda: sleeper.lives > life or sleeper.stats().get("rebalances", 0) > known, "the sleeper awake")


def _stopped(seat: Seat) -> bool:
    """Whether the kernel says that it is stopped."""
    stat = Path(f"/proc/{seat.process.pid}/stat").read_text(encoding="ascii")
    return stat.rsplit(")", 1)[1].split()[0] == "T"


@kind("batches taken late", "a worker is killed, and what is fetched lies a moment in its agent's queue when the group has settled", always=(("batches_taken_late", 0.4),))
def batches_taken_late(scene: Scene) -> None:
    scene.at_work(2)
    scene.until_sent(scene.rnd.uniform(0.3, 0.6))
    scene.fleet.kill(scene.any_seat())
    scene.until_served()


@kind("join and leave", "workers join and leave in order, one after the other, faster than the group settles")
def join_and_leave(scene: Scene) -> None:
    _storm(scene)


@kind("rebalance in a commit", "the same, while each commit takes most of a second between outputs and changelog", always=(("slow_commits", 0.4),))
def rebalance_in_a_commit(scene: Scene) -> None:
    _storm(scene)


def _storm(scene: Scene) -> None:
    """The first stays; others come, are killed, or leave."""
    scene.at_work(1)
    scene.until_sent(0.1)
    for _ in range(scene.rnd.randint(3, 5)):
        guest = scene.fleet.join()
        scene.pause(0.2, 1.2)
        if scene.rnd.random() < 0.5:
            scene.fleet.leave(guest)
        scene.pause(0.0, 0.5)
    scene.until_served()
