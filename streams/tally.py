"""The statistics of several workers in one: the same line as one worker writes, with sums, a second line for whoever reads only one file."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

#: What adds up over all lives of a worker; the rest is told of those that live.
TOTALS = (
    "events", "applied", "events_by_family", "nudges", "decisions", "dead_letters", "transitions", "commits", "states_written", "restored",
    "rebalances", "erased", "gone", "rule_sets", "crowd", "feeds", "cpu_s",
)  # fmt: skip
NOW = ("partners", "awake", "stored", "lag", "rss_mb", "peak_rss_mb", "blocks")
TAIL = 65_536  # bytes in which the last line of a statistics file is looked for


class Tally:
    """Reads `FILE.1`, `FILE.2`, ... of the workers, and appends their sum to `FILE`."""

    def __init__(self, target: Path, count: int) -> None:
        self._target, self._began = target, time.time()
        self._born = dict.fromkeys(range(1, count + 1), self._began)
        self._past: list[dict[str, Any]] = []
        self._heard: dict[int, dict[str, Any]] = {}

    def file(self, number: int) -> Path:
        """Where worker `number` writes."""
        return self._target.with_name(f"{self._target.name}.{number}")

    def born(self, number: int) -> None:
        """A worker begins: what its predecessor counted stays in the totals."""
        if (last := self._last(number)) is not None:
            self._past.append(last)
        self._born[number] = time.time()

    def _last(self, number: int) -> dict[str, Any] | None:
        """The last line of this life; what it was where the file was just moved away."""
        line = last_line(self.file(number)) or self._heard.get(number)
        if line is None or line["at"] < self._born[number]:
            return None
        self._heard[number] = line
        return line

    def write(self, **more: Any) -> dict[str, Any]:
        """One line now, with `more` in it; what it says."""
        living, now = [line for number in self._born if (line := self._last(number)) is not None], time.time()
        line = {"at": round(now, 3), "up_s": round(now - self._began, 3), **summed(living, self._past), **more}
        with self._target.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
        return line


def summed(living: Iterable[Mapping[str, Any]], past: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Statistics of several workers as those of one; of `past` ones only what they did counts. Pure."""
    living = list(living)
    found: dict[str, Any] = {key: _sum([line[key] for line in (*living, *past) if key in line]) for key in TOTALS}
    found |= {key: round(sum(line.get(key, 0) for line in living), 3) for key in NOW}
    for key in ("partitions", "partitioners"):
        found[key] = {name: value for line in living for name, value in line.get(key, {}).items()}
    return found


def _sum(values: list[Any]) -> Any:
    if values and isinstance(values[0], Mapping):
        names = {name: None for value in values for name in value}
        return {name: sum(value.get(name, 0) for value in values) for name in names}
    return round(sum(values), 3)


def last_line(path: Path) -> dict[str, Any] | None:
    """The last whole line of a file of JSON lines; None where there is none."""
    try:
        with path.open("rb") as f:
            f.seek(max(0, path.stat().st_size - TAIL))
            lines = f.read().split(b"\n")
    except OSError:
        return None
    whole = [line for line in lines[:-1] if line.startswith(b"{") and line.endswith(b"}")]
    found: dict[str, Any] | None = json.loads(whole[-1]) if whole else None
    return found
