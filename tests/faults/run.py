"""A run: disturb, heal, drain, compare with a run that nobody disturbed."""

from __future__ import annotations

import random
import threading
import time
import zlib
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.ground import Lane
from tests.faults.kinds import KINDS, Kind
from tests.faults.outcome import Outcome, compare
from tests.faults.scene import Scene, scene
from tests.faults.stream import stream

NOTES = 12  # differences that are spelled out
STREAMS = 2  # different streams of each kind; what a fault does when comes of the run's own seed


@dataclass
class Run:
    """What came of one run. `recovered_s`: from each strike until all partitions had caught up with that moment."""

    kind: str
    seed: int
    lost: int
    doubled: int
    repeated: int
    recovered_s: list[float]
    lives: int
    wall_s: float
    notes: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        return asdict(self)


class Undisturbed:
    """Outcomes of runs without a fault, one for each stream; made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[tuple[str, int], Outcome] = {}
        self._locks: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)

    def outcome(self, lane: Lane, kind: str, seed: int) -> Outcome:
        with self._locks[kind, seed]:
            if (kind, seed) not in self._found:
                self._found[kind, seed] = self._run(lane, kind, seed)
            return self._found[kind, seed]

    def _run(self, lane: Lane, kind: str, seed: int) -> Outcome:
        with scene(lane, self._folder, stream(kind, seed), random.Random(seed)) as quiet:
            quiet.fleet.join()
            quiet.feeder.start()
            quiet.until_drained()
            found = quiet.outcome()
        if found.repeated or quiet.fleet.lives > 1:
            raise RuntimeError(f"a run that nobody disturbed repeated {found.repeated} outputs in {quiet.fleet.lives} lives")
        return found


def run(kind: Kind | str, seed: int, lane: Lane, folder: Path, undisturbed: Undisturbed) -> Run:
    """One run of one kind; `seed` decides the stream, and what happens when."""
    kind = KINDS[kind] if isinstance(kind, str) else kind
    own, rnd = seed % STREAMS, random.Random(zlib.crc32(f"{kind.name}-{seed}".encode()))
    wanted = undisturbed.outcome(lane, kind.stream, own)
    began = time.monotonic()
    with scene(lane, folder, stream(kind.stream, own), rnd, always=kind.always, **kind.settings) as disturbed:
        try:
            _disturb(kind, disturbed)
            verdict = compare(wanted, outcome := disturbed.outcome())
        except Exception as broken:  # noqa: BLE001 - whatever it is, the run did not come to its end: that counts as lost
            verdict = compare(wanted, outcome := disturbed.outcome())
            verdict.lost = max(verdict.lost, 1)
            verdict.notes.insert(0, f"{type(broken).__name__}: {broken}")
        found = Run(kind.name, seed, verdict.lost, verdict.doubled, verdict.repeated, [round(s, 2) for s in disturbed.recoveries], disturbed.fleet.lives, 0.0)
        if not verdict.clean:
            found.notes = [*verdict.notes[:NOTES], f"… {len(verdict.notes)} in all", _marks(outcome), _logs(disturbed)]
    found.wall_s = round(time.monotonic() - began, 1)
    return found


def _disturb(kind: Kind, disturbed: Scene) -> None:
    kind.does(disturbed)
    disturbed.heal()
    disturbed.until_drained()


def _marks(outcome: Outcome) -> str:
    """Who wrote each partition's changelog, and up to which offset and stream time."""
    lines = []
    for number, marks in sorted(outcome.marks.items()):
        owners = {mark.term: (offset, round(mark.stream_time)) for offset, mark in marks}
        lines.append(f"changelog of partition {number}, last mark of each term (offset, stream time): {owners}")
    return "\n".join(lines)


def _logs(disturbed: Scene) -> str:
    return "\n".join(f"worker {seat.number}: {seat.log()[-4000:]}" for seat in disturbed.fleet.seats)
