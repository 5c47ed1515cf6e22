"""From an event to its nudge, under load on a real Kafka: p50, p99, p99.9 in ms.

    python -m benches.latency [--rates 2000 20000 100000] [--seconds 30]

Latency counts from the moment at which an event was due to be sent (`benches.sending`) to the moment at which a consumer has its nudge; a nudge that is never
seen counts as long as it was waited for. Broker, worker, sender and reader share the machine. Some 100 to 1,000 events a second complete a rule.
Where sender or worker could not keep the pace, the result says so: then the figures tell how long the run was, not how fast the engine is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer

from benches import live, machine
from benches.sending import Job, Sending, job
from streams.settings import Settings
from streams.tasks import end

PARTNERS = 5_000
RULES = Path(__file__).parent / "latency.yaml"
WARM_UP = 5.0  # s that are sent before what counts
PATIENCE = 20.0  # s that a nudge is waited for after the last event
FETCH_WAIT_MS = 10  # how long a fetch of the reader may keep partitions waiting that were read meanwhile
LEVEL = 1.0  # s: a worker whose last nudges come later than this did not keep the pace


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rates", type=int, nargs="+", default=[2_000, 20_000, 100_000], help="events/s, one after the other")
    arguments.add_argument("--seconds", type=float, default=30.0, help="at each rate")
    arguments.add_argument("--partners", type=int, default=PARTNERS)
    arguments.add_argument("--quick", action="store_true", help="five seconds of 2,000; nothing is kept")
    asked = arguments.parse_args()
    found = measure(*(([2_000], 5.0) if asked.quick else (asked.rates, asked.seconds)), asked.partners)
    if not asked.quick:
        machine.write("latency", found)
    print(json.dumps(found))


def measure(rates: list[int], seconds: float, partners: int) -> dict[str, Any]:
    """All rates, the lowest first, by one worker."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with live.kafka(folder / "services") as settings, live.working(settings, [RULES], folder) as stats:
            stats.until(lambda last: last.get("partitions"), "the worker began")
            found = [asyncio.run(_at(settings, stats, rate, seconds, partners)) for rate in sorted(rates)]
    return {"seconds": seconds, "warm_up_s": WARM_UP, "partners": partners, "rates": found}


def share(rate: int) -> int:
    """One event in how many completes a rule."""
    return max(20, min(rate // 200, 100))


async def _at(settings: Settings, stats: live.Stats, rate: int, seconds: float, partners: int) -> dict[str, Any]:
    asked = job(settings, f"r{rate}-", events=int(rate * (seconds + WARM_UP)), rate=rate, share=share(rate), partners=partners)
    sending = Sending(asked)
    async with Nudges(settings) as reader:
        began = await sending.began()
        before = stats.last()
        sent = await sending.report()
        await reader.until_seen(asked.events // asked.share, began + asked.events / rate + PATIENCE)
        stats.until(lambda last: not last["lag"], "the worker is level", 300.0)
    due = due_times(asked, began, int(rate * WARM_UP))
    return {"rate": rate, "share": asked.share, **figures(due, reader.seen, time.monotonic())} | {
        "sender_kept_pace": sent["kept_pace"], "sender_late_p99_ms": sent["late_p99_ms"], "sender_cpu_share": sent["cpu_share"], "worker_cpu_share": stats.cpu_share(before),
    }  # fmt: skip


def due_times(asked: Job, began: float, warm_up: int) -> dict[str, float]:
    """When each event that completes a rule was due (monotonic s), by its id; the first `warm_up` events are left out."""
    first = -(-warm_up // asked.share) * asked.share
    return {f"{asked.name}{number}": began + number / asked.rate for number in range(first, asked.events, asked.share)}


def figures(due: dict[str, float], seen: dict[str, float], gave_up: float) -> dict[str, Any]:
    """Percentiles in ms, and whether the last tenth of the nudges came as if all before had been dealt with."""
    latencies = np.array([seen.get(name, gave_up) - at for name, at in due.items()])
    p50, p90, p99, p999 = (round(float(np.percentile(latencies, p)) * 1000, 1) for p in (50, 90, 99, 99.9))
    level = float(np.median(latencies[-max(len(latencies) // 10, 1) :])) < LEVEL
    return {
        "nudges_due": len(due), "nudges_seen": sum(name in seen for name in due), "p50_ms": p50, "p90_ms": p90, "p99_ms": p99, "p999_ms": p999,
        "max_ms": round(float(latencies.max()) * 1000, 1), "worker_kept_pace": level,
    }  # fmt: skip


class Nudges:
    """A reader at the end of the topic of nudges: `seen` says when each was read (monotonic s), by the id of the event that caused it."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = AIOKafkaConsumer(settings.topic("nudges"), **settings.kafka_client(), fetch_max_wait_ms=FETCH_WAIT_MS)
        self.seen: dict[str, float] = {}

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        await self._consumer.seek_to_end()
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await end([self._reading])
        await self._consumer.stop()

    async def _read(self) -> None:
        async for record in self._consumer:
            self.seen.setdefault(msgspec.json.decode(record.value)["cause"], time.monotonic())

    async def until_seen(self, count: int, deadline: float) -> None:
        """Wait until so many nudges are there, not longer than to `deadline` (monotonic s)."""
        while len(self.seen) < count and time.monotonic() < deadline:  # noqa: ASYNC110 - another task fills it
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    main()
