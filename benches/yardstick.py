"""The yardstick: one worker, 2,000,000 events of 5,000 partners on a real Kafka, and the right answer.

    python -m benches.yardstick [--events N] [--runs N] [--views]

Loads the topics, runs one worker until all is applied and committed, holds its outputs against the brute force, and does that `--runs` times, each with
a consumer group, a changelog and output topics of its own. `--views` also writes Redis. The last line is JSON: medians over the runs of `wall_s` (first event
to last commit) and `cpu_s` (all of the process, its start too), and `counts` and `digest` of what came out.
Ends with 1 where the answer is wrong.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benches import live, machine, yard
from streams.settings import Settings

KEPT = ("applied", "events_per_s", "events_per_cpu_s", "events_per_running_cpu_s", "cpu_s", "rss_mb", "wall_s", "process_s", "partners", "commits")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=2_000_000)
    arguments.add_argument("--partners", type=int, default=5_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--views", action="store_true")
    arguments.add_argument("--quick", action="store_true", help="100,000 events, once; nothing is kept")
    asked = arguments.parse_args()
    found = measure(*((100_000, 500, 1, 1) if asked.quick else (asked.events, asked.partners, asked.seed, asked.runs)), views=asked.views)
    if not asked.quick:
        machine.write("yardstick", found)
    print(json.dumps(found))
    sys.exit(0 if found["right"] else 1)


def measure(events: int, partners: int, seed: int, runs: int, *, views: bool) -> dict[str, Any]:
    """All runs on one Kafka, and what they come to."""
    with tempfile.TemporaryDirectory() as name:
        folder, file = Path(name), Path(name, "events.ndjson")
        yard.stream(file, events, partners, seed)
        wanted = yard.expected(file)
        with live.kafka(folder / "services", clock="events") as settings:
            loading = live.load(settings, file)
            done = [once(settings, wanted, folder / str(number), number, views=views) for number in range(runs)]
    return {"events": events, "partners": partners, "seed": seed, "views": views, "loading_s": round(loading, 1)} | summary(done) | {"runs": done}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of the runs; counts and digest of the first that was wrong, or of the first where all are right."""
    median = {key: statistics.median(run[key] for run in runs) for key in ("wall_s", "cpu_s", "events_per_s", "events_per_cpu_s", "rss_mb")}
    shown = next((run for run in runs if not run["right"]), runs[0])
    return median | {"right": shown["right"], "counts": shown["counts"], "digest": shown["digest"]}


def once(settings: Settings, wanted: list[str], folder: Path, number: int, *, views: bool = False) -> dict[str, Any]:
    """Run one worker over all that lies in the topics. `wanted`: what has to come out; `number`: a run of its own on this Kafka."""
    folder.mkdir(parents=True)
    own = live.apart(settings, f"run{number}", views=views)
    last = live.caught_up(own, yard.RULES, folder)
    found = list(yard.spelled(live.outputs(own, "segment.transitions", "decisions")))
    wrong = yard.differences(wanted, found)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    counts, digest = yard.exact_outcome(found)
    return {key: last[key] for key in KEPT} | {"right": not wrong, "counts": counts, "digest": digest}


if __name__ == "__main__":
    main()
