"""Bytes and error of the ways to hold a sliding window: why a longer one than a day is in buckets when it holds more than a few.

A partner decides on 30 offers a day, in 8 of its hours. Run: python -m benches.windows
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

from segments import long_windows, windows
from segments.long_windows import BUCKETS, MAX_EXACT

DAY = 86_400.0
RESULTS = Path(__file__).parent / "results" / "windows.json"


def offers(days: float, a_day: int, seed: int) -> list[float]:
    """Times of offers: uniform within the 8 working hours of each day."""
    rng = random.Random(seed)
    return sorted(1.7e9 + day * DAY + rng.uniform(0, DAY / 3) for day in range(int(days)) for _ in range(a_day))


def size(value: Any) -> int:
    """Bytes in memory, contents included."""
    return sys.getsizeof(value) + (sum(size(v) for v in value) if isinstance(value, list) else 0)


def measure(span: float, a_day: int = 30) -> dict[str, Any]:
    """One window length: bytes of both ways, and the greatest relative error of the bucketed count over a fortnight's hours."""
    times = offers(span / DAY + 14, a_day, 1)
    exact: list[Any] = [None]
    bucketed: list[Any] = [None]
    pending, errors, at = iter(times), [], times[0] + span
    t = next(pending, None)
    while at < times[-1]:
        while t is not None and t <= at:
            windows.add_time(exact, 0, t, span)
            long_windows.add_long(bucketed, 0, t, 1, span, at, summed=False)
            t = next(pending, None)
        n = windows.alive(exact[0], span, at)
        errors.append(abs(long_windows.long_count(bucketed[0], span, at) - n) / max(n, 1))
        at += 3600.0
    return {
        "window_days": span / DAY, "a_day": a_day, "exact_bytes": size(exact[0]), "bucketed_bytes": size(bucketed[0]), "exact_up_to": MAX_EXACT, "buckets": BUCKETS,
        "mean_error": round(sum(errors) / len(errors), 5), "greatest_error": round(max(errors), 5),
    }  # fmt: skip


def main() -> None:
    rows = [measure(days * DAY) for days in (7, 28, 90)] + [measure(28 * DAY, a_day=5)]
    for row in rows:
        print(json.dumps(row))
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
