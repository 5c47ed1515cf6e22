"""Kafka and Redis together, started and ended as one; in the foreground of a command, or in the background until told to stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from streams.errors import LocalFault
from streams.local.kafka import LocalKafka
from streams.local.processes import answers
from streams.local.redis import LocalRedis

STATE = "services.json"


class LocalServices:
    """Real parts in one folder, which is emptied first unless `keep`. A context manager: what it starts ends with it, or with this process."""

    def __init__(self, folder: Path, *, redis: bool = True, keep: bool = False, heap_mb: int = 256, users: dict[str, str] | None = None) -> None:
        self.folder, self.keep = folder, keep
        self.kafka = LocalKafka(folder / "kafka", heap_mb=heap_mb, users=users)
        self.redis = LocalRedis(folder / "redis") if redis else None

    @property
    def bootstrap(self) -> str:
        return self.kafka.bootstrap

    @property
    def redis_url(self) -> str:
        """Redis' address; empty where there is none."""
        return self.redis.url if self.redis is not None else ""

    def start(self, say: Callable[[str], None] = lambda _: None, *, tied: bool = True) -> None:
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.redis is not None:
            self.redis.start(tied=tied)
        self.kafka.start(say, tied=tied)

    def stop(self) -> None:
        for part in (self.kafka, self.redis):
            if part is not None:
                part.stop()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


# -- in the background: a state file names the pids, with the time at which each started, so that a pid of somebody else is never touched


def up(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Start services that stay. Gives what `status` gives. Raises LocalFault where they run already."""
    if (found := status(folder)) is not None and found["running"]:
        raise LocalFault(f"services run already: Kafka at {found['brokers']}; `nudgeline services down` ends them")
    services = LocalServices(folder, keep=True)
    services.start(say, tied=False)
    assert services.kafka.child is not None
    assert services.redis is not None
    assert services.redis.child is not None
    pids = {"kafka": services.kafka.child.pid, "redis": services.redis.child.pid}
    state = {
        "brokers": services.bootstrap, "redis_url": services.redis_url,
        "processes": {name: {"pid": pid, "started": _started(pid)} for name, pid in pids.items()},
    }  # fmt: skip
    (folder / STATE).write_text(json.dumps(state, indent=1))
    return status(folder) or state


def status(folder: Path) -> dict[str, Any] | None:
    """Addresses and processes of the services in the background; None where there are none."""
    try:
        state: dict[str, Any] = json.loads((folder / STATE).read_text())
    except (OSError, ValueError):
        return None
    state["alive"] = {name: _ours(p) for name, p in state["processes"].items()}
    state["running"] = all(state["alive"].values()) and answers(int(state["brokers"].rsplit(":", 1)[1]))
    return state


def down(folder: Path, patience: float = 20.0) -> bool:
    """End the services in the background; False where none ran."""
    state = status(folder)
    if state is None:
        return False
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda p: _end(p, patience), state["processes"].values()))
    (folder / STATE).unlink(missing_ok=True)
    return any(ended)


def _end(process: dict[str, Any], patience: float) -> bool:
    if not _ours(process):
        return False
    os.kill(process["pid"], signal.SIGTERM)
    deadline = time.monotonic() + patience
    while _ours(process):
        if time.monotonic() > deadline:
            os.kill(process["pid"], signal.SIGKILL)
        time.sleep(0.05)
    return True


def _ours(process: dict[str, Any]) -> bool:
    """Whether the pid still names the process that was started."""
    return bool(process["started"]) and _started(process["pid"]) == process["started"]


def _started(pid: int) -> str | None:
    """What tells a process from a later one with the same pid; None when it is gone (or a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
