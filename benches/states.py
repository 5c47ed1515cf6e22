"""Partners in any number, made quickly: as the simulated city leaves them after a day under the catalogue, each many times under other names."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benches import live
from benches.partner_bytes import lived
from streams.lane.restored import Restored
from streams.lane.terms import MARK, mark, signed
from training_rules import Rules

TERM = 1
CHUNK = 10_000


class Kept(NamedTuple):
    """A changelog record."""

    key: bytes
    value: bytes


class Day(NamedTuple):
    """Partners of the city after some hours, dumped, and the stream time (s since the epoch) at which they stand."""

    end: float
    states: list[bytes]

    @classmethod
    def lived(cls, rules: Rules, hours: float, partners: int = 500) -> Day:
        corridor, _ = lived(rules, partners, hours)
        return cls(corridor.stream_time, [rules.dump(state) for state in corridor.partners.values()])

    def write(self, path: Path) -> None:
        path.write_bytes(msgspec.msgpack.encode(self))

    @classmethod
    def read(cls, path: Path) -> Day:
        return msgspec.msgpack.decode(path.read_bytes(), type=cls)


class Crowd:
    """Partners `p0`, `p1`, …, each one of a day's under another name."""

    def __init__(self, rules: Rules, day: Day) -> None:
        self.end, self._rules = day.end, rules
        self._templates = [rules.load(raw) for raw in day.states]

    def records(self, numbers: range) -> Iterator[Kept]:
        """Their states, as a worker writes them."""
        for number in numbers:
            state = self._templates[number % len(self._templates)]
            state.partner_id = f"p{number}"
            yield Kept(state.partner_id.encode(), signed(TERM, self._rules.dump(state)))

    def closing(self) -> Kept:
        """The record that ends a flush."""
        return Kept(MARK, mark(TERM, self.end))

    def restored(self, count: int) -> Restored:
        """What a worker has read of a changelog of so many partners."""
        found = Restored()
        for start in range(0, count, CHUNK):
            found.apply(self.records(range(start, min(start + CHUNK, count))))
        found.apply([self.closing()])
        return found


def apart(bench: str, size: int, *words: str) -> dict[str, Any]:
    """What `python -m benches.BENCH --one SIZE ..` prints: a process of its own, whose memory nobody used before. Raises SystemExit where it fails."""
    done = subprocess.run([sys.executable, "-m", f"benches.{bench}", "--one", str(size), *words], capture_output=True, text=True, check=False, cwd=live.ROOT)
    if done.returncode:
        raise SystemExit(f"{size:,} partners: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
