"""Child processes that end with us: by signal to the pid that we started, never by name."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from streams.errors import LocalFault

_PR_SET_PDEATHSIG = 1
HOST = "127.0.0.1"


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as s:
        s.bind((HOST, 0))
        port: int = s.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody accepts connections on a loopback port."""
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex((HOST, port)) == 0


class Child:
    """One started process with its log file; without one it writes where we do.

    `tied`: it is killed by the kernel when the thread that started it is gone, even by SIGKILL (Linux).
    """

    def __init__(self, command: Sequence[str], log: Path | None, *, tied: bool = True, env: Mapping[str, str] | None = None) -> None:
        self.log, parent = log, os.getpid()
        with _opened(log) as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=None if env is None else dict(env),
                preexec_fn=_tie(parent) if tied and sys.platform == "linux" else None,  # noqa: PLW1509 - it only calls prctl
            )  # fmt: skip
        self.pid = self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    def wait_until(self, ready: Callable[[], bool], what: str, patience: float = 60.0) -> None:
        """Wait for a condition. Raises LocalFault with the end of the log when the process ends first or the time is over."""
        deadline = time.monotonic() + patience
        while not ready():
            if not self.running:
                raise LocalFault(f"{what} ended at once; the end of its log ({self.log}) says: {self.tail()}")
            if time.monotonic() > deadline:
                raise LocalFault(f"{what} was not ready after {patience:.0f} s; see {self.log}")
            time.sleep(0.02)

    def wait(self, patience: float | None = None) -> int:
        """The exit status, when it ends. Raises subprocess.TimeoutExpired."""
        return self._process.wait(patience)

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()[-3:] if self.log is not None else []
        return " / ".join(lines) or "nothing"

    def signal(self, number: int) -> None:
        if self.running:
            self._process.send_signal(number)

    def stop(self, patience: float = 10.0) -> int:
        """End it: SIGTERM, and SIGKILL when it takes too long. Gives the exit status."""
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(patience)
        return self.kill()

    def kill(self) -> int:
        self.signal(signal.SIGKILL)
        return self._process.wait()


def _opened(log: Path | None) -> contextlib.AbstractContextManager[IO[bytes] | None]:
    if log is None:
        return contextlib.nullcontext()
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab")


def _tie(parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return tie
