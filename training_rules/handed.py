"""The last offset that a corridor was handed of each source: that is what every state that is written now has applied (ADR 32)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from segments.state import Offsets


def joined(known: Mapping[str, int], stamp: Offsets) -> Mapping[str, int]:
    """What a state has applied when `stamp` is what was handed on, of whomever it was; or more, where it was restored from a torn flush and its records are
    still to be read again."""
    if known.__class__ is Offsets or all(stamp.get(source, -1) >= offset for source, offset in known.items()):
        return stamp
    return {source: max(known.get(source, -1), stamp.get(source, -1)) for source in {**known, **stamp}}


class Handed:
    """`last`: by source, to be read only."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}
        self._stamp: Offsets | None = None  # the same, for the states that are written now

    def takes(self, source: str, offset: int) -> bool:
        """Whether this is no record that was handed on before; it is from now on."""
        if offset <= self.last.get(source, -1):
            return False
        self.last[source], self._stamp = offset, None
        return True

    def took(self, last: Iterable[tuple[str, int]]) -> None:
        """So far sources were handed on; -1 is nothing."""
        self._stamp = None
        self.last |= {source: at for source, at in last if at >= 0}

    def applied(self, known: Mapping[str, int]) -> Mapping[str, int]:
        """What a state that is written now has applied."""
        return joined(known, self.stamp())

    def stamp(self) -> Offsets:
        """How far sources are handed on now."""
        self._stamp = self._stamp or Offsets(self.last)
        return self._stamp
