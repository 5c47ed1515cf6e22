"""How long partitions stand still when a worker goes or comes, under load: from the last nudge before to the first after, by partition.

    python -m benches.handover [--rate 1000] [--runs 3]

Two workers, four partitions, every event completes a rule, and a nudge lies in the partition of its event: the longest silence of a partition's
nudges is its gap. `moved`: partitions of the worker that went; `stayed`: those of the one that lived (Kafka's group stops for all when it shares
out anew). Cases: killed alone (nobody tells the group), killed under a supervisor, told to end (SIGTERM), and one more that joins.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benches import live, machine
from streams import topics
from streams.settings import Settings
from streams.tally import last_line
from streams.tasks import end

RULES = Path(__file__).parent / "latency.yaml"
PARTNERS, BEFORE, QUIET, PATIENCE = 2_000, 3.0, 4.0, 60.0
WORST = ("moved_s", "stayed_s")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rate", type=int, default=1000, help="events/s")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--quick", action="store_true", help="one run of one case; nothing is kept")
    asked = arguments.parse_args()
    found = measure(asked.rate, 1, ("ended",)) if asked.quick else measure(asked.rate, asked.runs, tuple(CASES))
    if not asked.quick:
        machine.write("handover", found)
    print(json.dumps(found))


def measure(rate: int, runs: int, cases: tuple[str, ...]) -> dict[str, Any]:
    """The worst gap of each run (s), and its median over the runs, by case."""
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, live.kafka(Path(name, "services")) as settings:
        for case, run in itertools.product(cases, range(runs)):
            prefix = "".join(filter(str.isalnum, case)) + str(run)
            own = settings.model_copy(update={"topic_prefix": f"{prefix}-", "app_id": prefix, "redis_url": "none"})
            topics.create(own)
            (folder := Path(name, prefix)).mkdir()
            found[case].append(asyncio.run(_once(own, case, folder, rate)))
    medians = {case: {key: round(statistics.median(r[key] for r in done), 2) for key in WORST} for case, done in found.items()}
    return {"rate": rate, "runs": runs, "session_timeout": settings.session_timeout, "cases": medians, "each": found}


class Pair:
    """Two workers at work, and what is done to them; gives the partitions that move."""

    def __init__(self, settings: Settings, folder: Path, *, supervised: bool) -> None:
        self.settings, self.folder, self.supervised = settings, folder, supervised
        self.running: list[subprocess.Popen[bytes]] = []
        for number in (1,) if supervised else (1, 2):
            self.add(number)

    def add(self, number: int) -> None:
        (folder := self.folder / str(number)).mkdir()
        self.running.append(live.worker(self.settings, RULES, folder, *(("--processes", "2") if self.supervised else ())))

    def has(self, number: int) -> list[int]:
        """Partitions of worker 1 or 2, as it last said."""
        line = last_line(self.folder / "1" / f"stats.{number}" if self.supervised else self.folder / str(number) / "stats")
        return sorted(map(int, line["partitions"])) if line else []

    def pid(self, number: int) -> int:
        if not self.supervised:
            return self.running[number - 1].pid
        parent = self.running[0].pid
        return [int(p) for p in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()][number - 1]

    def signal(self, number: int) -> list[int]:
        gone = self.has(1)
        os.kill(self.pid(1), number)
        return gone

    def join(self) -> list[int]:
        before = self.has(1) + self.has(2)
        self.add(3)
        return before


CASES: dict[str, tuple[bool, Callable[[Pair], list[int]]]] = {
    "killed alone": (False, lambda pair: pair.signal(signal.SIGKILL)),
    "killed, supervised": (True, lambda pair: pair.signal(signal.SIGKILL)),
    "ended": (False, lambda pair: pair.signal(signal.SIGTERM)),
    "joined": (False, lambda pair: pair.join()),
}


@contextmanager
def _pair(settings: Settings, folder: Path, *, supervised: bool) -> Iterator[Pair]:
    pair = Pair(settings, folder, supervised=supervised)
    try:
        yield pair
    finally:
        for process in pair.running:
            process.terminate()
        for process in pair.running:
            process.wait()


async def _once(settings: Settings, case: str, folder: Path, rate: int) -> dict[str, float]:
    supervised, act = CASES[case]
    seen: dict[int, list[float]] = defaultdict(list)
    with _pair(settings, folder, supervised=supervised) as pair:
        async with AIOKafkaConsumer(settings.topic("nudges"), **settings.kafka_client(), fetch_max_wait_ms=10) as consumer:
            tasks = [asyncio.create_task(_read(consumer, seen)), asyncio.create_task(_send(settings, rate))]
            await _until(lambda: [len(pair.has(1)), len(pair.has(2))] == [2, 2] and len(seen) == 4)
            await asyncio.sleep(BEFORE)
            began = time.monotonic()
            moved = act(pair)
            await _until(lambda: time.monotonic() - began > settings.session_timeout + QUIET and _flows(seen))
            await end(tasks)
    gaps = {number: _gap(times, began) for number, times in seen.items()}
    stayed = [gap for number, gap in gaps.items() if number not in moved]
    return {"moved_s": round(max(gaps[n] for n in moved), 2), "stayed_s": round(max(stayed, default=0.0), 2)}


def _flows(seen: dict[int, list[float]]) -> bool:
    """All partitions said something within the last second."""
    return all(times[-1] > time.monotonic() - 1 for times in seen.values())


def _gap(times: list[float], began: float) -> float:
    """The longest silence since shortly before `began`."""
    around = [t for t in times if t > began - 1]
    return max(after - before for before, after in itertools.pairwise(around))


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - other processes are waited for
            await asyncio.sleep(0.05)


async def _read(consumer: AIOKafkaConsumer, seen: dict[int, list[float]]) -> None:
    async for record in consumer:
        seen[record.partition].append(time.monotonic())


async def _send(settings: Settings, rate: int) -> None:
    async with AIOKafkaProducer(**settings.kafka_client(), linger_ms=0, acks=1) as producer:
        began = time.monotonic()
        for number in itertools.count():
            while (wait := began + number / rate - time.monotonic()) > 0:  # noqa: ASYNC110 - the clock is waited for
                await asyncio.sleep(wait)
            who = f"p{number * 7919 % PARTNERS}"
            event = {"event_id": f"e{number}", "partner_id": who, "occurred_at": time.time(), "type": "rating_received", "order_id": f"o{number}", "stars": 1}
            await producer.send(settings.topic("partner.ratings"), msgspec.json.encode(event), key=who.encode())


if __name__ == "__main__":
    main()
