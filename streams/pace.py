"""Not more often than every so many seconds for each name, and the last word is always said. Pure: the clock is an argument."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import inf


class Pace:
    """Spreads what changes often. Remembers only names that spoke within the last `every` seconds."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._resting: dict[str, bool] = {}  # name: whether it changed since it was last let through
        self._order: deque[tuple[float, str]] = deque()

    def any_due(self, now: float) -> bool:
        """Whether the rest of any name is over."""
        return bool(self._order) and self._order[0][0] <= now

    def due(self, changed: Iterable[str], now: float, most: float = inf) -> list[str]:
        """Which names may be shown now: those of `changed` that did not rest, and those that changed while resting, whose rest is over; of these, `most` are looked at."""
        out, looked = [name for name in changed if not self._rests(name)], 0
        while self.any_due(now) and looked < most:
            looked += 1
            _, name = self._order.popleft()
            if self._resting.pop(name):
                out.append(name)
        for name in out:
            self._resting[name] = False
            self._order.append((now + self._every, name))
        return out

    def _rests(self, name: str) -> bool:
        if name not in self._resting:
            return False
        self._resting[name] = True
        return True
