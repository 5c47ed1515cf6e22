"""The yardstick: one worker, 2,000,000 events of 5,000 partners on a real Kafka, and the right answer.

    python -m benches.yardstick [--events N] [--runs N] [--views]

Loads the topics, runs one worker until all is applied and committed, holds its outputs against the brute force, and does that `--runs` times.
`--views` also writes Redis. The last line is JSON. Ends with 1 where the answer is wrong, with 2 where the yardstick is not at hand.
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
from simulator.replay import open_source, replay

KEPT = ("applied", "events_per_s", "events_per_cpu_s", "cpu_s", "rss_mb", "wall_s", "partners", "commits")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=2_000_000)
    arguments.add_argument("--partners", type=int, default=5_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--views", action="store_true")
    arguments.add_argument("--quick", action="store_true", help="100,000 events, once; nothing is kept")
    asked = arguments.parse_args()
    yard.at_hand()
    found = measure(*((100_000, 500, 1, 1) if asked.quick else (asked.events, asked.partners, asked.seed, asked.runs)), views=asked.views)
    if not asked.quick:
        machine.write("yardstick", found)
    print(json.dumps(found))
    sys.exit(0 if found["right"] else 1)


def measure(events: int, partners: int, seed: int, runs: int, *, views: bool) -> dict[str, Any]:
    """All runs, their medians, and whether every answer was right."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "events.ndjson")
        yard.stream(file, events, partners, seed)
        wanted = yard.expected(file)
        done = [_once(file, wanted, Path(name, str(number)), views=views) for number in range(runs)]
    median = {key: statistics.median(run[key] for run in done) for key in ("events_per_s", "events_per_cpu_s", "rss_mb")}
    return {"events": events, "partners": partners, "seed": seed, "views": views, "right": all(r["right"] for r in done), **median, "runs": done, "peers": yard.peers()}


def _once(file: Path, wanted: list[str], folder: Path, *, views: bool) -> dict[str, Any]:
    folder.mkdir()
    with live.kafka(folder / "services", clock="events") as settings:
        sent = replay(open_source(file), settings)
        last = live.caught_up(settings if views else settings.model_copy(update={"redis_url": "none"}), yard.RULES, folder)
        wrong = yard.differences(wanted, list(yard.spelled(live.outputs(settings, "segment.transitions", "decisions"))))
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    return {key: last[key] for key in KEPT} | {"loading_s": round(sent.seconds, 1), "right": not wrong}


if __name__ == "__main__":
    main()
