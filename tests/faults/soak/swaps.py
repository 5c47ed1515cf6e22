"""Rule sets that change while a soak goes on: planned beforehand, so that sender of changes and checker know the same ones.

Each set has the rules of the faults, which never change, and beside them one that is another each time, or is not there: a trigger that counts, and a window
that is new with every change.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rulebook.loader import load_texts
from streams.pushing import push
from streams.settings import Settings
from tests.faults.soak.stream import Job
from tests.faults.stream import RULES
from training_rules import Corridor, Rules, compile_rules

EARLY = 4.0  # s of the clock before it is to hold that a change is written
MARGIN = 0.2  # of the time is without a change at the beginning, and as much at the end, 8 s at most

OTHER = """version: 1
owner: tests
nudges:
  changing:
    trigger: {{happens: order_rejected, times: {times}, within: {minutes}m}}
    if: count(position over {minutes}m) < 40
    send: text
    kind: tip
    cooldown: 0s
    priority: 20
    mode: live
"""


class Swap(NamedTuple):
    """A rule set, and from when (s since the epoch, event time) it holds."""

    at: float
    files: dict[str, str]


def swaps(job: Job) -> list[Swap]:
    """As many as the job wants, evenly spread."""
    seconds, base = job.events / job.rate, RULES.read_text(encoding="utf-8")
    margin = min(MARGIN * seconds, 8.0)
    step = (seconds - 2 * margin) / max(job.swaps, 1)
    return [Swap(round(job.time_at(job.began + margin + step * n), 3), {"rules.yaml": base} | _other(n)) for n in range(job.swaps)]


def _other(number: int) -> dict[str, str]:
    return {} if number % 4 == 3 else {"other.yaml": OTHER.format(times=2 + number % 3, minutes=3 + number)}


class Pusher:
    """Writes each change a little before its time."""

    def __init__(self, job: Job, settings: Settings) -> None:
        self._job, self._settings, self._left, self.pushed = job, settings, swaps(job), 0

    def look(self) -> None:
        """Write what is due."""
        while self._left and self._left[0].at <= self._job.time_at(time.monotonic() + EARLY):
            at, files = self._left.pop(0)
            push(self._settings, files, at=at)
            self.pushed += 1


class Sets:
    """The changes that the corridors of the truth meet, compiled as workers do: each to take the place of the one before it."""

    def __init__(self, planned: Sequence[Swap], first: Rules, partitions: int) -> None:
        self._planned, self._compiled, self._met = planned, [first], [0] * partitions

    def next_of(self, partition: int) -> float | None:
        """When the next change of a partition is; None where there is none."""
        met = self._met[partition]
        return self._planned[met].at if met < len(self._planned) else None

    def take(self, partition: int, corridor: Corridor) -> list[object]:
        """The next change takes place; what timers say that are due before it."""
        number = self._met[partition]
        self._met[partition] += 1
        out = list(corridor.advance(self._planned[number].at))
        corridor.change(self._set(number))
        return out

    def _set(self, number: int) -> Rules:
        at, files = self._planned[number]
        if len(self._compiled) == number + 1:
            before = self._compiled[number]
            self._compiled.append(compile_rules(load_texts(files)[0], replace(before.options, begun=before.succeeded(at))))
        return self._compiled[number + 1]
