"""What one event costs in the core, without Kafka: µs of decoding and of `Corridor.feed`, by family, with the catalogue that is shipped.

    python -m benches.step [--runs 5]

Medians over runs; each run is a day of the simulated city from the beginning.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections import defaultdict
from typing import Any

from benches import machine
from benches.partner_bytes import START
from events import FAMILIES
from events.decode import Decoder
from simulator.city import City
from streams.settings import CATALOG
from training_rules import Corridor, load_rules


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--quick", action="store_true", help="one run of one hour; nothing is kept")
    asked = arguments.parse_args()
    found = measure(50, 1.0, 1) if asked.quick else measure(500, 6.0, asked.runs)
    if not asked.quick:
        machine.write("step", found)
    print(json.dumps(found))


def measure(partners: int, hours: float, runs: int) -> dict[str, Any]:
    rules, records = load_rules(CATALOG), list(City(partners, start=START, hours=hours, seed=1).events())
    took: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        for name, value in _once(rules, records).items():
            took[name].append(value)
    medians = {name: round(statistics.median(values), 3) for name, values in sorted(took.items())}
    return {"events": len(records), "runs": runs, "us": medians, "spread": {n: round((max(v) - min(v)) / statistics.median(v), 2) for n, v in took.items()}}


def _once(rules: Any, records: list[Any]) -> dict[str, float]:
    """µs an event: `decode`, `feed`, `feed <family>`; and µs a state: `dump`, `load`."""
    decoders = {name: Decoder(name).decode for name in FAMILIES}
    gc.collect()
    began = time.perf_counter()
    events = [(r.family, decoders[r.family](r.value, r.key)) for r in records]
    found = {"decode": (time.perf_counter() - began) / len(records)}
    corridor, spent, counts = Corridor(rules), defaultdict(float), defaultdict(int)  # type: Corridor, dict[str, float], dict[str, int]
    for family, event in events:
        at = time.perf_counter()
        corridor.feed(event)
        spent[family] += time.perf_counter() - at
        counts[family] += 1
    found["feed"] = sum(spent.values()) / len(records)
    found |= {f"feed {family}": spent[family] / counts[family] for family in spent}
    began = time.perf_counter()
    dumped = [rules.dump(state) for state in corridor.partners.values()]
    found["dump"] = (time.perf_counter() - began) / len(dumped)
    began = time.perf_counter()
    for raw in dumped:
        rules.load(raw)
    found["load"] = (time.perf_counter() - began) / len(dumped)
    return {name: value * 1e6 for name, value in found.items()}


if __name__ == "__main__":
    main()
