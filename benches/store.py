"""Partners who were not heard of for long, in a file: memory of each, and what it takes to put one away and to bring one back.

    python -m benches.store [--sizes 100000 1000000]

Each size has three processes of its own: one puts states into the file as they go there over weeks; one starts with all of them in the changelog, as a worker does,
and lets them go; one keeps them in memory, to compare. Bytes are those that are resident beyond what the process has without partners, after a garbage collection,
with what malloc keeps free given back. Partners are as after ten hours of the simulated city, under the catalogue that is shipped. Those who are brought back
are drawn at random; the file is in the system's cache.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benches import live, machine
from benches.scaling import HOURS, peak_mb, resident
from benches.states import Crowd, Day, apart
from streams.partition import corridor_of
from streams.plan import Plan
from streams.settings import CATALOG
from streams.store import FileStore
from training_rules import Corridor, Partners, Rules, load_rules

BROUGHT = 20_000  # partners who are brought back, at most a tenth
CHUNK = 200
LONG = 7 * 86_400.0  # s since they were heard of


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    arguments.add_argument("--one", type=int, help="one size, in this process")
    arguments.add_argument("--day", type=Path, help="the file of a day that --one takes")
    arguments.add_argument("--how", choices=list(HOW), default="stored", help="what --one does")
    arguments.add_argument("--quick", action="store_true", help="2,000 partners after half an hour; nothing is kept")
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(HOW[asked.how](asked.one, Day.read(asked.day))))
        return
    found = measure(*(([2_000], 0.5) if asked.quick else (asked.sizes, HOURS)))
    if not asked.quick:
        machine.write("store", found)
    print(json.dumps(found))


def measure(sizes: list[int], hours: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        day = Path(name, "day")
        Day.lived(load_rules(CATALOG), hours).write(day)
        rows = [{"partners": size} | {k: v for how in HOW for k, v in apart("store", size, "--day", str(day), "--how", how).items()} for size in sorted(sizes)]
    return {"hours": hours, "sizes": rows}


def stored(count: int, day: Day) -> dict[str, Any]:
    """So many partners in the file; some are brought back and put away again."""
    rules = load_rules(CATALOG)
    crowd = Crowd(rules, day)
    with tempfile.TemporaryDirectory(prefix="store-", dir=live.ROOT) as folder:
        empty, store = resident(), FileStore(Path(folder))
        for start in range(0, count, CHUNK):
            store.put({kept.key.decode(): kept.value for kept in crowd.records(range(start, min(start + CHUNK, count)))})
        corridor = Corridor(rules, Partners(rules, store=store), crowd.end + LONG)
        after = resident()
        return {"stored_bytes": round((after - empty) / count, 1), "disk_bytes": round(store.disk_bytes / count), "us": _times(corridor, store, _drawn(count))}


def started(count: int, day: Day) -> dict[str, Any]:
    """A start with so many partners, all of whom go to the file then."""
    rules = load_rules(CATALOG)
    with tempfile.TemporaryDirectory(prefix="store-", dir=live.ROOT) as folder:
        corridor, empty, took = _started(rules, day, count, Plan(rules, (), store_after=LONG / 2, new_store=partial(FileStore, Path(folder))))
        filled, after = _put_away(corridor), resident()
        if len(corridor.partners.store) != count:
            raise SystemExit(f"{len(corridor.partners.store):,} of {count:,} partners are stored")
        return {
            "started_bytes": round((after - empty) / count), "peak_mb": peak_mb(), "restored_per_s": round(count / took), "fill_us": round(filled / count * 1e6, 1),
        }  # fmt: skip


def at_rest(count: int, day: Day) -> dict[str, Any]:
    """The same partners at rest in memory."""
    rules = load_rules(CATALOG)
    corridor, empty, took = _started(rules, day, count, Plan(rules, ()))
    after = resident()
    return {"resting_bytes": round((after - empty) / count), "resting_restored_per_s": round(count / took), "resting_wake_us": _each(corridor.partners.get, _drawn(count))}


HOW: dict[str, Callable[[int, Day], dict[str, Any]]] = {"stored": stored, "started": started, "at rest": at_rest}


def _drawn(count: int) -> list[str]:
    return [f"p{number}" for number in random.Random(1).sample(range(count), min(BROUGHT, count // 10))]


def _started(rules: Rules, day: Day, count: int, plan: Plan) -> tuple[Corridor, float, float]:
    """A corridor as a start makes it, the bytes that were resident before, and how long (s) it took."""
    crowd = Crowd(rules, day)
    crowd.end += LONG
    empty, restored = resident(), crowd.restored(count)
    began = time.perf_counter()
    corridor = asyncio.run(corridor_of(plan, restored))
    return corridor, empty, time.perf_counter() - began


def _times(corridor: Corridor, store: FileStore, names: list[str]) -> dict[str, float]:
    """µs each."""
    partners = corridor.partners
    us = {"look": _each(store.get, names), "nobody": _each(store.get, [f"q{name}" for name in names]), "wake": _each(partners.get, names)}
    corridor.make_room(0)
    us["put"] = round(_put_away(corridor) / len(names) * 1e6, 1)
    return us | {"take": _each(store.take, names)}


def _put_away(corridor: Corridor) -> float:
    """All at rest go to the file; how long (s) that takes."""
    began = time.perf_counter()
    while corridor.partners.resting:
        corridor.store(1.0)
    corridor.store(1.0)
    return time.perf_counter() - began


def _each(act: Callable[[str], Any], names: list[str]) -> float:
    began = time.perf_counter()
    for name in names:
        act(name)
    return round((time.perf_counter() - began) / len(names) * 1e6, 1)


if __name__ == "__main__":
    main()
