"""From an event to its nudge, at a steady pace on a real Kafka: p50, p90, p99 in ms.

    python -m benches.latency [--rate 2000] [--seconds 60]

Open loop: every event has its moment, and its latency counts from there, also when the sender is late (no coordinated omission: Tene 2013,
"How NOT to Measure Latency"). One event in twenty completes a rule. The clock is one process's: it sends, and it reads the topic of nudges.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benches import live, machine
from streams.settings import Settings
from streams.tasks import end

PARTNERS, SHARE = 2_000, 20
RULES = Path(__file__).parent / "latency.yaml"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rate", type=int, default=2000, help="events/s")
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--quick", action="store_true", help="five seconds; nothing is kept")
    asked = arguments.parse_args()
    found = measure(asked.rate, 5.0 if asked.quick else asked.seconds)
    if not asked.quick:
        machine.write("latency", found)
    print(json.dumps(found))


def measure(rate: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with live.kafka(folder / "services") as settings:
            process = live.worker(settings, RULES, folder)
            try:
                _until_at_work(folder / "stats")
                sent, seen = asyncio.run(_run(settings, rate, seconds))
                stats = json.loads((folder / "stats").read_text().splitlines()[-1])
            finally:
                process.terminate()
                process.wait()
    latencies = np.array([seen[i] - at for i, at in sent.items() if i in seen]) * 1000
    p50, p90, p99 = (round(float(np.percentile(latencies, p)), 1) for p in (50, 90, 99))
    return {
        "rate": rate, "seconds": seconds, "nudges_due": len(sent), "nudges_seen": len(seen), "p50_ms": p50, "p90_ms": p90, "p99_ms": p99,
        "max_ms": round(float(latencies.max()), 1), "worker_cpu_share": round(stats["cpu_s"] / stats["up_s"], 3),
    }  # fmt: skip


def _until_at_work(stats: Path, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not (stats.exists() and json.loads(stats.read_text().splitlines()[-1])["partitions"]):
        if time.monotonic() > deadline:
            raise SystemExit("the worker did not begin")
        time.sleep(0.1)


async def _run(settings: Settings, rate: int, seconds: float) -> tuple[dict[str, float], dict[str, float]]:
    """When each event that completes a rule was due, and when its nudge was read, by event id (monotonic s)."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    async with AIOKafkaConsumer(settings.topic("nudges"), **settings.kafka_client(), fetch_max_wait_ms=10) as consumer:
        await consumer.seek_to_end()
        reading = asyncio.create_task(_read(consumer, seen))
        await _send(settings, rate, seconds, sent)
        deadline = time.monotonic() + 15
        while len(seen) < len(sent) and time.monotonic() < deadline:  # noqa: ASYNC110 - another task fills it
            await asyncio.sleep(0.05)
        await end([reading])
    return sent, seen


async def _read(consumer: AIOKafkaConsumer, seen: dict[str, float]) -> None:
    async for record in consumer:
        seen[msgspec.json.decode(record.value)["cause"]] = time.monotonic()


async def _send(settings: Settings, rate: int, seconds: float, sent: dict[str, float]) -> None:
    async with AIOKafkaProducer(**settings.kafka_client(), linger_ms=0, acks=1) as producer:
        began = time.monotonic()
        for number in range(int(rate * seconds)):
            due = began + number / rate
            while (wait := due - time.monotonic()) > 0:  # noqa: ASYNC110 - the clock is waited for
                await asyncio.sleep(wait)
            topic, event = _event(number)
            if "stars" in event:
                sent[event["event_id"]] = due
            await producer.send(settings.topic(topic), msgspec.json.encode(event), key=event["partner_id"].encode())


def _event(number: int) -> tuple[str, dict[str, Any]]:
    who = f"p{number * 7919 % PARTNERS}"
    event: dict[str, Any] = {"event_id": f"e{number}", "partner_id": who, "occurred_at": time.time()}
    if number % SHARE == 0:
        return "partner.ratings", event | {"type": "rating_received", "order_id": f"o{number}", "stars": 1}
    return "partner.gps", event | {"type": "position", "lat": 12.9 + number % 100 / 1000, "lon": 77.6}


if __name__ == "__main__":
    main()
