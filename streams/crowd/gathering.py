"""Parts of all partitions put together, moment by moment. Pure: wall time is an argument.

A moment is whole when every partition has come so far. One that is silent is waited for; then what it last told stands for it, if that is not a minute old
in stream time, or there are no figures of that moment: some partners' part would be missing, and unknown is better than wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from streams.crowd.records import Counted, Sketched

#: How old a part may be that stands for another moment's (s of stream time), and how many moments wait at most.
STANDS, MOST = 60.0, 5000


T = TypeVar("T", Counted, Sketched)


class Whole(NamedTuple, Generic[T]):
    """A moment (s of stream time), and the part of each partition, in their order."""

    at: float
    parts: list[T]


class Gathering(Generic[T]):
    """`patience`: how long (s of wall time) a partition is waited for. `missed` counts the moments of which there are no figures."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._told: dict[int, list[T]] = {}  # by partition, in order of their moments
        self._offsets: dict[tuple[int, float], int] = {}
        self._moments: dict[float, float] = {}  # those that wait, and when they were first heard of
        self._done, self._parts = 0.0, 0
        self.missed = 0

    def put(self, part: T, wall: float, offset: int = -1) -> None:
        """Take what a partition told, which lies at an offset. `wall`: s, of any clock."""
        self._parts = part.parts
        self._offsets[part.partition, part.at] = offset
        told = self._told.setdefault(part.partition, [])
        told.insert(bisect_right(told, part.at, key=lambda p: p.at), part)
        if part.at > self._done:
            self._moments.setdefault(part.at, wall)

    def take(self, wall: float) -> Iterator[Whole[T]]:
        """The moments that are whole, in order; each once."""
        for at in sorted(self._moments):
            reached = sum(told[-1].at >= at for told in self._told.values()) >= self._parts
            if not reached and wall - self._moments[at] < self._patience and len(self._moments) <= MOST:
                return
            parts = self._of(at)
            self._pass(at)
            if parts is None:
                self.missed += 1
            else:
                yield Whole(at, parts)

    def _of(self, at: float) -> list[T] | None:
        parts = list[T]()
        for partition in range(self._parts):
            told = self._told.get(partition, [])
            before = bisect_right(told, at, key=lambda p: p.at)
            if not before or told[before - 1].at <= at - STANDS:
                return None
            parts.append(told[before - 1])
        return parts

    def _pass(self, at: float) -> None:
        """Nothing is asked about this moment again; of what was told before it only the last is kept."""
        self._done = at
        del self._moments[at]
        for partition, told in self._told.items():
            for gone in told[: max(0, bisect_right(told, at, key=lambda p: p.at) - 1)]:
                self._offsets.pop((partition, gone.at), None)
                del told[0]

    def needed(self) -> int | None:
        """The lowest offset of what whoever comes next has to read again; None for nothing."""
        return min(self._offsets.values(), default=None)
