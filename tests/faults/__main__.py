"""Runs of every kind of fault, or of some; the last line is `N runs, lost 0, doubled 0`, and the exit status 1 when it says anything else.

    python -m tests.faults --runs 5 --seed 77 --kinds killed
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Lock
from typing import Any, TypeVar

from tests.faults import report
from tests.faults.ground import Ground, Lane
from tests.faults.kinds import KINDS
from tests.faults.prove import PROOFS, Proof
from tests.faults.run import Run, Undisturbed, run

LANES = 2
T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        return prove(options, Path(folder)) if options.prove else disturb(options, Path(folder))


def disturb(options: argparse.Namespace, folder: Path) -> int:
    runs = campaign(plan(options), folder, options.lanes, keep=options.report)
    lost, doubled = sum(r.lost for r in runs), sum(r.doubled for r in runs)
    print(f"{len(runs)} runs, lost {lost}, doubled {doubled}")
    return 1 if lost or doubled or not runs else 0


def prove(options: argparse.Namespace, folder: Path) -> int:
    """Each proof is tried with up to three seeds; what one of them shows is shown."""
    with Ground(folder / "ground", options.lanes) as ground:
        undisturbed, telling = Undisturbed(folder), Lock()

        def one(proof: Proof, lane: Lane) -> dict[str, Any]:
            found = tried(proof, options.seed, lane, folder, undisturbed)
            if options.report:
                with telling:
                    report.keep([], [found])
            return found

        proofs = side_by_side(ground, [partial(one, PROOFS[name]) for name in options.proofs or PROOFS])
    unseen = [p["name"] for p in proofs if not p["seen"]]
    print(f"{len(proofs)} tried, {len(proofs) - len(unseen)} came out as they have to{'; not so: ' * bool(unseen)}{', '.join(unseen)}")
    return 1 if unseen else 0


def tried(proof: Proof, seed: int, lane: Lane, folder: Path, undisturbed: Undisturbed) -> dict[str, Any]:
    """What came of a proof, with the first of three seeds that shows it."""
    for own in range(seed, seed + 3):
        lost, doubled = proof.tried(own, lane, folder, undisturbed)
        seen = proof.seen(lost, doubled)
        print(f"{proof.name:<22} seed {own:<4} lost {lost}, doubled {doubled}: {'as it has to be' if seen else 'NOT as it has to be'}", flush=True)
        if seen:
            break
    return {"name": proof.name, "tells": proof.tells, "seed": own, "lost": lost, "doubled": doubled, "seen": seen}


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Faults on purpose, on a real Kafka and Redis.")
    parser.add_argument("--runs", type=int, default=0, help="how many, over the kinds in turn; otherwise two of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each further one has the next")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS), metavar="KIND", help=f"only these: {', '.join(KINDS)}")
    parser.add_argument("--lanes", type=int, default=LANES, help="runs at the same time")
    parser.add_argument("--report", action="store_true", help="add the results to benches/results/faults.json, and write docs/faults.md anew")
    parser.add_argument("--prove", action="store_true", help="break the protocol on purpose, and let stock Faust do the work: has to be seen")
    parser.add_argument("--proofs", nargs="*", choices=list(PROOFS), metavar="PROOF", help=f"only these: {', '.join(PROOFS)}")
    return parser


def plan(options: argparse.Namespace) -> list[tuple[str, int]]:
    """(kind, seed) of each run."""
    count = options.runs or 2 * len(options.kinds)
    return [(options.kinds[number % len(options.kinds)], options.seed + number) for number in range(count)]


def campaign(planned: Sequence[tuple[str, int]], folder: Path, lanes: int, *, keep: bool = False) -> list[Run]:
    """All runs: first those that need the broker to themselves, then the others side by side. `keep`: each result is kept as soon as it is there."""
    telling = Lock()
    with Ground(folder / "ground", lanes) as ground:
        undisturbed = Undisturbed(folder)

        def one(kind: str, seed: int, lane: Lane) -> Run:
            found = run(kind, seed, lane, folder, undisturbed)
            with telling:
                _tell(found)
                if keep:
                    report.keep([found])
            return found

        alone = [one(*p, lane=ground.lanes[0]) for p in planned if KINDS[p[0]].alone]
        return alone + side_by_side(ground, [partial(one, *p) for p in planned if not KINDS[p[0]].alone])


def side_by_side(ground: Ground, jobs: Sequence[Callable[..., T]]) -> list[T]:
    """Results of the jobs, as many at a time as there are lanes. Each is called with its `lane`."""
    free = Queue[Lane]()
    for lane in ground.lanes:
        free.put(lane)

    def one(job: Callable[..., T]) -> T:
        lane = free.get()
        try:
            return job(lane=lane)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(ground.lanes)) as pool:
        return list(pool.map(one, jobs))


def _tell(found: Run) -> None:
    shown = ", ".join(f"{s:.1f}" for s in found.recovered_s) or "-"
    print(
        f"{found.kind:<28} seed {found.seed:<5} lost {found.lost}, doubled {found.doubled}, repeated {found.repeated}, "
        f"recovered in {shown} s, {found.lives} lives, {found.wall_s} s",
        flush=True,
    )
    for note in found.notes:
        print(f"  {note}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
