"""A sender that costs little while it is measured: a process of its own, whose batches are made before it begins.

    python -m benches.sending JOB       (see `Job`; begun by benches, through `Sending`)

Open loop: event number n is due at `began + n / rate`, whatever the broker does meanwhile, and what comes late counts from there (no coordinated omission:
Tene 2013, "How NOT to Measure Latency"). Events that are due within one tick go together at its end, as with a producer that lingers. Times that are
compared between processes are those of the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition

from benches import live
from simulator.sender import positive_hash
from streams.settings import Settings

TICK = 0.005  # s
SAMPLE = 20_000  # events made to see how long making them takes
BATCH_BYTES = 512 * 1024
LATE = 0.05  # s: a sender whose 99th percentile is later than this did not keep the pace

Tick = tuple[float, list[tuple[TopicPartition, Any]]]


class Job(NamedTuple):
    """`events` events at `rate` a second, one in `share` a low rating, the others positions, of so many `partners`; ids are `name` and a number.

    Before them, as fast as possible, `backlog` events whose times are spread over the `outage` seconds before the first one is due.
    """

    brokers: str
    gps: str
    ratings: str
    partitions: int
    name: str
    events: int
    rate: int
    share: int
    partners: int
    backlog: int = 0
    outage: float = 0.0


def job(settings: Settings, name: str, **given: Any) -> Job:
    """A job on the topics of these settings."""
    return Job(settings.brokers, settings.topic("partner.gps"), settings.topic("partner.ratings"), settings.partitions, name, **given)


class Sending:
    """The sender's process: `began` once it has begun, `report` once it has ended."""

    def __init__(self, asked: Job) -> None:
        self._asked = asked
        self._process: asyncio.subprocess.Process

    async def began(self) -> float:
        """Monotonic time at which the first event is due, a little ahead. Raises SystemExit where the sender ends before."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benches.sending", json.dumps(self._asked._asdict()), cwd=live.ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        began: float = (await self._line())["began"]
        return began

    async def report(self) -> dict[str, Any]:
        """What the sender says of itself, when all is acknowledged: `late_p99_ms`, `late_max_ms`, `kept_pace`, `cpu_share`."""
        found = await self._line()
        await self._process.wait()
        return found

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the sender ended with {await self._process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found


class Maker:
    """Makes the events of a job, and batches of them."""

    def __init__(self, asked: Job, producer: AIOKafkaProducer) -> None:
        self._job, self._producer = asked, producer
        self._keys = [f"p{number}".encode() for number in range(asked.partners)]
        self._places = [positive_hash(key) % asked.partitions for key in self._keys]

    def event(self, number: int, at: float) -> tuple[TopicPartition, bytes, bytes]:
        """Where event `number` goes, its key, and its value; it happens at `at` (s since the epoch)."""
        job = self._job
        who = (number * 7919 + number // job.share) % job.partners
        head = f'"event_id":"{job.name}{number}","partner_id":"p{who}","occurred_at":{at:.6f}'
        if number % job.share == 0:
            return TopicPartition(job.ratings, self._places[who]), self._keys[who], f'{{"type":"rating_received",{head},"order_id":"o{number}","stars":1}}'.encode()
        value = f'{{"type":"position",{head},"lat":{12.9 + number % 100 / 1000:.3f},"lon":77.6}}'
        return TopicPartition(job.gps, self._places[who]), self._keys[who], value.encode()

    def batches(self, numbers: range, first: float, apart: float) -> Iterator[tuple[TopicPartition, Any]]:
        """Batches of these events, of which number 0 happens at `first`, and each one `apart` seconds after the one before; none is larger than a broker takes."""
        opened: dict[TopicPartition, Any] = {}
        for number in numbers:
            at = first + number * apart
            place, key, value = self.event(number, at)
            batch = opened.get(place)
            if batch is None or batch.append(key=key, value=value, timestamp=int(at * 1000)) is None:
                if batch is not None:
                    yield place, batch
                batch = opened[place] = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=int(at * 1000))
        yield from opened.items()


def main() -> None:
    asyncio.run(_work(Job(**json.loads(sys.argv[1]))))


async def _work(asked: Job) -> None:
    async with AIOKafkaProducer(bootstrap_servers=asked.brokers, acks=1, linger_ms=0, max_batch_size=BATCH_BYTES) as producer:
        maker = Maker(asked, producer)
        began = time.monotonic() + _lead(maker, asked)
        first = time.time() + (began - time.monotonic())
        await _send_backlog(maker, producer, asked, first)
        ticks = [*_ticks(maker, asked, began, first)]
        gc.collect()
        gc.freeze()
        if time.monotonic() > began:
            raise SystemExit(f"the sender was not ready in time: {asked.events:,} events took {time.monotonic() - began:.1f} s longer to make than a sample of them said")
        print(json.dumps({"began": began}), flush=True)
        cpu = time.process_time()
        late = sorted(await _pace(producer, ticks))
        print(json.dumps(_report(late, (time.process_time() - cpu) / (time.monotonic() - began))), flush=True)


def _lead(maker: Maker, asked: Job) -> float:
    """Seconds to make all batches, with as much again in reserve: a sample says how long each event takes."""
    began = time.monotonic()
    list(maker.batches(range(SAMPLE), 0.0, 0.0))
    return 2.0 + 2 * (time.monotonic() - began) / SAMPLE * (asked.events + 2 * asked.backlog)


async def _send_backlog(maker: Maker, producer: AIOKafkaProducer, asked: Job, until: float) -> None:
    """Numbers below 0 are the backlog's: the last of them happens just before `until`."""
    apart = asked.outage / max(asked.backlog, 1)
    for start in range(-asked.backlog, 0, SAMPLE):
        batches = maker.batches(range(start, min(start + SAMPLE, 0)), until, apart)
        sent = [await producer.send_batch(batch, place.topic, partition=place.partition) for place, batch in batches]
        await asyncio.gather(*sent)


def _ticks(maker: Maker, asked: Job, began: float, first: float) -> Iterator[Tick]:
    """The ends of all ticks (monotonic s), each with the batches of the events that are due by then."""
    start, number = 0, 0
    while start < asked.events:
        number += 1
        end = min(int(number * TICK * asked.rate), asked.events)
        if end > start:
            yield began + number * TICK, list(maker.batches(range(start, end), first, 1 / asked.rate))
        start = end


async def _pace(producer: AIOKafkaProducer, ticks: list[Tick]) -> list[float]:
    """Send each tick's batches at its end; how late each was handed over (s)."""
    late, answers = [], []
    for due, batches in ticks:
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        answers += await asyncio.gather(*[producer.send_batch(batch, place.topic, partition=place.partition) for place, batch in batches])
        late.append(time.monotonic() - due)
    await asyncio.gather(*answers)
    return late


def _report(late: list[float], cpu_share: float) -> dict[str, Any]:
    p99 = late[int(len(late) * 0.99)]
    return {"late_p99_ms": round(p99 * 1000, 1), "late_max_ms": round(late[-1] * 1000, 1), "kept_pace": p99 < LATE, "cpu_share": round(cpu_share, 3)}


if __name__ == "__main__":
    main()
