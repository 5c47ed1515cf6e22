"""Whether memory is flat, by a rule that is stated: the median of the last third is at most a twentieth over that of the middle third."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from streams.stats import _PAGE

MORE = 0.05
JUDGED_FROM = 600.0  # s; before that, windows and allocators are still filling


class Growth(NamedTuple):
    """Medians (MB) of the middle and the last third."""

    middle: float
    last: float

    @property
    def flat(self) -> bool:
        return self.last <= self.middle * (1 + MORE)


def growth(samples: Sequence[tuple[float, float]], seconds: float) -> Growth | None:
    """Of (s since the beginning, MB) over a time of so many seconds; None where a third has no sample."""
    middle = [mb for at, mb in samples if seconds / 3 <= at < seconds * 2 / 3]
    last = [mb for at, mb in samples if at >= seconds * 2 / 3]
    return Growth(round(statistics.median(middle), 1), round(statistics.median(last), 1)) if middle and last else None


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process now; None where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1024**2 or None
    except OSError:
        return None
