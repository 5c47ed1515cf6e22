"""Where a partition stands until all that it did is written out. Pure."""

from __future__ import annotations


class Barrier:
    """Counts the snapshots of one partition: it stands until one that is taken after it began to stand is acknowledged."""

    __slots__ = ("_needed", "_taken", "_written")

    def __init__(self) -> None:
        self._needed = self._taken = self._written = 0

    def stand(self) -> None:
        """From now on, until what is so far is written out."""
        self._needed = self._taken + 1

    @property
    def stands(self) -> bool:
        return self._written < self._needed

    def shoot(self) -> None:
        """A snapshot is taken."""
        self._taken += 1

    def written(self) -> None:
        """The last snapshot is acknowledged."""
        self._written = self._taken
