"""What is seen of a soak while it goes on: memory, how far behind the workers are, when each blow was recovered from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.faults.soak import memory
from tests.faults.soak.crew import Crew
from tests.faults.soak.ground import PARTITIONS
from tests.faults.soak.memory import resident_mb
from tests.faults.soak.stream import Job
from tests.faults.soak.strikes import Strike

EVERY = 2.0  # s between two samples


@dataclass
class Blow:
    """A kill: at so many seconds, whom, and how long until every partition had come as far as the stream was then (None: it never did)."""

    at: float
    pids: list[int]
    recovered_s: float | None = None


@dataclass
class Sample:
    """Seconds since the beginning, MB of each worker by pid, of the servers by name, and how far the slowest partition is behind the stream (s of the clock)."""

    at: float
    mb: dict[int, float]
    servers: dict[str, float]
    behind_s: float


@dataclass
class Watch:
    """`look` is called over and over."""

    job: Job
    crew: Crew
    servers: dict[str, int]
    due: list[Strike]
    blows: list[Blow] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def look(self, now: float) -> None:
        """`now`: monotonic s."""
        at = now - self.job.began
        if self.due and at >= self.due[0].at:
            self._strike(self.due.pop(0), at)
        self._recovered(now)
        if at >= 0 and (not self.samples or at - self.samples[-1].at >= EVERY):
            servers = {name: resident_mb(pid) or 0.0 for name, pid in self.servers.items()}
            self.samples.append(Sample(round(at, 2), self.crew.resident(), servers, self.behind(now)))

    def _strike(self, strike: Strike, at: float) -> None:
        if pids := self.crew.strike(strike.victims):
            self.blows.append(Blow(round(at, 2), pids))

    def _recovered(self, now: float) -> None:
        for blow in self.blows:
            struck = self.job.began + blow.at
            if blow.recovered_s is None and self.crew.served(PARTITIONS, self.job.time_at(struck)):
                blow.recovered_s = round(now - struck, 2)

    def behind(self, now: float) -> float:
        """How old (s of the clock) what the slowest partition handed on last is; the stream's end is not passed."""
        reached = self.crew.reached(PARTITIONS) or self.job.start
        ended = min(self.job.time_at(now), self.job.time_at(self.job.began + self.job.events / self.job.rate))
        return round(max(0.0, (ended - reached) / self.job.speed), 2)

    # -- in the end

    def growths(self) -> dict[str, memory.Growth | None]:
        """Of all workers together, and of the one that lived longest."""
        seconds = self.job.events / self.job.rate
        together = [(s.at, sum(s.mb.values())) for s in self.samples]
        lives: dict[int, list[tuple[float, float]]] = {}
        for s in self.samples:
            for pid, mb in s.mb.items():
                lives.setdefault(pid, []).append((s.at, mb))
        eldest = max(lives.values(), key=len, default=[])
        return {"together": memory.growth(together, seconds), "eldest": memory.growth(eldest, seconds)}

    def plain_blows(self) -> list[dict[str, Any]]:
        return [asdict(blow) for blow in self.blows]


def settled(crew: Crew, patience: float = 60.0) -> None:
    """Wait until each partition has an owner, and each worker some. Raises TimeoutError."""
    deadline = time.monotonic() + patience
    while not _shared([sorted(line["partitions"]) for line in crew.lines()]):
        if time.monotonic() > deadline or not crew.running:
            raise TimeoutError(f"the workers do not share out the partitions: {crew.tail}")
        time.sleep(0.1)


def _shared(owned: Sequence[Sequence[str]]) -> bool:
    numbers = [number for one in owned for number in one]
    return len(numbers) == len(set(numbers)) == PARTITIONS and len(owned) > 1 and all(owned)
