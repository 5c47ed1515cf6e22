"""What a changelog partition holds, applied in whole fetched batches. Pure.

The higher term wins, whatever the order; within a term the later record. What an older owner writes of a partner who was erased, after a newer
one closed a flush, brings nobody back. States stay the bytes that were read, so that a partner written a thousand times is decoded once, and one at
rest not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import inf
from typing import Any, Protocol

import msgspec

from streams.lane.terms import CONTROL, HEADER, SOURCES, Mark, read_mark, term_of


class Written(Protocol):
    """A changelog record as fetched."""

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...


class Restored:
    """States of one partition by partner, as they were signed, and the last mark."""

    def __init__(self) -> None:
        self._states: dict[str, bytes] = {}
        self._mark = Mark(0, -inf)
        self._least = b""  # the header of the highest mark so far
        self._highest = bytes(HEADER)  # the header of the highest term so far
        self._sources = b""

    def __len__(self) -> int:
        return len(self._states)

    def apply(self, records: Iterable[Written]) -> None:
        """Take in one batch, in order of offset."""
        states, decode, highest = self._states, bytes.decode, self._highest
        for r in records:
            key, value = r.key, r.value
            if key is None:
                continue
            if key in CONTROL:
                if value is not None:
                    self._note(key, value)
                    highest = self._highest
            elif value is None:
                states.pop(decode(key), None)  # a partner who was erased
            elif value.startswith(highest) or self._counts(decode(key), value):  # most are by one owner, the last
                states[decode(key)] = value
                highest = self._highest

    def _note(self, key: bytes, value: bytes) -> None:
        term = value[:HEADER]
        if key == SOURCES:
            self._sources = value if term >= self._sources[:HEADER] else self._sources
        elif term >= self._least:
            self._mark, self._least, self._highest = read_mark(value), term, max(self._highest, term)

    def _counts(self, who: str, state: bytes) -> bool:
        """Whether a state may stand, by terms; big-endian, they compare as bytes."""
        term, known = state[:HEADER], self._states.get(who)
        self._highest = max(self._highest, term)
        return term >= (self._least if known is None else known[:HEADER])

    @property
    def sources(self) -> dict[str, str]:
        """Ids in Kafka of the topics that the states were made from, by the name that offsets are kept under; empty when nobody said."""
        found: dict[str, str] = json.loads(self._sources[HEADER:]) if self._sources else {}
        return found

    @property
    def highest_term(self) -> int:
        """The highest term of any state or mark; 0 when there is none."""
        return term_of(self._highest)

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

    def take(self) -> dict[str, bytes]:
        """All partners, and their states as they were signed. They are given away: a million are not there twice."""
        taken, self._states = self._states, {}
        return taken

    def states(self) -> Iterable[bytes]:
        """The states as they were signed."""
        return self._states.values()
