"""Bytes of a partner, in memory and in the changelog, for the catalogue that is shipped after a day in the simulated city.

    python -m benches.partner_bytes [--partners 1000] [--hours 10]

In memory: what tracemalloc counts of all states, divided by their number; what partners share (rules, interned text) is not in it.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tracemalloc
from typing import Any

from benches import machine
from events import FAMILIES
from events.decode import Decoder
from simulator.city import City
from streams.settings import CATALOG
from training_rules import Corridor, load_rules

START = 1_772_418_600.0  # Monday 2026-03-02, 08:00 in Kolkata


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--partners", type=int, default=1000)
    arguments.add_argument("--hours", type=float, default=10.0)
    arguments.add_argument("--quick", action="store_true", help="50 partners, one hour; nothing is kept")
    asked = arguments.parse_args()
    found = measure(*((50, 1.0) if asked.quick else (asked.partners, asked.hours)))
    if not asked.quick:
        machine.write("partner_bytes", found)
    print(json.dumps(found))


def measure(partners: int, hours: float) -> dict[str, Any]:
    rules, events = load_rules(CATALOG), 0
    corridor, decoders = Corridor(rules), {name: Decoder(name).decode for name in FAMILIES}
    for record in City(partners, start=START, hours=hours, seed=1).events():
        corridor.feed(decoders[record.family](record.value, record.key))
        events += 1
    dumped = [rules.dump(state) for state in corridor.partners.values()]
    sizes = sorted(map(len, dumped))
    gc.collect()
    tracemalloc.start()
    copies = [rules.load(raw) for raw in dumped]
    gc.collect()
    in_memory = tracemalloc.get_traced_memory()[0] / len(copies)
    tracemalloc.stop()
    return {
        "partners": len(copies), "hours": hours, "events": events, "rules": sum(r.nudge for r in rules.rules), "slots": len(rules.slots),
        "memory_bytes": round(in_memory), "changelog_bytes_median": round(statistics.median(sizes)), "changelog_bytes_p99": sizes[int(len(sizes) * 0.99)],
    }  # fmt: skip


if __name__ == "__main__":
    main()
