"""Who of those awake has not been heard of for a while, found without ever looking at all of them at once. Pure: the clock is an argument (monotonic s)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator


class Idle:
    """Partners in the order in which they were last looked at. Those added since the last `begin` are looked at last."""

    __slots__ = ("_fresh", "_looks")

    def __init__(self, partner_ids: Iterable[str]) -> None:
        self._fresh = list(partner_ids)
        self._looks: deque[tuple[float, list[str]]] = deque()

    def add(self, partner_id: str) -> None:
        """Somebody woke up, or was looked at and may not rest yet."""
        self._fresh.append(partner_id)

    def begin(self, now: float) -> None:
        """Who was added so far is looked at again a while after now."""
        if self._fresh:
            self._looks.append((now, self._fresh))
            self._fresh = []

    def over(self, until: float) -> Iterator[str]:
        """Those whose last look was at or before `until`; each is taken out as it is given."""
        while self._looks and self._looks[0][0] <= until:
            batch = self._looks[0][1]
            if batch:
                yield batch.pop()
            else:
                self._looks.popleft()
