"""Which of the fetched records continue a partition exactly where the last delivery ended. Pure.

Records that were fetched before a seek may be delivered after it; were they believed, the commit head would stand still, or run over records
that nobody has seen. So: what was delivered already is dropped, and a hole is read once more before it is believed (compaction and
transactions leave real ones).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from faust.types import TP


class Fetched(Protocol):
    """A record as fetched; only its offset matters here."""

    @property
    def offset(self) -> int: ...


R = TypeVar("R", bound=Fetched)


@dataclass(frozen=True)
class Reseek:
    """Nothing was accepted: read again from `offset`."""

    offset: int


class Continuity:
    """The offset that must come next, for each partition."""

    def __init__(self) -> None:
        self._next: dict[TP, int] = {}
        self._holes: dict[TP, int] = {}
        self._back: set[TP] = set()

    def begin(self, positions: Mapping[TP, int]) -> None:
        """Expect these offsets (after a seek)."""
        self.forget(positions)
        self._next.update(positions)

    def forget(self, tps: Iterable[TP]) -> None:
        """These partitions are not read any more."""
        for tp in tps:
            self._next.pop(tp, None)
            self._holes.pop(tp, None)
            self._back.discard(tp)

    def positions(self) -> list[tuple[TP, int]]:
        """The offset that must come next, for each partition that is read."""
        return list(self._next.items())

    def expected(self, tp: TP) -> int | None:
        """The offset that must come next; None for a partition that is not read."""
        return self._next.get(tp)

    def passed(self, tp: TP, offset: int) -> bool:
        """Reading has come to `offset` without a record: whether that is believed. If not, it is to be read again from the position."""
        if self._holes.get(tp) != offset:
            self._holes[tp] = offset
            return False
        self._next[tp] = offset
        return True

    def fell_back(self, tp: TP, offset: int) -> bool:
        """Reading stands at `offset` with nothing under way: whether that lies, for the second time, before what was delivered already.

        Kafka no longer has the place that was reached, and reading began anew by itself.
        """
        wanted = self._next.get(tp)
        if wanted is None or offset >= wanted:
            self._back.discard(tp)
            return False
        if tp in self._back:
            return True
        self._back.add(tp)
        return False

    def accept(self, tp: TP, records: Sequence[R]) -> Sequence[R] | Reseek:
        """The records to deliver (maybe none), or where to read again."""
        wanted, first, last = self._next.get(tp), records[0].offset, records[-1].offset
        if wanted is None or last < wanted:
            return ()
        if first < wanted:
            records = [r for r in records if r.offset >= wanted]
        elif first > wanted and self._holes.get(tp) != first:
            self._holes[tp] = first
            return Reseek(wanted)
        self._holes.pop(tp, None)
        self._next[tp] = last + 1
        return records
