"""Up to which stream time all that changed was shown: what a successor need not write again. Pure: clock and counts are arguments."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

#: Samples kept at most, and between two of them (s).
MOST, EVERY = 64, 1.0


class _Sample(NamedTuple):
    at: float
    commits: int
    stream_time: float


class Trail:
    """Of one partition. A change is shown with a commit, but no sooner than `every` seconds after the partner was last shown: so what changed up to a
    sample was shown when, at least `every` seconds later, a whole commit went by."""

    def __init__(self, every: float) -> None:
        self._every, self._samples = every, deque[_Sample]()

    def note(self, at: float, commits: int, stream_time: float) -> None:
        """`at`: monotonic seconds; `commits`: how many were finished by then."""
        if not self._samples or at - self._samples[-1].at >= max(EVERY, 2 * self._every / MOST):
            self._samples.append(_Sample(at, commits, stream_time))
            if len(self._samples) > MOST:
                self._samples.popleft()

    def shown(self, commits: int) -> float | None:
        """The stream time (s) up to which everything was shown; None while nothing can be said. Two commits: the first of them may have begun before."""
        settled = [sample.at for sample in self._samples if sample.commits + 2 <= commits]
        found = [sample.stream_time for sample in self._samples if settled and sample.at + self._every <= settled[-1]]
        return found[-1] if found else None
