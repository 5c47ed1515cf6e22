"""`nudgeline` with a wall clock of its own, that shows BEGIN at the moment AT (both s since the epoch) and runs RATE times as fast.

    python -m benches.faster AT BEGIN RATE worker ...

For benches of what hangs on the wall clock: an hour in some minutes. Only the time of day is another one; what waits, waits as long as ever, so whoever
measures gives settings in seconds of that clock (`timer_slack`, `crowd_lead`) that are as long as their defaults.
"""

from __future__ import annotations

import sys
import time


def clock(at: float, begin: float, rate: float) -> None:
    """From now on `time.time` is that clock."""
    real = time.time
    time.time = lambda: begin + (real() - at) * rate


if __name__ == "__main__":
    clock(*map(float, sys.argv[1:4]))
    sys.argv[1:4] = []
    from commands.main import main

    main()
