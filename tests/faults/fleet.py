"""Workers as processes, forked from one that has everything imported; whoever dies is started again, as a supervisor would."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Any, Self

from streams.settings import Settings
from tests.faults.twists import Twist

NUDGELINE = "tests.faults.fleet:nudgeline"
_PR_SET_PDEATHSIG = 1
_BACK_AFTER = 0.2  # s that a supervisor takes to start one again
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.fleet", "tests.faults.twists", "tests.faults.stock", "commands.worker"])


def spelled(settings: Settings) -> dict[str, str]:
    """The settings as environment variables."""
    given = settings.model_dump(mode="json", exclude_defaults=True)
    return {f"NUDGELINE_{k.upper()}": v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}


def _main(entry: str, environment: dict[str, str], arguments: dict[str, Any], twists: Sequence[Twist], log: str) -> None:
    """The worker's process: `entry` is MODULE:FUNCTION. It ends by SIGKILL when the harness does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    os.environ.update(environment)
    from tests.faults.twists import apply

    apply(twists)
    module, _, function = entry.partition(":")
    getattr(importlib.import_module(module), function)(**arguments)


def nudgeline(rules: Path, stats: Path) -> None:
    """`nudgeline worker`, with statistics five times a second."""
    from commands.worker import worker
    from streams import running

    running.STATS_EVERY = 0.2
    worker(rules=[rules], length=None, until_caught_up=False, clock=None, bootstrap=None, stats_file=stats, verbose=False)


class Seat:
    """A place for one worker: `lives` were started in it, one after the other."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number, self.folder, self.lives = number, folder / f"worker{number}", 0
        self.folder.mkdir(parents=True)
        self.process: Any = None
        self.kept = True

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    @property
    def stats_file(self) -> Path:
        return self.folder / f"{self.lives}.json"

    def stats(self) -> dict[str, Any]:
        """The last whole line of this life's statistics; empty before the first."""
        with contextlib.suppress(OSError, ValueError, LookupError):
            return json.loads(self.stats_file.read_bytes().splitlines()[-1])  # type: ignore[no-any-return]
        return {}

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.alive:
                os.kill(self.process.pid, number)

    def log(self) -> str:
        return "\n".join(f.read_text(errors="replace") for f in sorted(self.folder.glob("*.log")))


class Fleet:
    """The workers of a run. A context manager: all of them are gone in the end."""

    def __init__(self, settings: Settings, rules: Path, folder: Path, *, entry: str = NUDGELINE, always: Sequence[Twist] = ()) -> None:
        self._settings, self._rules, self._folder, self._entry, self._always = settings, rules, folder, entry, tuple(always)
        self.seats: list[Seat] = []
        self._lock, self._over = RLock(), Event()
        self._keeper = Thread(target=self._keep, daemon=True, name="supervisor")

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._keeper.join(10)
        for seat in self.seats:
            self._kill(seat)

    def join(self, *twists: Twist) -> Seat:
        """One more worker. `twists` are for its first life only."""
        with self._lock:
            seat = Seat(self._folder, len(self.seats))
            self.seats.append(seat)
            self._start(seat, twists)
            return seat

    def kill(self, seat: Seat) -> None:
        """SIGKILL; the supervisor starts it again."""
        seat.signal(signal.SIGKILL)

    def leave(self, seat: Seat, patience: float = 30.0) -> None:
        """End one in order, for good. Raises AssertionError with its log where it does not end well."""
        seat.kept = False
        seat.signal(signal.SIGTERM)
        seat.process.join(patience)
        assert not seat.alive, f"did not end in {patience:.0f} s:\n{seat.log()}"

    @property
    def alive(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.alive]

    @property
    def lives(self) -> int:
        return sum(seat.lives for seat in self.seats)

    def stream_times(self) -> dict[int, float]:
        """How far stream time is in each partition, by those who have it now."""
        return dict(self._stream_times())

    def _stream_times(self) -> Iterator[tuple[int, float]]:
        for seat in self.alive:
            for number, of in seat.stats().get("partitions", {}).items():
                yield int(number), of["stream_time"] or 0.0

    def _start(self, seat: Seat, twists: Sequence[Twist]) -> None:
        seat.lives += 1
        arguments = {"rules": self._rules, "stats": seat.stats_file}
        given = (self._entry, spelled(self._settings), arguments, [*self._always, *twists], str(seat.folder / f"{seat.lives}.log"))
        seat.process = _context.Process(target=_main, args=given, daemon=True)
        seat.process.start()

    def _keep(self) -> None:
        while not self._over.wait(_BACK_AFTER):
            with self._lock:
                for seat in self.seats:
                    if seat.kept and not seat.alive and not self._over.is_set():
                        self._start(seat, ())

    def _kill(self, seat: Seat) -> None:
        if seat.process is not None and seat.alive:
            seat.process.kill()
            seat.process.join(10)


def until(condition: Any, what: str, patience: float = 60.0) -> Any:
    """Wait for a condition; its value. Raises TimeoutError."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {patience:.0f} s: not {what}")
        time.sleep(0.05)
    return found
