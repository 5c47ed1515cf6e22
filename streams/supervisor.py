"""Several workers as processes of their own: started, restarted when they die, ended in order, cut off when they take too long.

A worker is one process of one core; the group shares the partitions out. What is supervised shares nothing but the group: a child that dies
takes its partitions with it until the group gives them to the others, and `bury` tells the group at once.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from streams.errors import WorkerFailed

log = logging.getLogger("nudgeline.supervisor")

QUICK = 30.0  # s; who dies younger than that died quickly
BACK_OFF = (0.0, 1.0, 2.0, 4.0, 8.0)  # s before a restart, by quick deaths in a row; after one more it is given up
LOOK = 0.05  # s between two looks
FINE = (0, -signal.SIGTERM)  # statuses of an orderly end: one that was told to before it had begun dies of it, and had nothing


class Process(Protocol):
    """A child as it is seen here: `streams.local.processes.Child`."""

    pid: int

    @property
    def status(self) -> int | None: ...

    def signal(self, number: int) -> None: ...

    def kill(self) -> int: ...


#: Starts a worker, given its number (from 1) and the name that it has at the broker.
Launch = Callable[[int, str], Process]


@dataclass
class Seat:
    """One of the N: who sits there, since when (monotonic s), and how often it died quickly in a row."""

    number: int
    name: str = ""
    child: Process | None = None
    born: float = 0.0
    quick: int = 0
    due: float = 0.0


@dataclass
class Ending:
    """How it ended: pids that had to be killed after the deadline, and what each child gave that failed on its way out."""

    cut_off: list[int] = field(default_factory=list)
    failed: dict[int, int] = field(default_factory=dict)
    restarts: int = 0


class Supervisor:
    """`count` children for as long as it is wanted. `name` begins their names at the broker; `drain` is how long they may take to end (s).

    `bury` is told the name of a child that died; `each_look` is called over and over, and ends everything in order when it says so.
    """

    def __init__(
        self, launch: Launch, count: int, *, name: str, drain: float, bury: Callable[[str], None], each_look: Callable[[Supervisor], bool] = lambda _: False
    ) -> None:
        self._launch, self._name, self._drain_s, self._bury, self._each_look = launch, name, drain, bury, each_look
        self.seats = [Seat(number) for number in range(1, count + 1)]
        self.restarts = 0
        self._asked = 0

    def run(self) -> Ending:
        """Until SIGTERM, SIGINT, or `each_look` says that it is over. Raises WorkerFailed when a worker dies again and again; all others are ended first."""
        with self._signals():
            try:
                while not self._asked and not self._each_look(self):
                    for seat in self.seats:
                        self._tend(seat)
                    time.sleep(LOOK)
            finally:
                ending = self._drain()
        return ending

    @contextmanager
    def _signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, number: int, frame: Any) -> None:
        self._asked += 1

    # -- while it is wanted

    def _tend(self, seat: Seat) -> None:
        now = time.monotonic()
        if seat.child is not None and (status := seat.child.status) is not None:
            self._died(seat, status, now)
        if seat.child is None and now >= seat.due:
            self._start(seat, now)

    def _start(self, seat: Seat, now: float) -> None:
        seat.name, seat.born = f"{self._name}-{seat.number}-{uuid4().hex[:8]}", now
        seat.child = self._launch(seat.number, seat.name)
        log.info("worker %d runs as process %d", seat.number, seat.child.pid)

    def _died(self, seat: Seat, status: int, now: float) -> None:
        """Tell the group, and see when it may come back."""
        seat.child, self.restarts = None, self.restarts + 1
        self._bury(seat.name)
        seat.quick = seat.quick + 1 if now - seat.born < QUICK else 0
        if seat.quick > len(BACK_OFF):
            raise WorkerFailed(f"worker {seat.number} {_how(status)}, {seat.quick} times in a row within {QUICK:.0f} s of its start; its log says why; nothing is lost")
        seat.due = now + BACK_OFF[max(seat.quick - 1, 0)]
        log.warning("worker %d %s; it is started again in %.0f s", seat.number, _how(status), seat.due - now)

    # -- the end

    def _drain(self) -> Ending:
        """SIGTERM to all, and SIGKILL to those that are left after the deadline, or when a second signal comes."""
        living = {seat.child.pid: seat.child for seat in self.seats if seat.child is not None}
        for child in living.values():
            child.signal(signal.SIGTERM)
        deadline, asked = time.monotonic() + self._drain_s, max(self._asked, 1)
        while any(child.status is None for child in living.values()) and time.monotonic() < deadline and self._asked <= asked:
            time.sleep(LOOK)
        left = [pid for pid, child in living.items() if child.status is None]
        for pid in left:
            log.error("process %d did not end within %.0f s; it is cut off", pid, self._drain_s)
            living[pid].kill()
        failed = {pid: status for pid, child in living.items() if pid not in left and (status := child.status) not in FINE and status is not None}
        return Ending(left, failed, self.restarts)


def _how(status: int) -> str:
    """What an exit status says."""
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with {status}"
