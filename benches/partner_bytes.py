"""Bytes of a partner, in memory awake and at rest, and in the changelog, for the catalogue that is shipped after a day in the simulated city.

    python -m benches.partner_bytes [--partners 1000] [--hours 10]

In memory: what tracemalloc counts of all states, divided by their number; what partners share (rules, interned text) is not in it. At rest: with the id, the
places in all tables, and the alarm.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from benches import machine
from events import FAMILIES
from events.decode import Decoder
from simulator.city import City
from streams.settings import CATALOG
from training_rules import Corridor, Partners, Rules, load_rules

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
    rules = load_rules(CATALOG)
    corridor, events = lived(rules, partners, hours)
    dumped = {who: rules.dump(state) for who, state in corridor.partners.items()}
    sizes = sorted(map(len, dumped.values()))
    awake, resting = _traced(lambda: [rules.load(raw) for raw in dumped.values()]), _traced(lambda: _at_rest(rules, dumped))
    return {
        "partners": len(sizes), "hours": hours, "events": events, "rules": sum(r.nudge for r in rules.rules), "slots": len(rules.slots),
        "memory_bytes": round(awake / len(sizes)), "resting_bytes": round(resting / len(sizes)), "changelog_bytes_median": round(statistics.median(sizes)),
        "changelog_bytes_p99": sizes[int(len(sizes) * 0.99)],
    }  # fmt: skip


def lived(rules: Rules, partners: int, hours: float) -> tuple[Corridor, int]:
    """Partners of the city after some hours, with offsets as a worker keeps them; and how many events there were."""
    corridor, decoders, offsets = Corridor(rules), {name: Decoder(name).decode for name in FAMILIES}, Counter[str]()
    for record in City(partners, start=START, hours=hours, seed=1).events():
        corridor.feed(decoders[record.family](record.value, record.key), FAMILIES[record.family].topic, offsets[record.family])
        offsets[record.family] += 1
    return corridor, offsets.total()


def _at_rest(rules: Rules, dumped: Mapping[str, bytes]) -> Corridor:
    """A corridor in which all rest; nothing of it is what was there already."""
    return Corridor(rules, Partners(rules, resting={who.encode().decode(): bytes(bytearray(raw)) for who, raw in dumped.items()}))


def _traced(make: Callable[[], Any]) -> int:
    """Bytes of what is made."""
    gc.collect()
    tracemalloc.start()
    made = make()
    gc.collect()
    found = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del made
    return found


if __name__ == "__main__":
    main()
