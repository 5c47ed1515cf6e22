"""Memory by the number of partners: bytes each when all rest, as after a start (cold), where all are active but few awake (limited), with a tenth of them awake, and with all of them (warm); and the slopes.

    python -m benches.scaling [--sizes 10000 100000 1000000]

Each size has a process of its own. Bytes are those that are resident beyond what the process has without partners, after a garbage collection, with what malloc
keeps free given back. Partners are as after ten hours of the simulated city, under the catalogue that is shipped. A million needs several GB.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import json
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from benches import machine
from benches.states import Crowd, Day, apart
from events.decode import Decoder
from streams.partition import corridor_of
from streams.plan import Plan
from streams.settings import CATALOG
from streams.stats import usage
from training_rules import Corridor, load_rules

HOURS = 10.0
AWAKE = 2_000  # of the partners that are active, as NUDGELINE_AWAKE_LIMIT says
COMMIT = 5_000  # partners that change between two commits
WARMING = (("gps", "position", '"lat":12.93,"lon":77.62'), ("orders", "order_offered", '"order_id":"o"'), ("app", "feature_used", '"feature":"heat_map"'))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    arguments.add_argument("--one", type=int, help="one size, in this process")
    arguments.add_argument("--day", type=Path, help="the file of a day that --one takes")
    arguments.add_argument("--hours", type=float, default=HOURS, help="that the city has lived")
    arguments.add_argument("--quick", action="store_true", help="500 and 2,000 partners after half an hour; nothing is kept")
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one, Day.read(asked.day))))
        return
    found = measure(*(([500, 2_000], 0.5) if asked.quick else (asked.sizes, asked.hours)))
    if not asked.quick:
        machine.write("scaling", found)
    print(json.dumps(found))


def measure(sizes: list[int], hours: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        day = Path(name, "day")
        Day.lived(load_rules(CATALOG), hours).write(day)
        rows = [apart("scaling", size, "--day", str(day)) for size in sorted(sizes)]
    return {
        "hours": hours, "changelog_bytes": rows[-1]["changelog_bytes"], "cold_slope_bytes": slope(rows, "cold_bytes"), "limited_slope_bytes": slope(rows, "limited_bytes"), "awake": AWAKE, "warm_slope_bytes": slope(rows, "warm_bytes"), "sizes": rows,
    }  # fmt: skip


def slope(rows: list[dict[str, Any]], key: str) -> int:
    """Bytes for each partner more, between the two largest sizes."""
    less, more = list(pairwise(rows))[-1]
    return round((more[key] * more["partners"] - less[key] * less["partners"]) / (more["partners"] - less["partners"]))


def one(count: int, day: Day) -> dict[str, Any]:
    """Restore so many partners as a worker does, then feed events of each."""
    rules = load_rules(CATALOG)
    crowd = Crowd(rules, day)
    empty = resident()
    restored = crowd.restored(count)
    changelog = sum(map(len, restored.states())) / count
    began = time.perf_counter()
    corridor = asyncio.run(corridor_of(Plan(rules, ()), restored))
    took = time.perf_counter() - began
    del restored
    cold = resident()
    _warm(corridor, count, crowd.end + 1.0, AWAKE)
    limited = resident()
    _warm(corridor, count // 10, crowd.end + 2.0)
    tenth = resident()
    _warm(corridor, count, crowd.end + 3.0)
    return {
        "partners": count, "changelog_bytes": round(changelog), "cold_bytes": round((cold - empty) / count), "tenth_bytes": round((tenth - empty) / count),
        "limited_bytes": round((limited - empty) / count), "warm_bytes": round((resident() - empty) / count), "peak_mb": peak_mb(), "restored_per_s": round(count / took),
    }  # fmt: skip


def _warm(corridor: Corridor, count: int, at: float, awake: int = 10**9) -> None:
    """Events of each of the first `count` partners, a family after the other, with commits now and then; so many are awake at most."""
    for family, kind, fields in WARMING:
        decode: Callable[..., Any] = Decoder(family).decode
        for number in range(count):
            value = f'{{"type":"{kind}","event_id":"{kind}{number}","partner_id":"p{number}","occurred_at":{at},{fields}}}'
            corridor.feed(decode(value.encode(), f"p{number}".encode()))
            if not number % 500:
                corridor.make_room(awake)
            if not number % COMMIT:
                corridor.checkpoint().take(COMMIT)
        corridor.make_room(awake)
        corridor.checkpoint().take(COMMIT)


def resident() -> float:
    """Resident bytes, without what is only kept for later."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return usage()["rss_mb"] * 1024**2


def peak_mb() -> int:
    """Resident MB at the highest. Of /proc: getrusage begins with the peak of the process that made this one."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
