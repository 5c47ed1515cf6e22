"""The stream of a soak: seeded, endless, and cheap enough to be made twice, by the sender and by the checker.

Each partner goes round one of a few shifts made beforehand (`tests.journeys.shift`), from a place of its own; orders have other ids each time.
Which partner comes next is drawn. Event times follow the pace, `speed` times as fast as the clock: windows of hours are full after minutes, so that
memory is that of a partner in the midst of life, and timers of fifteen minutes are pending over every kill.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from simulator.sender import positive_hash
from tests.journeys.shift import FAMILY_OF, _one

SHIFTS, STEPS = 64, 400

#: Family, partner's number, value, event time (s since the epoch).
Sent = tuple[str, int, bytes, float]


class Job(NamedTuple):
    """`events` at `rate` a second of so many `partners`. The first happens at `start` (s since the epoch) and is due at `began` (monotonic s). Meanwhile the
    rule set changes `swaps` times."""

    seed: int
    partners: int
    events: int
    rate: float
    speed: float
    start: float
    began: float
    swaps: int = 0

    def time_at(self, moment: float) -> float:
        """Event time of what is due at a moment (monotonic s)."""
        return self.start + (moment - self.began) * self.speed

    def due(self, moment: float) -> int:
        """How many events are due by then."""
        return max(0, min(self.events, int((moment - self.began) * self.rate)))

    def write(self, folder: Path) -> None:
        (folder / "job.json").write_text(json.dumps(self._asdict()))

    @classmethod
    def read(cls, folder: Path) -> Job:
        return cls(**json.loads((folder / "job.json").read_text()))


class _Step(NamedTuple):
    """One event of a shift without what differs each time. `text` ends within the order's id where it is about one."""

    family: str
    text: str
    ordered: bool


def _shift(rnd: random.Random) -> list[_Step]:
    """It ends with the end of an order, so that the next round begins with none."""
    steps, order = list[_Step](), [0, 0]
    while len(steps) < STEPS or order[0]:
        said = _one(rnd, order)
        order_id = said.pop("order_id", None)
        text = msgspec.json.encode(said).decode()[:-1]
        steps.append(_Step(FAMILY_OF[said["type"]], text if order_id is None else f'{text},"order_id":"{order_id}-', order_id is not None))
    return steps


class Stream:
    """The events of a job. `keys` and `places`: key and partition by partner's number."""

    def __init__(self, job: Job, partitions: int) -> None:
        self._job, self._rnd = job, random.Random(job.seed)
        self._shifts = [_shift(self._rnd) for _ in range(SHIFTS)]
        self._done = [self._rnd.randrange(STEPS) for _ in range(job.partners)]
        self.keys = [f"P{number:06d}".encode() for number in range(job.partners)]
        self.places = [positive_hash(key) % partitions for key in self.keys]

    def events(self) -> Iterator[Sent]:
        """All of them, in order of time, no two at the same moment."""
        drawn, partners, done, shifts, names = self._rnd.random, self._job.partners, self._done, self._shifts, [key.decode() for key in self.keys]
        step, start = self._job.speed / self._job.rate, self._job.start
        for number in range(self._job.events):
            who = int(drawn() * partners)
            shift = shifts[who % SHIFTS]
            turn, place = divmod(done[who], len(shift))
            done[who] += 1
            family, text, ordered = shift[place]
            at = round(start + (number + 0.9 * drawn()) * step, 6)
            tail = f'{turn}"' if ordered else ""
            yield family, who, f'{text}{tail},"event_id":"E{number}","partner_id":"{names[who]}","occurred_at":{at!r}}}'.encode(), at
