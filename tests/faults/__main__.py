"""Runs of every kind of fault, or of some; the last line is `N runs, lost 0, doubled 0`, and the exit status 1 when it says anything else.

    python -m tests.faults --runs 5 --seed 77 --kinds killed
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from tests.faults.ground import Ground, Lane
from tests.faults.kinds import KINDS
from tests.faults.run import Run, Undisturbed, run

LANES = 2


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        runs = campaign(plan(options), Path(folder), options.lanes)
    lost, doubled = sum(r.lost for r in runs), sum(r.doubled for r in runs)
    print(f"{len(runs)} runs, lost {lost}, doubled {doubled}")
    return 1 if lost or doubled or not runs else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Faults on purpose, on a real Kafka and Redis.")
    parser.add_argument("--runs", type=int, default=0, help="how many, over the kinds in turn; otherwise two of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each further one has the next")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS), metavar="KIND", help=f"only these: {', '.join(KINDS)}")
    parser.add_argument("--lanes", type=int, default=LANES, help="runs at the same time")
    return parser


def plan(options: argparse.Namespace) -> list[tuple[str, int]]:
    """(kind, seed) of each run."""
    count = options.runs or 2 * len(options.kinds)
    return [(options.kinds[number % len(options.kinds)], options.seed + number) for number in range(count)]


def campaign(planned: Sequence[tuple[str, int]], folder: Path, lanes: int) -> list[Run]:
    """All runs: side by side in lanes, and those alone that need the broker to themselves."""
    with Ground(folder / "ground", lanes) as ground:
        undisturbed, free = Undisturbed(folder), Queue[Lane]()
        for lane in ground.lanes:
            free.put(lane)

        def one(planned: tuple[str, int]) -> Run:
            with _taken(free) as lane:
                return _told(run(*planned, lane, folder, undisturbed))

        with ThreadPoolExecutor(lanes) as pool:
            runs = list(pool.map(one, [p for p in planned if not KINDS[p[0]].alone]))
        return runs + [one(p) for p in planned if KINDS[p[0]].alone]


@contextmanager
def _taken(free: Queue[Lane]) -> Iterator[Lane]:
    lane = free.get()
    try:
        yield lane
    finally:
        free.put(lane)


def _told(found: Run) -> Run:
    shown = ", ".join(f"{s:.1f}" for s in found.recovered_s) or "-"
    print(
        f"{found.kind:<28} seed {found.seed:<5} lost {found.lost}, doubled {found.doubled}, repeated {found.repeated}, "
        f"recovered in {shown} s, {found.lives} lives, {found.wall_s} s",
        flush=True,
    )
    for note in found.notes:
        print(f"  {note}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
