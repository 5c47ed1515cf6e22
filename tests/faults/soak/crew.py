"""The workers of a soak as seen from outside: who they are, what they hold, how far they have come; and the blow that ends one."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from benches import live
from streams.local.processes import Child
from streams.settings import Settings
from tests.faults.soak.lines import last
from tests.faults.soak.memory import resident_mb

WORKERS = 2
FRESH = 3.0  # s; an older line is that of a worker who is gone
DRAIN = 60.0  # s for the orderly end


def started(module: str, folder: Path, settings: Settings) -> Child:
    """One of a soak's own processes, told its folder."""
    return Child([sys.executable, "-m", module, str(folder)], folder / f"{module.rpartition('.')[2]}.log", env=live.environment(settings))


class Crew:
    """`nudgeline worker --processes 2`; a context manager that ends it in order. `status`: what it ended with."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._folder, self.status = folder, 0
        rules = [word for path in settings.rules for word in ("--rules", str(path))]
        command = [sys.executable, "-m", "commands.main", "worker", *rules, "--processes", str(WORKERS), "--stats-file", str(folder / "stats")]
        self._supervisor = Child(command, folder / "workers.log", env=live.environment(settings))
        self._reached: dict[int, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.status = self._supervisor.stop(DRAIN)

    @property
    def running(self) -> bool:
        return self._supervisor.running

    @property
    def tail(self) -> str:
        return self._supervisor.tail()

    def pids(self) -> list[int]:
        """The workers that live, the eldest first."""
        return children_of(self._supervisor.pid)

    def resident(self) -> dict[int, float]:
        """MB of each worker that lives."""
        return {pid: mb for pid in self.pids() if (mb := resident_mb(pid)) is not None}

    def strike(self, victims: Iterable[int]) -> list[int]:
        """SIGKILL; the pids. Where one lives only, it is that one."""
        pids = self.pids()
        struck = sorted({pids[min(victim, len(pids) - 1)] for victim in victims}) if pids else []
        for pid in struck:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return struck

    # -- how far they are

    def lines(self) -> list[dict[str, Any]]:
        """The last line of statistics of each worker that lives."""
        found = (last(self._folder / f"stats.{number + 1}") for number in range(WORKERS))
        return [line for line in found if line and time.time() - line["at"] < FRESH]

    def stream_times(self) -> dict[int, float]:
        """Of each partition that someone has now."""
        return {int(number): of["stream_time"] or 0.0 for line in self.lines() for number, of in line["partitions"].items()}

    def reached(self, partitions: int) -> float:
        """The event time (s since the epoch) up to which every partition has come; 0 before each has begun."""
        for number, at in self.stream_times().items():
            self._reached[number] = max(at, self._reached.get(number, 0.0))
        return min(self._reached.values()) if len(self._reached) == partitions else 0.0

    def served(self, partitions: int, since: float) -> bool:
        """Whether each partition is in someone's hands and past an event time."""
        times = self.stream_times()
        return len(times) == partitions and min(times.values()) >= since


def children_of(parent: int) -> list[int]:
    """Processes that a process began, the eldest first; none when it is gone."""
    with contextlib.suppress(OSError):
        return sorted(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()), key=_born)
    return []


def _born(pid: int) -> int:
    """When a process began (ticks since the machine did)."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except OSError:
        return sys.maxsize
