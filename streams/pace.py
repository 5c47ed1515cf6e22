"""Not more often than every so many seconds for each name, and the last word is always said. Pure: the clock is an argument."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class Pace:
    """Spreads what changes often. Remembers only names that spoke within the last `every` seconds."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._resting: dict[str, bool] = {}  # name: whether it changed since it was last let through
        self._order: deque[tuple[float, str]] = deque()

    def due(self, changed: Iterable[str], now: float) -> list[str]:
        """Which names may be shown now: those of `changed` that did not rest, and those that changed while resting, whose rest is over."""
        out = [name for name in changed if not self._rests(name)]
        while self._order and self._order[0][0] <= now:
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
