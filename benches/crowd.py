"""What partners make together, against an exact count over all events: is `zone_demand` right, and how far is a `cohort_pct` off?

    python -m benches.crowd [--partners 900] [--hours 2]

The same hours of three weeks of the simulated city, through Kafka, on two workers: two weeks make a usual, the third is looked at. In the third, each zone
has half hours with half of its offers and others with twice as many, drawn by a seed. `zones`: the share of zone-minutes whose level is that of an exact
count of the same moment. `cohorts`: by how many percentile points the ranks of all partners online are off at each survey.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

from analysis.taps import records
from benches import live, machine
from segments.crowd import rank
from segments.demand import Demand, Finding
from simulator.city import City
from streams.settings import Settings

START = 1_772_427_600.0  # Monday 2026-03-02, 10:30 in Kolkata
WEEK, WEEKS, HALF_HOUR, SPAN, FRESH, WINDOW = 604_800.0, 3, 1800.0, 900.0, 300.0, 7200.0
EVERY, SURVEY, PATIENCE = 10, 60, 600.0
COHORT = "cohort_pct(acceptance(2h) by zone)"
RULES = f"""version: 1
metrics:
  acceptance: {{ratio: {{of: order_accepted, to: [order_accepted, order_rejected, offer_expired]}}, min_samples: 1}}
nudges:
  busy: {{trigger: {{holds: online and zone_demand == "high", for: 5m}}, send: go, kind: tip, cooldown: 1h, priority: 10, seats: zone_gap, mode: live}}
  behind: {{trigger: {{holds: "{COHORT} < 10%", for: 5m}}, send: go, kind: tip, cooldown: 1h, priority: 20, mode: live}}
messages:
  go: {{en: {{title: Busy, body: Go.}}}}
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--partners", type=int, default=900)
    arguments.add_argument("--hours", type=float, default=2.0)
    arguments.add_argument("--quick", action="store_true", help="150 partners, an hour; nothing is kept")
    asked = arguments.parse_args()
    found = measure(*((150, 1.0) if asked.quick else (asked.partners, asked.hours)))
    if not asked.quick:
        machine.write("crowd", found)
    print(json.dumps(found))
    sys.exit(0 if found["right"] else 1)


def measure(partners: int, hours: float) -> dict[str, Any]:
    events = list(weeks(partners, hours))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, rules = folder / "events.ndjson", folder / "rules.yaml"
        file.write_text("".join(json.dumps(e) + "\n" for e in events))
        rules.write_text(RULES)
        given = {"clock": "events", "crowd": "always", "crowd_every": EVERY, "cohorts_every": SURVEY, "redis_url": "none"}
        with live.kafka(folder / "services", **given) as settings:
            live.load(settings, file)
            told, stats = _worked(settings, rules, folder, events[-1]["occurred_at"])
    exact = Exact()
    truth = list(exact.over(events))
    return {"events": len(events), "partners": partners, "hours": hours, "workers": 2, **_compared(truth, told), "cost": stats}


def weeks(partners: int, hours: float) -> Iterator[dict[str, Any]]:
    """The events of three weeks; in the last with surges and lulls."""
    for week in range(WEEKS):
        begin = START + week * WEEK
        for record in City(partners, start=begin, hours=hours, seed=7 + week, share=0.0).events():
            event = json.loads(record.value)
            event["event_id"] += f"-{week}"
            yield from _surged(event, week) if event["type"] == "order_offered" and week == WEEKS - 1 else (event,)


def _surged(event: dict[str, Any], week: int) -> Iterator[dict[str, Any]]:
    """An offer of the last week: once, not at all or twice, by zone and half hour."""
    kind = Random(f"{event['zone']} {event['occurred_at'] // HALF_HOUR} {week}").choice(("usual", "lull", "surge"))
    if kind != "lull" or Random(event["event_id"]).random() < 0.5:
        yield event
    if kind == "surge":
        yield event | {"event_id": event["event_id"] + "+", "order_id": event["order_id"] + "+"}


# -- through Kafka


def _worked(settings: Settings, rules: Path, folder: Path, last: float) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All figures that two workers told, and what it cost them."""
    with ExitStack() as both:
        workers = [both.enter_context(live.working(settings, [rules], folder / f"w{n}")) for n in range(2)]
        deadline = time.monotonic() + PATIENCE
        while not (told := _told(settings)) or max(e["at"] for e in told) < last - 2 * SURVEY:
            assert time.monotonic() < deadline, f"figures up to {max((e['at'] for e in told), default=0)} of {last}"
            time.sleep(1.0)
        stats = [worker.last() for worker in workers]
    crowds = [s["crowd"] for s in stats]
    return told, {"cpu_s": round(sum(s["cpu_s"] for s in stats), 1), **{k: round(sum(c[k] for c in crowds), 3) for k in crowds[0]}}


def _told(settings: Settings) -> list[dict[str, Any]]:
    """Every figure, once: each lies in every partition."""
    return list({r.fields["event_id"]: r.fields for r in records(settings, settings.broadcasts["crowd"]) if r.fields}.values())


# -- exactly


class Exact:
    """All events in order, and at every moment a look at all partners and all offers. Written from the description alone."""

    def __init__(self) -> None:
        self.demand = Demand()
        self.online: dict[str, bool] = {}
        self.place: dict[str, tuple[str, float]] = {}
        self.offers: deque[tuple[float, str]] = deque()
        self.decided: dict[str, list[tuple[float, bool]]] = {}

    def over(self, events: list[dict[str, Any]]) -> Iterator[tuple[float, dict[str, Finding], dict[str, list[float]]]]:
        """Of each moment what is true of each zone, and at surveys the metric of its partners."""
        at = (events[0]["occurred_at"] // EVERY + 1) * EVERY
        for e in events:
            if e["occurred_at"] - at > HALF_HOUR:
                at = (e["occurred_at"] // EVERY) * EVERY
            while e["occurred_at"] >= at:
                yield at, self._zones(at), self._cohorts(at) if at % SURVEY == 0 else {}
                at += EVERY
            self._apply(e, e["occurred_at"])

    def _apply(self, e: dict[str, Any], t: float) -> None:
        who, kind = e["partner_id"], e["type"]
        if kind in ("logged_in", "logged_out"):
            self.online[who] = kind == "logged_in"
        if kind in ("logged_in", "position") and e.get("zone"):
            self.place[who] = e["zone"], t
        if kind == "order_offered":
            self.offers.append((t, e["zone"]))
        if kind in ("order_accepted", "order_rejected", "offer_expired"):
            self.decided.setdefault(who, []).append((t, kind == "order_accepted"))

    def _zone(self, who: str, at: float) -> str | None:
        zone, seen = self.place.get(who, ("", 0.0))
        return zone if self.online.get(who) and at - seen <= FRESH else None

    def _zones(self, at: float) -> dict[str, Finding]:
        while self.offers and self.offers[0][0] + SPAN <= at:
            self.offers.popleft()
        offers = Counter(zone for _, zone in self.offers)
        online = Counter(zone for who in self.online if (zone := self._zone(who, at)) is not None)
        return {zone: self.demand.find(zone, at, offers[zone], online[zone]) for zone in {*offers, *online, *self.demand.zones}}

    def _cohorts(self, at: float) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for who, decided in self.decided.items():
            alive = [accepted for t, accepted in decided if t + WINDOW > at]
            if alive and (zone := self._zone(who, at)) is not None:
                found.setdefault(zone, []).append(sum(alive) / len(alive))
        return found


# -- beside each other


def _compared(truth: list[Any], told: list[dict[str, Any]]) -> dict[str, Any]:
    zones, cohorts = _zones(truth, told), _cohorts(truth, told)
    return {"zones": zones, "cohorts": cohorts, "right": zones["right"] >= 0.99 and cohorts["worst_points"] <= 2.0 and cohorts["compared"] > 0}


def _zones(truth: list[Any], told: list[dict[str, Any]]) -> dict[str, Any]:
    """Minute for minute of the last week, the level told last against the exact one."""
    said: dict[str, list[tuple[float, str | None]]] = {}
    for e in sorted((e for e in told if e["type"] == "zone_figures"), key=lambda e: e["at"]):
        said.setdefault(e["zone"], []).append((e["at"], e.get("level")))
    levels, right, last = Counter[str](), 0, max((e["at"] for e in told if e["type"] == "zone_figures"), default=0.0)
    for at, zones, _ in truth:
        if at % 60 or not START + (WEEKS - 1) * WEEK <= at <= last:
            continue
        for zone, finding in zones.items():
            before = bisect_right(said.get(zone, []), at, key=lambda s: s[0])
            levels[str(finding.level)] += 1
            right += before > 0 and said[zone][before - 1][1] == finding.level
    compared = sum(levels.values())
    return {"minutes": compared, "right": round(right / max(compared, 1), 5), "levels": dict(levels)}


def _cohorts(truth: list[Any], told: list[dict[str, Any]]) -> dict[str, Any]:
    quantiles = {(e["value"], e["at"]): e for e in told if e["type"] == "cohort_figures" and e["cohort"] == COHORT}
    errors, counted = list[float](), 0
    for at, _, cohorts in truth:
        for zone, values in cohorts.items():
            e = quantiles.get((zone, at))
            if e is None or len(values) < 20:
                continue
            counted += e["partners"] == len(values)
            among = sorted(values)
            exact = ((x, (bisect_left(among, x) + bisect_right(among, x)) / 2 / len(among)) for x in set(values))
            errors += [abs(rank(e["quantiles"], x) - share) * 100 for x, share in exact]
    errors.sort()
    worst, p99 = (errors[-1], errors[int(0.99 * (len(errors) - 1))]) if errors else (0.0, 0.0)
    return {"compared": len(errors), "worst_points": round(worst, 3), "p99_points": round(p99, 3), "same_partners": counted}


if __name__ == "__main__":
    main()
