"""`nudgeline` with ten lines of statistics a second, where a bench wants to know the moment of the first event: `python -m benches.often worker ...`"""

from __future__ import annotations

from streams import running

EVERY = 0.1  # s

if __name__ == "__main__":
    running.STATS_EVERY = EVERY
    from commands.main import main

    main()
