"""One worker against two on the yardstick: the wall clock, and what each event costs.

    python -m benches.workers [--events 2000000] [--runs 3]

Both are taken in turn on one Kafka. The clock runs from the last statistics (ten a second) of which none says that an event was applied, to the commit of the
last event; CPU seconds are those of the whole process by then. Two workers share the partitions as they come, so that the hand-over at their start is in it; what
is handed over may be said twice, under the same ids, and counts once. The answer is checked.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kafka.errors import CoordinatorNotAvailableError

from benches import live, machine, yard
from streams import topics
from streams.settings import Settings

PATIENCE = 600.0  # s
LOOK = 0.1  # s between two looks at what is committed


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=2_000_000)
    arguments.add_argument("--partners", type=int, default=5_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--quick", action="store_true", help="100,000 events, once; nothing is kept")
    asked = arguments.parse_args()
    found = measure(*((100_000, 500, 1) if asked.quick else (asked.events, asked.partners, asked.runs)))
    if not asked.quick:
        machine.write("workers", found)
    print(json.dumps(found))
    sys.exit(0 if found["right"] else 1)


def measure(events: int, partners: int, runs: int, numbers: tuple[int, ...] = (1, 2)) -> dict[str, Any]:
    done: dict[int, list[dict[str, Any]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder, file = Path(name), Path(name, "events.ndjson")
        yard.stream(file, events, partners, 1)
        wanted = yard.expected(file)
        with live.kafka(folder / "services", clock="events") as settings:
            live.load(settings, file)
            for run in range(runs):
                for number in numbers:
                    own = live.apart(settings, f"w{number}-{run}")
                    done[number].append(once(own, number, events, wanted, folder / f"{number}-{run}"))
    return {"events": events, "partners": partners, "runs": runs, "right": all(r["right"] for rs in done.values() for r in rs), "workers": compared(done)}


def once(settings: Settings, number: int, events: int, wanted: list[str], folder: Path) -> dict[str, Any]:
    """One run by so many workers, of a group that has done nothing yet; the answer is checked, and is in the group's own topics."""
    with ExitStack() as stack:
        workers = [stack.enter_context(live.working(settings, [yard.RULES], folder / str(n), by=("benches.often",))) for n in range(number)]
        ended = _until_committed(settings, events, workers)
    last = [worker.last() for worker in workers]
    wall, cpu, before = ended - _began(workers), sum(line["cpu_s"] for line in last), sum(line["cpu_s"] for worker in workers for line in _idle(worker)[-1:])
    found = list(dict.fromkeys(yard.spelled(live.outputs(settings, "segment.transitions", "decisions"))))
    wrong = yard.differences(wanted, found)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    return {
        "right": not wrong, "wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "events_per_s": round(events / wall), "events_per_cpu_s": round(events / cpu),
        "events_per_running_cpu_s": round(events / (cpu - before)),
        "applied": [line["applied"] for line in last], "rss_mb": sum(line["rss_mb"] for line in last),
    }  # fmt: skip


def _began(workers: list[live.Stats]) -> float:
    """The last moment (s since the epoch) at which no worker had applied anything."""
    return min(max((line["at"] for line in _idle(worker)), default=0.0) for worker in workers)


def _idle(worker: live.Stats) -> list[dict[str, Any]]:
    """What a worker said before it had applied anything."""
    return [line for line in worker.lines() if not line["applied"]]


def _until_committed(settings: Settings, events: int, workers: list[live.Stats]) -> float:
    """When (s since the epoch) the offsets of all events were committed. Raises SystemExit where a worker ends before."""
    deadline = time.monotonic() + PATIENCE
    with topics.admin(settings) as client:
        while _committed(client, settings) < events:
            if any(worker.process.poll() is not None for worker in workers) or time.monotonic() > deadline:
                raise SystemExit("a worker ended, or not all was committed in time")
            time.sleep(LOOK)
    return time.time()


def _committed(client: Any, settings: Settings) -> int:
    """Events of which the offsets are committed; none while no worker has joined yet."""
    try:
        offsets = client.list_group_offsets(settings.app_id).get(settings.app_id, {})
    except CoordinatorNotAvailableError:
        return 0
    return sum(max(found.offset, 0) for tp, found in offsets.items() if tp.topic in settings.sources.values())


def compared(done: dict[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Medians by number of workers, with events/s over those of the first number."""
    keys = ("wall_s", "events_per_s", "events_per_cpu_s", "rss_mb")
    rows = [{"workers": number} | {key: statistics.median(run[key] for run in runs) for key in keys} | {"all": runs} for number, runs in done.items()]
    return [row | {"ratio": round(row["events_per_s"] / rows[0]["events_per_s"], 2)} for row in rows]


if __name__ == "__main__":
    main()
