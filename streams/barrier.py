"""Where a partition stands until all that it did is written out. Pure."""

from __future__ import annotations


class Barrier:
    """Counts the snapshots of one partition: it stands until one that is taken after it began to stand is acknowledged."""

    __slots__ = ("_needed", "_taken", "_written", "shooting")

    def __init__(self) -> None:
        self.shooting = False  # a snapshot is being made, of a moment that is over
        self._needed = self._taken = self._written = 0

    def stand(self) -> None:
        """From now on, until what is so far is written out."""
        self._needed = self._taken + 1

    @property
    def stands(self) -> bool:
        return self._written < self._needed

    def shoot(self) -> None:
        """A snapshot is begun, of this moment."""
        self._taken, self.shooting = self._taken + 1, True

    def shot(self) -> None:
        """It is made."""
        self.shooting = False

    def written(self) -> None:
        """The last snapshot is acknowledged."""
        self._written = self._taken
