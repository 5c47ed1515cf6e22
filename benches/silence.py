"""Orders stop for ten minutes while positions flow, and come late, all at once: who is nudged for what the full record disproves, and who is not though it proves it?

    python -m benches.silence [--partners 5000]

Couriers of an invented shift of 25 minutes go second by second through the parts that a worker has for one partition: decoding, merge, corridor, the health of its
feeds. What is said is held against a backtest of the same events, in order. Beside it, the same with nothing frozen.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from math import inf
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from benches import machine
from events import FAMILIES
from events.decode import Decoder
from streams.partition import Partition
from streams.plan import ORDER, Plan, Source
from streams.stats import Counters
from training_rules import Corridor, load_rules

START = 1_760_000_000.0
#: Seconds after START: orders stop, come back, and all is over.
OUT, BACK, END = 300.0, 900.0, 1500.0
RULES = load_rules(Path(__file__).with_suffix(".yaml"))
FAMILY = {event: f.name for f in FAMILIES.values() for event in f.types}

Fields = dict[str, Any]
#: Rule, partner, and when it was decided (s after START).
Said = set[tuple[str, str, float]]


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--partners", type=int, default=5000)
    arguments.add_argument("--quick", action="store_true", help="300 partners; nothing is kept")
    asked = arguments.parse_args()
    found = measure(300 if asked.quick else asked.partners)
    if not asked.quick:
        machine.write("silence", found)
    print(json.dumps(found))


def measure(partners: int, seed: int = 1) -> dict[str, Any]:
    """Raises SystemExit where a nudge was disproved, or one that is proven and valid is missing."""
    events = shift(partners, seed, every=30)
    proven, live, blind = full_record(events), Live(), Live(listens=False)
    began = time.perf_counter()
    for each in (live, blind):
        each.go(events, 0, END, withheld=True)
    missing = proven - live.nudges() - live.expired()
    found = {
        "partners": partners, "events": len(events), "withheld": sum(_withheld(e) for e in events), "proven": len(proven),
        "proven_in_silence": sum(OUT < at < BACK and rule != "app_only" for rule, _, at in proven), "sent": len(live.nudges()),
        "disproved": len(live.nudges() - proven), "expired": len(live.expired()), "missing": len(missing), "disproved_if_not_frozen": len(blind.nudges() - proven),
        "missing_if_not_frozen": len(proven - blind.nudges()), "frozen_after_s": live.said_at("frozen") - OUT, "thawed_after_s": live.said_at("thawed") - BACK,
        "worst_second_ms": round(live.worst * 1000), "both_s": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    if found["disproved"] or missing:
        raise SystemExit(f"{found['disproved']} nudges are disproved by the full record, {len(missing)} are missing")
    return found


# -- the shift


def shift(partners: int, seed: int = 1, every: float = 10) -> list[Fields]:
    """Each goes on shift, and has orders; some wait long at a restaurant, some are idle for long. A position `every` so many seconds. Others come and go."""
    made = [one for n in range(partners) for one in _courier(f"P{n}", Random(seed * 100_000 + n), every)]
    made += [_event(f"L{at}", kind, at + more) for at in range(0, int(END), 60) for kind, more in (("logged_in", 0.5), ("logged_out", 30.5))]
    return sorted(({**e, "event_id": f"E{n}"} for n, e in enumerate(made)), key=lambda e: e["occurred_at"])


def _courier(who: str, r: Random, every: float) -> Iterator[Fields]:
    yield _event(who, "logged_in", r.uniform(0, 100))
    yield _event(who, "feature_used", r.uniform(100, 1000), feature="route_planner")
    for n in range(int(END / every)):
        yield _event(who, "position", n * every + r.random(), lat=1.0, lon=1.0)
    at, number = r.uniform(0, 200), 0
    while at < END:
        for kind, longest in _order(r):
            if at < END:
                yield _event(who, kind, at, order_id=f"{who}-{number}")
            at += r.uniform(1, longest)
        number += 1


def _order(r: Random) -> Iterable[tuple[str, float]]:
    """The steps of one, each with how long it is at most until the next."""
    long_wait, idle = r.choice((60, 240)), r.choice((60, 400))
    return ("order_offered", 20), ("order_accepted", 60), ("arrived_at_restaurant", long_wait), ("order_picked_up", 100), ("order_delivered", idle)


def _event(who: str, kind: str, at: float, **fields: Any) -> Fields:
    return {"type": kind, "partner_id": who, "occurred_at": round(START + at, 3), **fields}


def _withheld(event: Fields) -> bool:
    return FAMILY[event["type"]] == "orders" and OUT <= int(event["occurred_at"] - START) < BACK


# -- what is said


class Live:
    """One partition by the wall clock, and what it tells. `listens`: whether it looks at the health of its feeds; `worst`: the longest second's work."""

    def __init__(self, *, listens: bool = True, clock: str = "wall") -> None:
        sources = tuple(Source(family, f"topic.{family}", f"topic.{family}") for family in ORDER)
        self.plan = Plan(rules=RULES, sources=sources, clock=clock, features_every=inf)
        self.told: list[Any] = []
        self.counters, self._listens, self.worst = Counters(ORDER), listens, 0.0
        self.partition = Partition(0, self.plan, Corridor(RULES), 1, lambda _, outputs: self.told.extend(outputs), self.counters)
        self._offsets = dict.fromkeys(ORDER, 0)
        for family in range(len(ORDER)):
            self.partition.merge.begin(family, 0)

    def go(self, events: Iterable[Fields], begin: float, end: float, *, withheld: bool) -> None:
        """Second by second; records come in the second in which they happen, orders of the outage, if `withheld`, right after it."""
        back = list[Fields]()
        seconds = _by_second(events)
        for second in range(int(begin), int(end)):
            came = seconds.get(second, [])
            if second == BACK:
                came, back = [*back, *came], []
            elif withheld:
                back += [e for e in came if _withheld(e)]
                came = [e for e in came if not _withheld(e)]
            began = time.perf_counter()
            self._second(came, START + second + 1)
            self.worst = max(self.worst, time.perf_counter() - began)

    def fetched(self, events: list[Fields], wall: float) -> None:
        """Events come, and are all that there is."""
        for number, family in enumerate(ORDER):
            if records := self._records([e for e in events if FAMILY[e["type"]] == family], self._offsets[family], wall):
                self._offsets[family] += len(records)
                self.partition.feed(number, records, self._offsets[family], wall)
            self.partition.merge.heard(number, self._offsets[family], wall)

    def _second(self, events: list[Fields], wall: float) -> None:
        partition = self.partition
        self.fetched(events, wall)
        while partition.run(wall) or partition.ready:
            pass
        if self._listens:
            partition.listen(wall, {})
        partition.advance(wall - 2)

    def _records(self, events: list[Fields], offset: int, wall: float) -> list[Record]:
        return [Record(offset + n, int(wall * 1000), e["partner_id"].encode(), json.dumps(e).encode()) for n, e in enumerate(events)]

    def nudges(self) -> Said:
        return {_said(o) for o in self.told if o.type == "nudge"}

    def expired(self) -> Said:
        """What was held because it was proven too late."""
        return {_said(o) for o in self.told if o.type == "decision" and o.reason == "expired"}

    def said_at(self, verdict: str) -> float:
        """When it was first said that feeds are frozen, or thawed (s after START)."""
        return next((o.decided_at - START for o in self.told if o.type == "decision" and o.verdict == verdict), inf)


def _by_second(events: Iterable[Fields]) -> dict[int, list[Fields]]:
    found: dict[int, list[Fields]] = {}
    for e in events:
        found.setdefault(int(e["occurred_at"] - START), []).append(e)
    return found


def full_record(events: Iterable[Fields]) -> Said:
    """What a backtest says: the same events in order through the core."""
    decoders, corridor = {family: Decoder(family) for family in ORDER}, Corridor(RULES)
    out = [o for e in events for o in corridor.feed(decoders[FAMILY[e["type"]]].decode(json.dumps(e).encode(), e["partner_id"].encode()))]
    return {_said(o) for o in [*out, *corridor.advance(START + END - 2)] if o.type == "nudge"}


def _said(output: Any) -> tuple[str, str, float]:
    return output.rule, output.partner_id, round(output.decided_at - START, 3)


if __name__ == "__main__":
    main()
