"""What a peer is asked to do, from its environment, and the meter of what it took. For a virtual environment that has neither nudgeline nor its packages."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path


def given(name: str) -> str:
    """BROKERS, TOPIC, OUT, GROUP, EVENTS, PARTITIONS, FOLDER or REPORT. Raises KeyError outside of `python -m benches.peers`."""
    return os.environ[f"PEER_{name}"]


class Meter:
    """Wall and CPU seconds of this process (all threads, and children that ended) from its first event to its last, `events` in all."""

    def __init__(self, events: int) -> None:
        self._events, self._seen = events, 0
        self._first = self._last = (0.0, 0.0)

    def begin(self) -> None:
        """Before an event is decoded, or worked on."""
        if not self._first[0]:
            self._first = _moment()

    def event(self) -> bool:
        """After an event was worked on; true after the last."""
        self._seen += 1
        if self._seen == self._events:
            self._last = _moment()
        return self._seen == self._events

    def report(self) -> None:
        """Write what it took to the file that the bench reads. Raises RuntimeError when events are missing."""
        if self._seen < self._events:
            raise RuntimeError(f"{self._seen:,} of {self._events:,} events were seen")
        wall, cpu = (last - first for first, last in zip(self._first, self._last, strict=True))
        took = {"events": self._seen, "wall_s": wall, "cpu_s": self._last[1], "running_cpu_s": cpu, "rss_mb": _peak_mb()}
        Path(given("REPORT")).write_text(json.dumps(took), encoding="utf-8")


def _moment() -> tuple[float, float]:
    used = os.times()
    return time.monotonic(), used.user + used.system + used.children_user + used.children_system


def _peak_mb() -> int:
    """Resident MB at the highest; 0 where there is no /proc. Not of getrusage: a child begins there with the peak of the process that made it."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)
