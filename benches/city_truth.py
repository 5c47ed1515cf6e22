"""A simulated city against its truth, through the core: is each pain point told once, and nobody while they ride?

    python -m benches.city_truth [--partners 2000] [--hours 24]

Three passes over the same day: the rules of the four pain points over events in order; the same with one event in twenty late, by less than the allowed
lateness; and the whole catalogue over those. Who rides is found out here, from the events as they were handed on, by nothing that the core has. Nobody is
held out.

The city keeps every wait two minutes clear of the deadline of its rule, so that no late event disproves a nudge. A last pass has a deadline among the waits
that are usual, and one event in five late: what is recalled has to be what the truth disproves.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from math import inf
from random import Random
from typing import Any

from benches import machine
from events import FAMILIES
from events.decode import Decoder
from rulebook.loader import load_files, load_texts
from simulator.city import City, Truth
from simulator.city.pains import RULES
from simulator.importers import Record
from streams.settings import CATALOG
from training_rules import Corridor, EngineOptions, Rules, compile_rules

SEGMENTS, NUDGES = CATALOG
PAINS = (
    *(SEGMENTS / f"{name}.yaml" for name in ("metrics", "places", "new_struggling")), NUDGES / "policy.yaml", *(NUDGES / f"{name}.yaml" for name in RULES.values()),
)  # fmt: skip
START, SEED = 1_772_389_800.0, 7  # Monday 2026-03-02, midnight in Kolkata
LATE, LEAST, LATEST = 0.05, 1.0, 119.0  # of the events; s
SHORT, MANY_LATE = 10, 0.2  # minutes; of the events
BEFORE, AFTER = 120.0, 1860.0  # a nudge from so long before (a late event can hide that things got better) to so long after is that of the pain point, s
FAST, FRESH = 3.0, 60.0  # m/s; s


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--partners", type=int, default=2000)
    arguments.add_argument("--hours", type=float, default=24.0)
    arguments.add_argument("--quick", action="store_true", help="100 partners for twelve hours; nothing is kept")
    asked = arguments.parse_args()
    found = measure(*((100, 12.0) if asked.quick else (asked.partners, asked.hours)))
    if not asked.quick:
        machine.write("city_truth", found)
    print(json.dumps(found))


def measure(partners: int, hours: float) -> dict[str, Any]:
    """What came of the day in each pass. Raises SystemExit where a nudge that is not about the order reached somebody who was known to ride."""
    passes = {"the four rules": (PAINS, 0.0), "the four rules, late events": (PAINS, LATE), "the whole catalogue, late events": (CATALOG, LATE)}
    rows = {name: through(City(partners, start=START, hours=hours, seed=SEED), rules_of(paths), late) for name, (paths, late) in passes.items()}
    if any(row["while_riding"] for row in rows.values()):
        raise SystemExit(f"somebody was nudged while they rode: {json.dumps(rows)}")
    return {"partners": partners, "hours": hours, "late_share": LATE, "passes": rows, "recalls": recalls(City(partners, start=START, hours=hours, seed=SEED))}


def rules_of(paths: Iterable[Any]) -> Rules:
    return compile_rules(load_files(paths)[0], EngineOptions(everyone=True))


def recalls(city: City) -> dict[str, Any]:
    """Nudges about a wait of `SHORT` minutes: those that the truth disproves beside those that were recalled. Raises SystemExit where these are others."""
    texts = {str(path): path.read_text(encoding="utf-8") for path in PAINS}
    corridor = Corridor(compile_rules(load_texts({name: text.replace("for: 15m", f"for: {SHORT}m") for name, text in texts.items()})[0], EngineOptions(everyone=True)))
    decoders, arrived, ended, ledger = {name: Decoder(name) for name in FAMILIES}, dict[str, float](), dict[str, float](), list[Any]()
    for record in delayed(city.events(), MANY_LATE):
        event = decoders[record.family].decode(record.value, record.key)
        if event.type == "arrived_at_restaurant":
            arrived[event.order_id] = event.occurred_at
        elif event.type in ("order_picked_up", "order_cancelled"):
            ended[event.order_id] = min(event.occurred_at, ended.get(event.order_id, inf))
        ledger += [o for o in corridor.feed(event) if o.type == "decision" and o.rule == "stuck_at_restaurant"]
    sent = {o.nudge_id: o.evidence["same"] for o in ledger if o.verdict == "send"}
    wrong = {nudge for nudge, order in sent.items() if ended.get(order, inf) < arrived[order] + SHORT * 60}
    taken_back = {o.nudge_id for o in ledger if o.verdict == "recalled"}
    if taken_back != wrong:
        raise SystemExit(f"recalled: {sorted(taken_back - wrong)}; not recalled: {sorted(wrong - taken_back)}")
    return {"late_share": MANY_LATE, "minutes": SHORT, "sends": len(sent), "disproved": len(wrong), "recalled": len(taken_back)}


def through(city: City, rules: Rules, late: float) -> dict[str, Any]:
    """One pass: the city's day through a corridor, and an hour more for what waits."""
    decoders, corridor = {name: Decoder(name) for name in FAMILIES}, Corridor(rules)
    roads, ledger, began, count = Roads({r.name for r in rules.rules if r.about_order}), list[Any](), time.perf_counter(), 0
    for record in delayed(city.events(), late):
        event = decoders[record.family].decode(record.value, record.key)
        decided = [o for o in corridor.feed(event) if o.type == "decision"]
        roads.check(o for o in decided if o.cause != event.event_id)
        roads.take(event)
        roads.check(o for o in decided if o.cause == event.event_id)
        ledger += decided
        count += 1
    rest = [o for o in corridor.advance(city.end + 3600) if o.type == "decision"]
    roads.check(rest)
    return {"events": count, "seconds": round(time.perf_counter() - began, 1), **told(city, [*ledger, *rest]), "while_riding": roads.wrong}


def delayed(records: Iterable[Record], share: float) -> Iterator[Record]:
    """The records in the order of their coming, a share of them late."""
    r, held = Random(SEED), list[tuple[float, int, Record]]()
    for number, record in enumerate(records):
        while held and held[0][0] <= record.occurred_at:
            yield heappop(held)[2]
        if r.random() < share:
            heappush(held, (record.occurred_at + r.uniform(LEAST, LATEST), number, record))
        else:
            yield record
    while held:
        yield heappop(held)[2]


class Roads:
    """Who rides, as far as the events tell that were handed on: on an order, or faster than `FAST` by a fix of the last minute. `wrong`: sends to them."""

    def __init__(self, about_order: set[str]) -> None:
        self._about, self.wrong = about_order, 0
        self._fixes: dict[str, tuple[float, float]] = {}
        self._open: defaultdict[str, set[str]] = defaultdict(set)
        self._closed: set[tuple[str, str]] = set()

    def take(self, event: Any) -> None:
        match event.type:
            case "position" if event.occurred_at > self._fixes.get(event.partner_id, (0.0,))[0]:
                self._fixes[event.partner_id] = event.occurred_at, event.speed or 0.0
            case "order_accepted" if (event.partner_id, event.order_id) not in self._closed:
                self._open[event.partner_id].add(event.order_id)
            case "order_delivered" | "order_cancelled":
                self._closed.add((event.partner_id, event.order_id))
                self._open[event.partner_id].discard(event.order_id)

    def check(self, decisions: Iterable[Any]) -> None:
        self.wrong += sum(o.verdict == "send" and o.rule not in self._about and self.rides(o.partner_id, o.decided_at) for o in decisions)

    def rides(self, who: str, now: float) -> bool:
        at, speed = self._fixes.get(who, (0.0, 0.0))
        return bool(self._open[who]) or (speed > FAST and now - at <= FRESH)


def told(city: City, ledger: list[Any]) -> dict[str, Any]:
    """The ledger beside the truth."""
    of = defaultdict[tuple[str, str], list[Any]](list)
    for o in ledger:
        of[o.partner_id, o.rule].append(o)
    ends = Counter(end_of(truth, of[truth.partner_id, truth.rule or ""]) for truth in city.truth)
    sends, clean = [o for o in ledger if o.verdict == "send"], set(city.clean)
    waited = {(o.partner_id, o.rule, *o.evidence["events"]) for o in ledger if o.reason == "not_safe_now"}
    after = Counter(o.reason or str(o.verdict) for o in ledger if (o.partner_id, o.rule, *o.evidence.get("events", ())) in waited and o.reason != "not_safe_now")
    return {
        "pain_points": len(city.truth), "nudged_once": ends.pop("once", 0), "otherwise": dict(ends.most_common()), "sends": len(sends),
        "to_clean": sum(o.partner_id in clean for o in sends), "waited": len(waited), "after_the_wait": dict(after.most_common()),
        "recalled": sum(o.verdict == "recalled" for o in ledger),
    }  # fmt: skip


def end_of(truth: Truth, decisions: list[Any]) -> str:
    """What became of one pain point: `once`, or why not."""
    assert truth.at is not None
    mine = [o for o in decisions if truth.at - BEFORE <= o.decided_at <= truth.at + AFTER and o.verdict in ("send", "hold")]
    sends = sum(o.verdict == "send" for o in mine)
    if sends:
        return "once" if sends == 1 else f"{sends} times"
    return str(mine[-1].reason) if mine else "no match: the events that came late tell it otherwise"


if __name__ == "__main__":
    main()
