"""Partners who were not heard of for long, in a file: memory of each, and what it takes to put one away and to bring one back.

    python -m benches.store [--sizes 100000 1000000]

Each size has a process of its own, which takes a changelog's states as a worker does at its start, and lets them go to the file. Bytes are those that are
resident beyond what the process has without partners, after a garbage collection, with what malloc keeps free given back. Partners are as after ten hours of the
simulated city, under the catalogue that is shipped. One is brought back by their id at random, first from a file that is in the system's cache.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benches import live, machine
from benches.scaling import HOURS, peak_mb, resident
from benches.states import Crowd, Day
from streams.partition import Plan, corridor_of
from streams.settings import CATALOG
from streams.store import FileStore
from training_rules import Corridor, Rules, load_rules

BROUGHT = 20_000  # partners who are brought back, at most a tenth
LONG = 7 * 86_400.0  # s since they were heard of


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    arguments.add_argument("--one", type=int, help="one size, in this process")
    arguments.add_argument("--day", type=Path, help="the file of a day that --one takes")
    arguments.add_argument("--in-memory", action="store_true", help="with --one: without a store")
    arguments.add_argument("--quick", action="store_true", help="2,000 partners after half an hour; nothing is kept")
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(at_rest(asked.one, Day.read(asked.day)) if asked.in_memory else one(asked.one, Day.read(asked.day))))
        return
    found = measure(*(([2_000], 0.5) if asked.quick else (asked.sizes, HOURS)))
    if not asked.quick:
        machine.write("store", found)
    print(json.dumps(found))


def measure(sizes: list[int], hours: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        day = Path(name, "day")
        Day.lived(load_rules(CATALOG), hours).write(day)
        rows = [_apart(size, day) | _apart(size, day, "--in-memory") for size in sorted(sizes)]
    return {"hours": hours, "sizes": rows}


def _apart(size: int, day: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "benches.store", "--one", str(size), "--day", str(day), *more], capture_output=True, text=True, check=False, cwd=live.ROOT)
    if done.returncode:
        raise SystemExit(f"{size:,} partners: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def one(count: int, day: Day) -> dict[str, Any]:
    """So many partners, all in the file after a start; some are brought back and put away again."""
    rules = load_rules(CATALOG)
    with tempfile.TemporaryDirectory(prefix="store-", dir=live.ROOT) as folder:
        store = FileStore(Path(folder))
        corridor, empty, took = _started(rules, day, count, Plan(rules, (), store_after=LONG / 2, new_store=lambda: store))
        filled = _put_away(corridor)
        after = resident()
        if len(store) != count:
            raise SystemExit(f"{len(store):,} of {count:,} partners are stored")
        whom = random.Random(1).sample(range(count), min(BROUGHT, count // 10))
        names = [f"p{number}" for number in whom]
        return {
            "partners": count, "stored_bytes": round((after - empty) / count, 1), "disk_bytes": round(store.disk_bytes / count), "peak_mb": peak_mb(),
            "restored_per_s": round(count / took), "fill_us": round(filled / count * 1e6, 1), "us": _times(corridor, store, names),
        }  # fmt: skip


def at_rest(count: int, day: Day) -> dict[str, Any]:
    """The same partners at rest in memory, to compare."""
    rules = load_rules(CATALOG)
    corridor, empty, took = _started(rules, day, count, Plan(rules, ()))
    after, names = resident(), [f"p{number}" for number in random.Random(1).sample(range(count), min(BROUGHT, count // 10))]
    return {"resting_bytes": round((after - empty) / count), "resting_restored_per_s": round(count / took), "resting_wake_us": _each(corridor.partners.get, names)}


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
    return time.perf_counter() - began


def _each(act: Callable[[str], Any], names: Iterable[str]) -> float:
    names = list(names)
    began = time.perf_counter()
    for name in names:
        act(name)
    return round((time.perf_counter() - began) / len(names) * 1e6, 1)


if __name__ == "__main__":
    main()
