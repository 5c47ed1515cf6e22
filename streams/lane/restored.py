"""What a changelog partition holds, applied in whole fetched batches. Pure.

The higher term wins, whatever the order; within a term the later record. What an older owner writes of a partner who was erased, after a newer
one closed a flush, brings nobody back. States stay bytes until all is read, so that a partner written a
thousand times is decoded once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from math import inf
from operator import itemgetter
from typing import Any, Protocol

import msgspec

from streams.lane.terms import HEADER, MARK, SOURCES, Mark, read_mark, term_of

_TERM, _STATE = itemgetter(slice(HEADER)), itemgetter(slice(HEADER, None))


class Written(Protocol):
    """A changelog record as fetched."""

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...


class Restored:
    """States of one partition by partner, as sealed bytes, and the last mark."""

    def __init__(self) -> None:
        self._sealed: dict[bytes, bytes] = {}
        self._mark = Mark(0, -inf)
        self._least = b""  # the header of the highest mark so far
        self._sources = b""
        self._taken = set[bytes]()  # terms of the states that were given away
        self.records = 0

    def __len__(self) -> int:
        return len(self._sealed)

    def apply(self, records: Iterable[Written]) -> None:
        """Take in one batch, in order of offset."""
        held, known_of, n = self._sealed, self._sealed.get, 0
        for r in records:
            key, value, n = r.key, r.value, n + 1
            if key is None:
                continue
            if value is None:
                held.pop(key, None)  # a partner who was erased
            elif key == MARK:
                self._close(read_mark(value), value[:HEADER])
            elif key == SOURCES:
                self._made_from(value)
            else:
                known = known_of(key)
                if value[:HEADER] >= (self._least if known is None else known[:HEADER]):  # big-endian: terms compare as bytes
                    held[key] = value
        self.records += n

    def _close(self, mark: Mark, header: bytes) -> None:
        if mark.term >= self._mark.term:
            self._mark, self._least = mark, header

    def _made_from(self, value: bytes) -> None:
        if value[:HEADER] >= self._sources[:HEADER]:
            self._sources = value

    @property
    def sources(self) -> dict[str, str]:
        """Ids in Kafka of the topics that the states were made from, by the name that offsets are kept under; empty when nobody said."""
        found: dict[str, str] = json.loads(self._sources[HEADER:]) if self._sources else {}
        return found

    @property
    def highest_term(self) -> int:
        """The highest term of any record, given away or not; 0 when there is none."""
        return max([self._mark.term, *map(term_of, self._taken), *map(term_of, self._sealed.values())])

    @property
    def stream_time(self) -> float:
        """Stream time (s) at the end of the last whole flush; -inf when there was none.

        Not the highest time of any state: states of a torn flush are ahead of records that will be read again, and those are not late.
        """
        return self._mark.stream_time

    @property
    def kept(self) -> dict[str, Any]:
        """What the listeners to broadcasts kept at the end of the last whole flush, by the name of their topic's family."""
        found: dict[str, Any] = msgspec.msgpack.decode(self._mark.kept) if self._mark.kept else {}
        return found

    def take(self, most: int) -> dict[str, bytes]:
        """At most so many partners, and their states as they were dumped. They are given away: a million are not there twice."""
        keys = list(islice(self._sealed, most))
        values = list(map(self._sealed.pop, keys))
        self._taken.update(map(_TERM, values))
        return dict(zip(map(bytes.decode, keys), map(_STATE, values), strict=True))

    def states(self) -> Iterable[bytes]:
        """The states as they were dumped."""
        return (value[HEADER:] for value in self._sealed.values())
