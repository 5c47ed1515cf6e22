"""Recovery: from a changelog of a million partners to serving again, after a start, after a kill, and when another worker takes over.

    python -m benches.recovery [--partners 1000000]

The changelog is written by the bench (`benches.states`). A partition is served again when a decision is read on an event that was sent to it after the moment
from which time counts; events come ten a second to each partition, at the stream time of the states (clock: events), which costs each decision the second for
which a replay waits for other families. Partners a second are those of a start with all of them, less what a start with none takes. All is done by a worker
of one process and by one of two (`--processes 2`), between which a machine of two cores divides the work.
A million partners need some 1.4 GB for one worker, and as much again while two share them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benches import live, machine
from benches.latency import FETCH_WAIT_MS
from benches.states import CHUNK, Crowd, Day, Kept
from simulator.sender import positive_hash
from streams.app import CHANGELOG_CONFIG, changelog
from streams.lane.outbox import send_records
from streams.settings import CATALOG, Settings
from streams.tasks import end
from training_rules import load_rules

PROBE = Path(__file__).parent / "probe.yaml"
RULES = (*CATALOG, PROBE)
HOURS = 10.0
PROCESSES = 1, 2  # of a worker
EVERY = 0.1  # s between two events to each partition
PATIENCE = 600.0  # s


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--partners", type=int, default=1_000_000)
    arguments.add_argument("--quick", action="store_true", help="5,000 partners; nothing is kept")
    asked = arguments.parse_args()
    found = measure(*((5_000, 1.0) if asked.quick else (asked.partners, HOURS)))
    if not asked.quick:
        machine.write("recovery", found)
    print(json.dumps(found))


def measure(partners: int, hours: float) -> dict[str, Any]:
    rules = load_rules(RULES)
    crowd = Crowd(rules, Day.lived(rules, hours))
    with tempfile.TemporaryDirectory() as name, live.kafka(Path(name, "services"), clock="events") as settings:
        empty, full = live.apart(settings, "empty"), live.apart(settings, "full")
        written = asyncio.run(_write(full, crowd, partners))
        rows = [_recovered(empty, full, crowd.end, Path(name), processes, partners) for processes in PROCESSES]
    return {"partners": partners, **written, "by_processes": rows}


def _recovered(empty: Settings, full: Settings, at: float, folder: Path, processes: int, partners: int) -> dict[str, Any]:
    """What a worker of so many processes takes, with nobody and with all."""
    options = ("--processes", str(processes)) if processes > 1 else ()
    start_empty = asyncio.run(_start(empty, at, folder / f"empty{processes}", options))
    took = asyncio.run(_kills(full, at, folder / f"full{processes}", options))
    a_second = round(partners / max(took["start_s"] - start_empty, 0.1))
    return {"processes": processes, "start_empty_s": start_empty, **took, "partners_per_s": a_second}


async def _write(settings: Settings, crowd: Crowd, partners: int) -> dict[str, Any]:
    """Write the changelog of so many partners; bytes each, and seconds."""
    topic, began, total = changelog(settings), time.monotonic(), 0
    live.make_topic(settings, topic, CHANGELOG_CONFIG)
    async with AIOKafkaProducer(**settings.kafka_client(), acks="all", compression_type="zstd", max_batch_size=512 * 1024) as producer:
        for start in range(0, partners, CHUNK):
            placed: list[list[Kept]] = [[] for _ in range(settings.partitions)]
            for record in crowd.records(range(start, min(start + CHUNK, partners))):
                placed[positive_hash(record.key) % settings.partitions].append(record)
                total += len(record.value)
            await asyncio.gather(*[send_records(producer, topic, number, records) for number, records in enumerate(placed)])
        await asyncio.gather(*[send_records(producer, topic, number, [crowd.closing()]) for number in range(settings.partitions)])
    return {"writing_s": round(time.monotonic() - began, 1), "changelog_bytes": round(total / partners)}


async def _start(settings: Settings, at: float, folder: Path, options: Sequence[str]) -> float:
    """Seconds from the start of a worker to its first decision in every partition."""
    async with Probe(settings, at) as probe:
        began = time.monotonic()
        with _worker(settings, folder, options):
            return round(await probe.served(began) - began, 1)


async def _kills(settings: Settings, at: float, folder: Path, options: Sequence[str]) -> dict[str, Any]:
    """A start, a kill with a restart at once, and a kill of one of two."""
    async with Probe(settings, at) as probe:
        began = time.monotonic()
        with _worker(settings, folder / "first", options) as first:
            start = await probe.served(began) - began
            rss = live.Stats(folder / "first", first).last()["rss_mb"]
            killed = _kill(first)
            with _worker(settings, folder / "again", options) as again:
                restart = await probe.served(killed) - killed
                with _worker(settings, folder / "second", options) as second:
                    await asyncio.to_thread(live.Stats(folder / "second", second).until, lambda last: last["partitions"], "two share the partitions", PATIENCE)
                    await probe.served(time.monotonic())
                    killed = _kill(again)
                    takeover = await probe.served(killed) - killed
    return {"start_s": round(start, 1), "rss_mb": rss, "restart_s": round(restart, 1), "takeover_s": round(takeover, 1)}


@contextmanager
def _worker(settings: Settings, folder: Path, options: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir(parents=True)
    process = live.worker(settings, RULES, folder, *options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _kill(process: subprocess.Popen[bytes]) -> float:
    """When it was killed (monotonic s)."""
    killed = time.monotonic()
    process.kill()
    process.wait()
    return killed


class Probe:
    """Low ratings to one partner of each partition, and what is decided on them. `at`: stream time from which on they happen (s since the epoch)."""

    def __init__(self, settings: Settings, at: float) -> None:
        self._settings, self._at, self._began = settings, at, time.monotonic()
        self._partners = probed(settings.partitions)
        self._sent: dict[str, tuple[int, float]] = {}
        self._latest: dict[int, tuple[float, float]] = {}

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(self._settings.topic("decisions"), **self._settings.kafka_client(), fetch_max_wait_ms=FETCH_WAIT_MS)
        self._producer = AIOKafkaProducer(**self._settings.kafka_client())
        await self._consumer.start()
        await self._consumer.seek_to_end()
        await self._producer.start()
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._read())]
        return self

    async def __aexit__(self, *_: object) -> None:
        await end(self._tasks)
        await self._producer.stop()
        await self._consumer.stop()

    async def served(self, since: float) -> float:
        """When every partition had decided on an event that was sent after `since` (monotonic s). Raises SystemExit where one does not."""
        deadline, found = time.monotonic() + PATIENCE, dict[int, float]()
        while len(found) < len(self._partners):
            if time.monotonic() > deadline:
                raise SystemExit(f"partitions {sorted(set(range(len(self._partners))) - set(found))} were not served within {PATIENCE:.0f} s")
            found |= {number: seen for number, (sent, seen) in self._latest.items() if sent >= since and number not in found}
            await asyncio.sleep(0.02)
        return max(found.values())

    async def _send(self) -> None:
        topic, count = self._settings.topic("partner.ratings"), 0
        while True:
            for number, who in enumerate(self._partners):
                count += 1
                event = {"type": "rating_received", "event_id": f"probe{count}-{self._began}", "partner_id": who, "order_id": f"o{count}", "stars": 1}
                now = time.monotonic()
                self._sent[str(event["event_id"])] = number, now
                await self._producer.send(topic, msgspec.json.encode(event | {"occurred_at": self._at + now - self._began}), key=who.encode(), partition=number)
            await asyncio.sleep(EVERY)

    async def _read(self) -> None:
        async for record in self._consumer:
            decision = msgspec.json.decode(record.value)
            if decision["rule"] == "bench_probe" and (sent := self._sent.get(decision["cause"])) is not None:
                number, at = sent
                self._latest[number] = max(self._latest.get(number, (at, 0.0)), (at, time.monotonic()))


def probed(partitions: int) -> list[str]:
    """A partner in each partition."""
    names = (f"probe{number}" for number in range(1_000 * partitions))
    found: dict[int, str] = {}
    for name in names:
        found.setdefault(positive_hash(name.encode()) % partitions, name)
    return [found[number] for number in range(partitions)]


if __name__ == "__main__":
    main()
