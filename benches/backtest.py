"""How fast a backtest is: the densest fortnight of sendy and of doordash_like with the catalogue that is shipped, on one and two processes.

    python -m benches.backtest [--runs 5]

The fortnights are files of events, as topics keep them, so that what is measured is reading, decoding, deciding and counting; what it takes to make events
of the recordings' tables is measured apart. `crowd` is both fortnights at one time, with ten partners for each: what a small city makes. Medians over runs;
`us` is wall and CPU time for each event, `decode` the part of one process that reads and decodes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from analysis.backtest import Job, Share, run
from benches import machine
from commands.histories import Recorded
from events.decode import encode
from simulator.importers import Cut, open_source, parted
from streams.settings import CATALOG
from training_rules import Rules, load_rules

DATA = Path(os.environ.get("NUDGELINE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
RECORDINGS = ("sendy", "doordash_like")
DAY, DAYS = 86_400, 14
PARTS, CROWD = 4, 10


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--quick", action="store_true", help="one run, no crowd; nothing is kept")
    asked = arguments.parse_args()
    missing = [name for name in RECORDINGS if not (DATA / name).is_dir()]
    if missing:
        print(f"not run: {', '.join(missing)} is not in {DATA} (NUDGELINE_DATA says where recordings are)")
        return
    found = measure(1 if asked.quick else asked.runs, crowd=0 if asked.quick else CROWD)
    if not asked.quick:
        machine.write("backtest", found)
    print(json.dumps(found))


def measure(runs: int, crowd: int = CROWD) -> dict[str, Any]:
    """Every case, by its name."""
    rules, importing = load_rules(CATALOG), {name: _imported(DATA / name) for name in RECORDINGS}
    with TemporaryDirectory() as folder:
        cases = {name: _file(Path(folder) / f"{name}.ndjson", events) for name, (events, _) in importing.items()}
        together = _together([events for events, _ in importing.values()])
        cases["both"] = _file(Path(folder) / "both.ndjson", together)
        if crowd:
            cases["crowd"] = _file(Path(folder) / "crowd.ndjson", _crowd(together, crowd))
        return {
            "rules": sum(r.nudge for r in rules.rules), "days": DAYS, "partitions": PARTS, "runs": runs, "crowd": crowd,
            "importing": {name: told for name, (_, told) in importing.items()},
            "cases": [_case(name, path, rules, runs) for name, path in cases.items()],
        }  # fmt: skip


def _imported(folder: Path) -> tuple[list[Any], dict[str, Any]]:
    """The events of the densest fortnight, and what making all events of the tables took."""
    began = time.perf_counter()
    source = open_source(folder)
    opened = time.perf_counter() - began
    whole = [event for _, events in parted(source, lambda _: 0) for event in events]
    told = {"events": len(whole), "read_tables_s": round(opened, 3), "make_events_s": round(time.perf_counter() - began - opened, 3)}
    begin = _densest([event.occurred_at for event in whole])
    cut = Cut(begin, begin + DAYS * DAY)
    return [event for _, events in parted(open_source(folder), lambda _: 0, cut) for event in events], told


def _densest(times: Iterable[float]) -> float:
    """When the fortnight with most events begins."""
    days = Counter(int(at // DAY) for at in times)
    return DAY * max(days, key=lambda first: sum(days[first + n] for n in range(DAYS)))


def _together(recordings: list[list[Any]]) -> list[Any]:
    """Recordings moved to one time, in order of it."""
    begin, moved = recordings[-1][0].occurred_at, list[Any]()
    for events in recordings:
        away = round((begin - events[0].occurred_at) / DAY) * DAY
        moved += [msgspec.structs.replace(event, occurred_at=event.occurred_at + away) for event in events]
    return sorted(moved, key=lambda event: event.occurred_at)


def _crowd(events: list[Any], size: int) -> Iterable[Any]:
    """So many partners for each, who do the same a second apart."""
    return sorted(
        (
            msgspec.structs.replace(event, partner_id=f"{event.partner_id}-{n}", event_id=f"{event.event_id}-{n}", occurred_at=event.occurred_at + n)
            for event in events
            for n in range(size)
        ),
        key=lambda event: event.occurred_at,
    )


def _file(path: Path, events: Iterable[Any]) -> Path:
    with path.open("wb") as lines:
        lines.writelines(encode(event) + b"\n" for event in events)
    return path


def _case(name: str, path: Path, rules: Rules, runs: int) -> dict[str, Any]:
    took: dict[str, list[float]] = defaultdict(list)
    first = _once(path, [rules], 1, compare=False)
    for _ in range(runs):
        took["decode"].append(_decoded(path))
        for processes in (1, 2):
            before = _cpu()
            took[f"processes_{processes}"].append(_once(path, [rules], processes, compare=False).seconds)
            took[f"cpu_{processes}"].append(_cpu() - before)
    itself = _once(path, [rules, load_rules(CATALOG)], 2, compare=True)
    events, tally = first.found.events, first.found.tallies[0]
    assert itself.found.changes is not None
    medians = {key: statistics.median(values) for key, values in took.items()}
    return {
        "case": name, "events": events, "partners": tally.partners, "decisions": sum(tally.decisions.values()), "sends": tally.sends,
        "events_per_s": {key: round(events / medians[key]) for key in ("processes_1", "processes_2")},
        "us": {key: round(1e6 * seconds / events, 2) for key, seconds in medians.items()},
        "against_itself": {"no_difference": itself.found.changes.none, "same": itself.found.changes.same, "events_per_s": round(events / itself.seconds)},
    }  # fmt: skip


def _once(path: Path, sets: list[Rules], processes: int, *, compare: bool) -> Any:
    return run(Job(sets, PARTS, compare=compare), Recorded(path), processes=processes)


def _cpu() -> float:
    """CPU seconds of this process and those that it waited for."""
    return sum(r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _decoded(path: Path) -> float:
    """Seconds of reading and decoding alone, by one process."""
    began = time.perf_counter()
    for _ in Recorded(path).read(Share(PARTS, range(PARTS))):
        pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
