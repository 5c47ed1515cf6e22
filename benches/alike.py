"""One hour of the simulated city three times: live, replayed through the pipes, and backtested from the topics. Are the decisions, and their ids, the same?

    python -m benches.alike [--partners 300] [--hours 1]

Live are two workers by a wall clock that runs many times as fast, with settings as long by that clock as the defaults or shorter; they count what partners make
together, and act on it. The catalogue runs, and rules that read `zone_demand` and `cohort_pct`, or wait for silence; in the middle another set is pushed, and later one of its
rules is paused. Then one worker by the clock of events, with nothing but the topics, and `nudgeline backtest --from-topics`. Compared is all that was
decided up to the last event of the partition that ends first: id, id of the nudge, verdict, reason, and when it was decided.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer

from benches import live, machine
from segments.demand import Demand, Zone, hour_of
from simulator.city import City
from simulator.replay import replay_async
from streams.crowd.aggregator import make_topics
from streams.crowd.records import usual_topic
from streams.partitioner import by_murmur2
from streams.pushing import pause, push, texts
from streams.settings import CATALOG, Settings

START = 1_772_427_600.0  # Monday 2026-03-02, 10:30 in Kolkata
RATE, WORKERS, LEAD, PATIENCE = 12.0, 2, 90.0, 120.0
#: How long the workers have to come up, s; and what a change is dated ahead, s of their clock.
READY, AHEAD = 20.0, 60.0
#: By a clock that runs so fast about as long as the defaults.
AS_LONG = {"clock": "wall", "crowd_every": 10, "cohorts_every": 60, "crowd_lead": 60.0, "timer_slack": 24.0, "redis_url": "none"}
OUTPUTS = ("decisions", "segment.transitions")
RULES = """version: 1
owner: benches
metrics:
  taken: {{ratio: {{of: order_accepted, to: [order_accepted, order_rejected, offer_expired]}}, min_samples: 1}}
nudges:
  zone_is_busy: {{trigger: {{holds: online and zone_demand == "high", for: 2m}}, send: go, kind: tip, cooldown: {cooldown}, priority: 90, seats: zone_gap, mode: live}}
  zone_is_quiet: {{trigger: {{holds: online and zone_demand == "low", without: order_offered, for: 3m}}, send: go, kind: tip, cooldown: {cooldown}, priority: 89, mode: live}}
  behind_others: {{trigger: {{holds: cohort_pct(taken(2h) by zone) < {rank}, for: 1m}}, send: go, kind: tip, cooldown: {cooldown}, priority: 88, mode: live}}
  not_picked_up: {{trigger: {{happens: order_accepted, without: order_picked_up, for: {wait}}}, send: go, kind: tip, cooldown: 5m, priority: 87, mode: live}}
  refused: {{trigger: {{happens: order_rejected}}, if: zone_demand != "low", send: go, kind: tip, cooldown: 1m, priority: 86, mode: live}}
messages:
  go: {{en: {{title: Go, body: Now.}}, hi: {{title: Go, body: Now.}}, kn: {{title: Go, body: Now.}}}}
"""

OF_FIGURES = ("zone_is_busy", "zone_is_quiet", "behind_others", "refused", "busy_zone_log_in", "idle_in_quiet_zone", "slipping_bonus")

Decided = frozenset[tuple[Any, ...]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--partners", type=int, default=300)
    arguments.add_argument("--hours", type=float, default=1.0)
    arguments.add_argument("--rate", type=float, default=RATE, help="how many times as fast the live workers' clock runs")
    arguments.add_argument("--quick", action="store_true", help="12 minutes; nothing is kept")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name, live.kafka(Path(name) / "services", **AS_LONG) as settings:
        found = measure(settings, Path(name), asked.partners, 0.2 if asked.quick else asked.hours, asked.rate)
    if not asked.quick:
        machine.write("alike", found)
    print(json.dumps(found))
    sys.exit(0 if found["same"] else 1)


def measure(settings: Settings, folder: Path, partners: int, hours: float, rate: float = RATE) -> dict[str, Any]:
    """The three runs beside each other. The settings are those of the live one."""
    hour = Hour(settings, folder, City(partners, start=START, hours=hours, seed=7, share=0.3), rate)
    began = time.monotonic()
    runs = {"live": hour.live(), "replay": hour.replayed(), "backtest": hour.backtested()}
    return {
        "partners": partners, "hours": hours, "workers": WORKERS, "rate": rate, "events": hour.events, "decisions": len(runs["live"]),
        "by_verdict": dict(Counter(d[2] for d in runs["live"])), "of_figures": sum(d[6] in OF_FIGURES for d in runs["live"]), "rule_sets": len({d[5] for d in runs["live"]} - {""}),
        **{name: _parted(runs["live"], run) for name, run in runs.items() if name != "live"},
        "same": bool(runs["live"]) and runs["live"] == runs["replay"] == runs["backtest"], "seconds": round(time.monotonic() - began),
    }  # fmt: skip


@dataclass
class Hour:
    """The hour, in the topics of the settings."""

    settings: Settings
    folder: Path
    city: City
    rate: float = RATE
    events: int = 0
    upto: float = 0.0

    def live(self) -> Decided:
        make_topics(self.settings)
        self._look_ahead()
        push(self.settings, _rules("10m", "25%", "3m"), at=START - LEAD)
        at = time.time() + READY
        with ExitStack() as stack:
            workers = [stack.enter_context(_live(self.settings, self.folder / f"live-{n}", at, self.rate)) for n in range(WORKERS)]
            for worker in workers:
                worker.until(lambda last: last.get("partitions"), "partitions with each")
            asyncio.run(self._sent(at))
            for worker in workers:
                worker.until(self._through, "all applied", PATIENCE)
            for worker in workers:
                worker.process.terminate()
                worker.process.wait(PATIENCE)
        return self._decided(self.settings)

    def _look_ahead(self) -> None:
        """How many events there will be, when the first partition ends, and what shall be usual in each zone: what is drawn makes some of them busy, others quiet."""
        last, zones = dict[int, float](), set[str]()
        for record in self.city.events():
            event = json.loads(record.value)
            self.events += 1
            last[by_murmur2(record.key, self.settings.partitions)] = record.occurred_at
            zones |= {event["zone"]} if event.get("zone") else set()
        self.upto = min(last.values())
        assert len(last) == self.settings.partitions, "a partition without events"
        asyncio.run(_usual(self.settings, {zone: Random(zone).choice((0.1, 0.5, 2.0)) for zone in sorted(zones)}))

    async def _sent(self, at: float) -> None:
        """Each event when the workers' clock shows its time; the rules change meanwhile."""
        await asyncio.sleep(at - time.time())
        changing = asyncio.create_task(asyncio.to_thread(self._change, at))
        await replay_async(self.city, self.settings, self.rate)
        await changing

    def _change(self, at: float) -> None:
        middle, later = (START + (self.city.end - START) * share for share in (0.5, 0.75))
        _wait(at + (middle - AHEAD - START) / self.rate)
        push(self.settings, _rules("20m", "40%", "4m"), at=middle)
        _wait(at + (later - AHEAD - START) / self.rate)
        pause(self.settings, "zone_is_quiet", off=True, at=later)

    def _through(self, last: dict[str, Any]) -> bool:
        """Whether time has passed what is compared; figures that are to hold later always lie ahead."""
        return all((p["stream_time"] or 0) > self.upto for p in last["partitions"].values())

    def replayed(self) -> Decided:
        again = live.apart(self.settings, "again").model_copy(update={"clock": "events"})
        (self.folder / "again").mkdir()
        if (status := live.worker(again, [], self.folder / "again", "--until-caught-up").wait()) != 0:
            raise SystemExit(f"the replay ended with {status}")
        return self._decided(again)

    def backtested(self) -> Decided:
        out = self.folder / "backtest.ndjson"
        command = [sys.executable, "-m", "commands.main", "backtest", "--from-topics", "--decisions", str(out)]
        subprocess.run(command, cwd=live.ROOT, env=live.environment(self.settings), check=True, stdout=subprocess.DEVNULL)
        return self._of(json.loads(line) for line in out.read_bytes().splitlines())

    def _decided(self, settings: Settings) -> Decided:
        return self._of(live.outputs(settings, *OUTPUTS))

    def _of(self, outputs: Iterable[dict[str, Any]]) -> Decided:
        return frozenset(_told(fields) for fields in outputs if fields["decided_at"] <= self.upto)


def _told(fields: dict[str, Any]) -> tuple[Any, ...]:
    """A decision, or a move in or out of a segment."""
    if fields["type"] == "segment_transition":
        return fields["transition_id"], None, fields["transition"], fields["segment"], fields["decided_at"], "", "", fields["partner_id"]
    return fields["decision_id"], fields.get("nudge_id"), fields["verdict"], fields.get("reason"), fields["decided_at"], fields["ruleset_version"], fields["rule"], fields["partner_id"]


def _rules(cooldown: str, rank: str, wait: str) -> dict[str, str]:
    """The catalogue without its tests, which other rules beside it would fail, and those that read figures."""
    catalog = {name: text.partition("\ntests:")[0] + "\n" for name, text in texts(CATALOG).items()}
    return catalog | {"benches.yaml": RULES.format(cooldown=cooldown, rank=rank, wait=wait)}


def _live(settings: Settings, folder: Path, at: float, rate: float) -> Any:
    return live.working(settings, [], folder, by=("benches.faster", str(at), str(START), str(rate)))


def _wait(until: float) -> None:
    time.sleep(max(0.0, until - time.time()))


async def _usual(settings: Settings, rates: dict[str, float]) -> None:
    """What was usual in each zone in the weeks before."""
    demand, hour = Demand(), hour_of(START) % 168
    async with AIOKafkaProducer(**settings.kafka_client()) as producer:
        for zone, rate in rates.items():
            demand.zones[zone] = Zone(rates={(hour + n) % 168: [rate, rate] for n in range(3)})
            await producer.send_and_wait(usual_topic(settings), demand.dump(zone), zone.encode(), partition=0)


def _parted(one: Decided, other: Decided) -> dict[str, Any]:
    """What only one of the two has, with the first few."""
    missing, more = sorted(one - other, key=str), sorted(other - one, key=str)
    return {"missing": len(missing), "more": len(more), "examples": [*missing[:3], *more[:3]]}


if __name__ == "__main__":
    main()
