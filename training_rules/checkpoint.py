"""One moment of a partition's changed partners, written bit by bit while events go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from segments.state import Offsets


class Checkpoint:
    """Who of the changed partners is not written yet. One who is to change again is written before that, so that all are of one moment. `stamp`: how far sources
    were handed on then."""

    def __init__(self, write: Callable[[str], bytes], stamp: Offsets, partner_ids: Iterable[str] = ()) -> None:
        self._write, self.stamp, self._left = write, stamp, dict.fromkeys(partner_ids)
        self._ahead: list[tuple[str, bytes]] = []

    def __contains__(self, partner_id: object) -> bool:
        return partner_id in self._left

    def __bool__(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._left or self._ahead)

    def written_ahead(self, partner_id: str, raw: bytes) -> None:
        """This partner, who is not written yet, changes next, and was this before."""
        del self._left[partner_id]
        self._ahead.append((partner_id, raw))

    def take(self, most: int) -> list[tuple[str, bytes]]:
        """The next partners with their states; of those not written ahead `most` at most."""
        taken, self._ahead = self._ahead, []
        while self._left and most > 0:
            partner_id, _ = self._left.popitem()
            taken.append((partner_id, self._write(partner_id)))
            most -= 1
        return taken
