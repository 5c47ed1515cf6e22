"""Timers: what one costs to set and to fire with a million of them pending, in the core.

    python -m benches.timers [--pending 1000000]

A partner each, with one wait. Setting is the whole event that does it, beside the same event under rules that wait for nothing. Firing is `Corridor.advance`,
half a millisecond of stream time after the other, with the decision and the nudge that come of it.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benches import machine
from benches.partner_bytes import START
from events.decode import Decoder
from rulebook.loader import read_text
from training_rules import Corridor, Rules, compile_rules

RULES = (Path(__file__).parent / "timers.yaml").read_text(encoding="utf-8")
NO_WAIT = re.sub("trigger: .*", "trigger: {happens: order_rejected}", RULES)
WAIT = 900.0  # s, as the rule has it
APART = 0.0005  # s between two arrivals: with a million of them nothing is due before all are there


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pending", type=int, default=1_000_000)
    arguments.add_argument("--quick", action="store_true", help="10,000; nothing is kept")
    asked = arguments.parse_args()
    found = measure(10_000 if asked.quick else asked.pending)
    if not asked.quick:
        machine.write("timers", found)
    print(json.dumps(found))


def measure(pending: int) -> dict[str, Any]:
    """µs each. Raises SystemExit where not every timer fired, once."""
    not_set = _arrivals(_known(_rules(NO_WAIT), pending), pending)
    gc.collect()
    corridor = _known(_rules(RULES), pending)
    took = {"set": _arrivals(corridor, pending), "not_set": not_set, "position": _positions(corridor, pending, START + pending * APART)}
    began, sent = time.perf_counter(), 0
    for number in range(pending):
        sent += sum(out.type == "nudge" for out in corridor.advance(START + number * APART + WAIT))
    took["fire"] = time.perf_counter() - began
    if sent != pending:
        raise SystemExit(f"{sent:,} of {pending:,} timers fired")
    return {"pending": pending, "fired": sent, "us": {name: round(seconds * 1e6 / pending, 3) for name, seconds in took.items()}}


def _rules(text: str) -> Rules:
    return compile_rules(read_text(text)[0])


def _known(rules: Rules, count: int) -> Corridor:
    """A corridor with so many partners in it: a first event costs more, and is not what is asked."""
    corridor = Corridor(rules)
    _positions(corridor, count, START - 1.0)
    return corridor


def _arrivals(corridor: Corridor, count: int) -> float:
    """Seconds in which so many partners arrive, an order each."""
    decode, fields = Decoder("orders").decode, '"order_id":"o","restaurant":"r"'
    return _fed(corridor, decode, "arrived_at_restaurant", fields, count, lambda number: START + number * APART)


def _positions(corridor: Corridor, count: int, at: float) -> float:
    """Seconds of a position of each partner at one moment."""
    return _fed(corridor, Decoder("gps").decode, "position", '"lat":12.9,"lon":77.6', count, lambda _: at)


def _fed(corridor: Corridor, decode: Callable[..., Any], kind: str, fields: str, count: int, at: Callable[[int], float]) -> float:
    """Seconds in `feed`; making and decoding events is not counted."""
    took, clock, feed = 0.0, time.perf_counter, corridor.feed
    for start in range(0, count, 10_000):
        events = [
            decode(f'{{"type":"{kind}","event_id":"{kind}{n}","partner_id":"p{n}","occurred_at":{at(n)},{fields}}}'.encode(), f"p{n}".encode())
            for n in range(start, min(start + 10_000, count))
        ]
        began = clock()
        for event in events:
            feed(event)
        took += clock() - began
    return took


if __name__ == "__main__":
    main()
