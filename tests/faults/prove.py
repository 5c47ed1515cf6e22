"""The harness can fail: steps of the protocol are switched off one by one, and stock Faust does the work; each of these has to come out red."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults import stock
from tests.faults.fleet import until
from tests.faults.ground import Lane
from tests.faults.kinds.kind import KINDS, Kind
from tests.faults.kinds.workers import asleep_in_a_commit
from tests.faults.outcome import Verdict, compare
from tests.faults.run import Undisturbed, run
from tests.faults.scene import Scene, scene
from tests.faults.stream import stream
from tests.faults.twists import Twist
from tests.faults.wire import PRODUCE, TOPIC_AUTHORIZATION_FAILED

QUIET = 3.0  # s without a change of the changelog after which a stock worker has said all


@dataclass(frozen=True)
class Proof:
    """`tells`: what is broken; `red`: what has to be found, "lost" or "doubled" or either. Nothing: it has to come out clean."""

    name: str
    tells: str
    red: tuple[str, ...]
    tried: Callable[[int, Lane, Path, Undisturbed], tuple[int, int]]

    def seen(self, lost: int, doubled: int) -> bool:
        """Whether what came of it is what has to come of it."""
        found = {"lost": lost, "doubled": doubled}
        return any(found[what] for what in self.red) if self.red else not (lost or doubled)


PROOFS: dict[str, Proof] = {}


# -- our own worker, with a step switched off


def _switched_off(name: str, tells: str, red: Sequence[str], does: Callable[[Scene], None], *always: Twist) -> None:
    broken = Kind(name, tells, does, always=always)

    def tried(seed: int, lane: Lane, folder: Path, undisturbed: Undisturbed) -> tuple[int, int]:
        found = run(broken, seed, lane, folder, undisturbed)
        return found.lost, found.doubled

    PROOFS[name] = Proof(name, tells, tuple(red), tried)


def _dies_after(step: str) -> Callable[[Scene], None]:
    def dies(scene: Scene) -> None:
        (first,) = scene.at_work(1, ("die_after", step, scene.rnd.randint(2, 4)))
        until(lambda: first.lives > 1, "the worker died in its commit")

    return dies


_switched_off("offsets first", "offsets are committed before the states that they cover", ["lost"], _dies_after("offsets"), ("offsets_first",))
_switched_off(
    "outputs not awaited", "states and offsets are written while outputs are under way", ["lost"], _dies_after("offsets"),
    ("outputs_not_awaited",), ("slow_outputs", 1.0),
)  # fmt: skip
_switched_off("no applied offsets", "a restored state does not know what was applied to it", ["doubled"], _dies_after("changelog"), ("no_applied_offsets",))
_switched_off("no terms", "whoever writes last wins, also when another has taken over", ["lost", "doubled"], asleep_in_a_commit, ("no_terms",))
_switched_off(
    "handed on early", "what is fetched goes to the agents before the group has settled", ["lost"], KINDS["batches taken late"].does,
    *KINDS["batches taken late"].always, ("handed_on_while_rebalancing",),
)  # fmt: skip


# -- stock Faust


def _stock(name: str, tells: str, red: Sequence[str]) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    def register(does: Callable[[Scene], None]) -> Callable[[Scene], None]:
        def tried(seed: int, lane: Lane, folder: Path, undisturbed: Undisturbed) -> tuple[int, int]:
            records = stream("plain", seed)
            with scene(lane, folder, records, random.Random(seed), entry="tests.faults.stock:work") as disturbed:
                does(disturbed)
                verdict = _said(disturbed, records)
            return verdict.lost, verdict.doubled

        PROOFS[f"stock {name}"] = Proof(f"stock {name}", f"stock Faust: {tells}", tuple(red), tried)
        return does

    return register


def _said(disturbed: Scene, records: tuple[stock.Record, ...]) -> Verdict:
    """What the table's changelog says once nothing more comes."""
    disturbed.heal()
    until(lambda: disturbed.feeder.over, "all sent")
    seen, since = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal seen, since
        now = sum(disturbed.ends_of([stock.changelog(disturbed.direct)]).values())
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > QUIET

    until(quiet, "the stock worker done")
    return compare(stock.expected(records), stock.left_behind(disturbed.direct))


@_stock("undisturbed", "nobody disturbs it, and this one has to be clean", [])
def undisturbed(scene: Scene) -> None:
    scene.fleet.join()
    scene.feeder.start()


@_stock("L1", "killed right after a commit, at a round trip of 300 ms", ["lost"])
def killed_after_a_commit(scene: Scene) -> None:
    scene.lane.wire.delay = 0.15
    first = scene.fleet.join(("stock_dies_after_commit", scene.rnd.randint(3, 5)))
    scene.feeder.start()
    until(lambda: first.lives > 1, "the worker died after its commit")


@_stock("L2", "the last writes to the changelog refused, and only logged", ["lost"])
def changelog_refused(scene: Scene) -> None:
    scene.fleet.join()
    scene.feeder.start()
    scene.until_sent(0.7)
    scene.lane.wire.inject(PRODUCE, TOPIC_AUTHORIZATION_FAILED, 10_000, stock.TABLE)
    scene.until_sent(1.0)
    scene.pause(1.0, 1.5)


@_stock("L3", "an exception in an agent, once", ["lost"])
def agent_stumbles(scene: Scene) -> None:
    scene.fleet.join(("stock_stumbles", scene.rnd.randint(200, 2000)))
    scene.feeder.start()


@_stock("L4", "one event hangs while later ones of its partition are done, and a kill", ["lost"])
def agent_hangs(scene: Scene) -> None:
    first = scene.fleet.join(("stock_dawdles", scene.rnd.randint(200, 1000)))
    scene.feeder.start()
    scene.until_sent(0.8)
    scene.pause(1.0, 1.5)
    first.signal(signal.SIGKILL)


@_stock("L5", "ended in order, and started again with a backlog", ["doubled"])
def backlog(scene: Scene) -> None:
    first = scene.fleet.join()
    scene.feeder.start()
    scene.until_sent(0.3)
    scene.feeder.pause()
    scene.pause(2.0, 2.5)
    scene.fleet.leave(first)
    scene.feeder.resume()
    until(lambda: scene.feeder.over, "all sent")
    scene.fleet.join()


@_stock("D1", "killed at random", ["doubled", "lost"])
def killed(scene: Scene) -> None:
    first = scene.fleet.join()
    scene.feeder.start()
    scene.until_sent(scene.rnd.uniform(0.4, 0.7))
    first.signal(signal.SIGKILL)
