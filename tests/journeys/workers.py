"""Workers as processes of their own, and what they leave behind in Kafka."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.app import changelog
from streams.lane.restored import Restored
from streams.settings import Settings
from tests.journeys.shift import RULES, Truth, comparable, rules

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait for a condition; its value."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"after {patience:.0f} s: not {what}"
        time.sleep(0.05)
    return found


class WorkerProcess:
    """One `nudgeline worker`."""

    def __init__(self, settings: Settings, folder: Path, *options: str, rules_file: Path = RULES, **more: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob("*.log")))
        self.stats_file, self.log_file = folder / f"{number}.json", folder / f"{number}.log"
        command = [
            sys.executable,
            "-m",
            "commands.main",
            "worker",
            "--rules",
            str(rules_file),
            "--stats-file",
            str(self.stats_file),
            *options,
        ]
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment(settings) | more, stdout=log, stderr=log)

    def stats(self) -> dict[str, Any]:
        """The last line of statistics; empty before the first."""
        lines = self.stats_file.read_text().splitlines() if self.stats_file.exists() else []
        return json.loads(lines[-1]) if lines else {}

    def applied(self, events: int) -> bool:
        assert self.process.poll() is None, self.log()
        return self.stats().get("applied", 0) >= events

    def log(self) -> str:
        return self.log_file.read_text()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self, patience: float = PATIENCE) -> int:
        """Exit status, once it has ended by itself."""
        return self.process.wait(patience)


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a worker has these settings."""
    given = settings.model_dump(mode="json", exclude_defaults=True)
    spelled = {f"NUDGELINE_{k.upper()}": v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
    return {k: v for k, v in os.environ.items() if not k.startswith("NUDGELINE_")} | spelled | {"PYTHONPATH": str(ROOT)}


@contextmanager
def working(settings: Settings, folder: Path, *options: str, **more: Any) -> Iterator[WorkerProcess]:
    """A worker that is gone in the end, whatever happens."""
    worker = WorkerProcess(settings, folder, *options, **more)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.kill()


def finish(settings: Settings, folder: Path) -> WorkerProcess:
    """A worker that runs until all is read and committed."""
    with working(settings, folder, "--until-caught-up") as worker:
        assert worker.end() == 0, worker.log()
    return worker


def records(settings: Settings, topic: str) -> list[Any]:
    """All records that a topic holds, partition by partition."""
    return asyncio.run(_records(settings, topic))


async def _records(settings: Settings, topic: str) -> list[Any]:
    async with AIOKafkaConsumer(**settings.kafka_client()) as consumer:
        tps = [TopicPartition(topic, p) for p in sorted(await _partitions(consumer, topic))]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends, found = await consumer.end_offsets(tps), []
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                found += batch
        return sorted(found, key=lambda r: (r.partition, r.offset))


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.add_topic(topic)
    return consumer.partitions_for_topic(topic) or set()


def values(settings: Settings, output: str) -> list[dict[str, Any]]:
    """Records of an output topic."""
    return [json.loads(r.value) for r in records(settings, settings.topic(output))]


def left_behind(settings: Settings) -> Truth:
    """What is in the changelog and on the nudges topic."""
    partitions: dict[int, Restored] = {}
    for record in records(settings, changelog(settings)):
        partitions.setdefault(record.partition, Restored()).apply([record])
    loaded, found = rules(), Truth()
    for restored in partitions.values():
        for raw in restored.states():
            state = loaded.load(raw)
            found.states[state.partner_id] = comparable(state, loaded)
    found.nudge_ids = {nudge["nudge_id"] for nudge in values(settings, "nudges")}
    return found


def committed(settings: Settings) -> dict[str, int]:
    """Committed offsets of the source topics, summed over partitions."""
    return asyncio.run(_committed(settings))


async def _committed(settings: Settings) -> dict[str, int]:
    async with AIOKafkaConsumer(**settings.kafka_client(), group_id=settings.app_id, enable_auto_commit=False) as consumer:
        topics = settings.sources.values()
        counts = {t: await _partitions(consumer, t) for t in topics}
        consumer.assign([TopicPartition(t, p) for t in topics for p in counts[t]])
        return {t: sum([await consumer.committed(TopicPartition(t, p)) or 0 for p in counts[t]]) for t in topics}
