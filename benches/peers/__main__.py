"""Every engine on the yardstick, in one run on one Kafka, nudgeline among them; each answer is checked.

    python -m benches.peers [--events 2000000] [--runs 3] [--only NAME ..] [--quick]

Round after round, each engine once a round, so that a slow minute of the machine hits all alike. A peer's clock runs from its first event to its last,
nudgeline's to the commit of its last, by one worker and by two, as in `benches.workers` (the hand-over between them is in it); CPU seconds are those of the whole
process by then, and beside them those without its start. Slow engines get the first events only. The peers give the answer of `benches/yard`'s `plain`, where
silence is noticed at the partner's next event; nudgeline has to give the exact one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benches import live, machine, report, workers, yard
from benches.peers import engines, programs, trial

OURS, BOTH = "nudgeline", "nudgeline, two workers"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=2_000_000)
    arguments.add_argument("--partners", type=int, default=5_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--only", nargs="+", default=[], metavar="NAME", help=", ".join(engine.name for engine in engines.ENGINES))
    arguments.add_argument("--quick", action="store_true", help="20,000 events, once; nothing is kept")
    asked = arguments.parse_args()
    ready, missing = _ready(engines.chosen(asked.only))
    found = measure(ready, *((20_000, 500, 1) if asked.quick else (asked.events, asked.partners, asked.runs))) | {"not_run": missing}
    print(report.peers(found))
    if not asked.quick:
        machine.write("peers", found)
    print(json.dumps(found))
    sys.exit(0 if found["right"] else 1)


Ready = list[tuple[engines.Engine, list[str]]]


def _ready(wanted: list[engines.Engine]) -> tuple[Ready, dict[str, str]]:
    """The engines that can run here, each with its command; and why others cannot."""
    ready: Ready = []
    missing: dict[str, str] = {}
    for engine in wanted:
        try:
            ready.append((engine, programs.command(engine)))
        except programs.NotHere as why:
            missing[engine.name] = str(why)
            print(f"{engine.name} is left out: {why}", file=sys.stderr)
    return ready, missing


def measure(ready: Ready, events: int, partners: int, runs: int) -> dict[str, Any]:
    """All rounds; the medians of each engine, and their ratios to nudgeline's."""
    done: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "events.ndjson"
        yard.stream(file, events, partners, 1)
        wanted = yard.expected(file)
        with live.kafka(folder / "services", clock="events") as settings:
            live.load(settings, file)
            courses = {n: trial.lay(settings, file, n) for n in {min(engine.events, events) for engine, _ in ready}}
            for number in range(runs):
                for title, count in ((OURS, 1), (BOTH, 2)):
                    ours = f"ours-{count}-{number}"
                    done[title].append(_told(title, workers.once(live.apart(settings, ours), count, events, wanted, folder / ours)))
                for engine, words in ready:
                    course = courses[min(engine.events, events)]
                    done[engine.name].append(_told(engine.name, _tried(engine, words, settings, course, folder / engine.name / str(number))))
    one = medians(done[OURS])
    rows = [{"name": OURS, "title": "**nudgeline**, one worker", "durable": yard.DURABLE, "events": events, **one, "runs": done[OURS]}]
    both = compared(medians(done[BOTH]), one)
    rows += [{"name": BOTH, "title": "**nudgeline**, two workers", "durable": yard.DURABLE, "events": events, **both, "runs": done[BOTH]}]
    rows += [
        {"name": e.name, "title": e.title, "durable": e.durable, "events": min(e.events, events), **compared(medians(done[e.name]), one), "runs": done[e.name]}
        for e, _ in ready
    ]
    right = all(run.get("right", "failed" not in run) for row in rows for run in row["runs"])
    return {"events": events, "partners": partners, "rounds": runs, "right": right, "engines": rows}


def _tried(engine: engines.Engine, words: list[str], settings: Any, course: trial.Course, folder: Path) -> dict[str, Any]:
    try:
        return trial.once(engine, words, settings, course, folder)
    except trial.Failed as failure:
        return {"failed": str(failure)}


def _told(name: str, run: dict[str, Any]) -> dict[str, Any]:
    said = run.get("failed") or f"{run['events_per_s']:,} events/s, {run['events_per_cpu_s']:,} a CPU-second"
    print(f"{name}: {said}", file=sys.stderr, flush=True)
    return run


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of the runs that did not fail, and their span; empty where all failed."""
    fine = [run for run in runs if "failed" not in run]
    if not fine:
        return {}
    figures = {key: [run[key] for run in fine] for key in ("events_per_s", "events_per_cpu_s", "events_per_running_cpu_s", "rss_mb")}
    return {key: round(statistics.median(values)) for key, values in figures.items()} | {
        f"{key}_span": [min(figures[key]), max(figures[key])] for key in ("events_per_s", "events_per_cpu_s")
    }


def compared(peer: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """A peer's medians with their ratios to ours: 0.5 is half as fast."""
    return peer | {f"{key}_ratio": round(peer[key] / ours[key], 3) for key in ("events_per_s", "events_per_cpu_s", "events_per_running_cpu_s") if peer}


if __name__ == "__main__":
    main()
