"""How the processes of a soak say where they are: a JSON line a second in a file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from streams.tally import last_line


class Lines:
    """Appends to a file."""

    def __init__(self, path: Path) -> None:
        self._path, self._said = path, 0.0

    def each_second(self, **what: Any) -> None:
        """A line, unless the last one is younger than a second."""
        if time.monotonic() - self._said >= 1:
            self.write(**what)

    def write(self, **what: Any) -> None:
        self._said = time.monotonic()
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(what) + "\n")


def last(path: Path) -> dict[str, Any]:
    """The last whole line; empty before the first."""
    return last_line(path) or {}
