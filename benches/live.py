"""One real worker on a real Kafka, for benches: what it did, what it cost, and what it said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka.admin import NewTopic

from analysis.taps import records
from events import FAMILIES
from simulator.replay import open_source, replay
from streams import topics
from streams.local import LocalServices
from streams.settings import OUTPUTS, Settings
from streams.settings import load as settings_of

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def kafka(folder: Path, **given: Any) -> Iterator[Settings]:
    """Settings on a Kafka and a Redis of their own, with the topics made; both are gone in the end."""
    with LocalServices(folder, heap_mb=1000) as services:
        settings = settings_of(**{"brokers": services.bootstrap, "redis_url": services.redis_url, "app_id": "bench", "data_dir": folder} | given)
        topics.create(settings)
        yield settings


def apart(settings: Settings, name: str, *, views: bool = False) -> Settings:
    """Settings with a group, a changelog and outputs of their own, over the same events: as if nothing had run here before."""
    own = {"app_id": f"bench-{name}", "topics": settings.topics | {output: f"{name}.{output}" for output in OUTPUTS}}
    found = settings.model_copy(update=own if views else own | {"redis_url": ""})
    topics.create(found)
    return found


def make_topic(settings: Settings, name: str, config: Mapping[str, Any] | None = None) -> None:
    """A topic that is none of the contract's, with as many partitions as its families have."""
    with topics.admin(settings) as client:
        client.create_topics([NewTopic(name, settings.partitions, 1, topic_configs=dict(config or {}))])


def load(settings: Settings, file: Path) -> float:
    """Send a file of events to the families' topics; seconds that it took."""
    return replay(open_source(file), settings).seconds


def load_into(settings: Settings, file: Path, topic: str) -> float:
    """Send a file of events to one topic, whatever their family; seconds that it took."""
    return load(settings.model_copy(update={"topics": settings.topics | {f.topic: topic for f in FAMILIES.values()}}), file)


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a worker with these settings."""
    spelled = {f"NUDGELINE_{k.upper()}": v if isinstance(v, str) else json.dumps(v) for k, v in settings.model_dump(mode="json", exclude_defaults=True).items()}
    spelled["NUDGELINE_REDIS_URL"] = settings.redis_url or "none"  # an empty one would be ignored
    return {k: v for k, v in os.environ.items() if not k.startswith("NUDGELINE_")} | spelled | {"PYTHONPATH": str(ROOT)}


def worker(settings: Settings, rules: Sequence[Path], folder: Path, *options: str, by: Sequence[str] = ("commands.main",)) -> subprocess.Popen[bytes]:
    """A worker on its way; its statistics go to `folder`/stats. `by`: what it is run by, where that changes something of it (`benches.faster`, `benches.often`)."""
    chosen = [word for path in rules for word in ("--rules", str(path))]
    command = [sys.executable, "-m", *by, "worker", *chosen, "--stats-file", str(folder / "stats"), *options]
    return subprocess.Popen(command, cwd=ROOT, env=environment(settings))


class Stats:
    """The statistics of a worker that runs: a line a second."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._file, self.process = folder / "stats", process

    def lines(self) -> list[dict[str, Any]]:
        whole = self._file.read_text().splitlines(keepends=True) if self._file.exists() else []
        return [json.loads(line) for line in whole if line.endswith("\n")]

    def last(self) -> dict[str, Any]:
        """The last line; empty before the first."""
        return (self.lines() or [{}])[-1]

    def until(self, condition: Callable[[dict[str, Any]], Any], what: str, patience: float = 60.0) -> dict[str, Any]:
        """The first last line of which `condition` is true. Raises SystemExit where the worker ends before, or after `patience` seconds."""
        deadline = time.monotonic() + patience
        while not ((last := self.last()) and condition(last)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"not so within {patience:.0f} s: {what}")
            time.sleep(0.1)
        return last

    def cpu_share(self, since: dict[str, Any]) -> float:
        """CPU seconds a second since a line of statistics."""
        last = self.last()
        return round((last["cpu_s"] - since["cpu_s"]) / max(last["up_s"] - since["up_s"], 0.001), 3)


@contextmanager
def working(settings: Settings, rules: Sequence[Path], folder: Path, *options: str, by: Sequence[str] = ("commands.main",)) -> Iterator[Stats]:
    """A worker, as long as it is needed; `folder` is made."""
    folder.mkdir(parents=True, exist_ok=True)
    process = worker(settings, rules, folder, *options, by=by)
    try:
        yield Stats(folder, process)
    finally:
        process.terminate()
        process.wait()


def caught_up(settings: Settings, rules: Path, folder: Path) -> dict[str, Any]:
    """Run one worker over all that lies in the topics: its last statistics, `wall_s`, `process_s`, `events_per_s`, `events_per_cpu_s` and `events_per_running_cpu_s`.

    `wall_s` and events/s count from the last look at which no event was applied to the last commit; CPU seconds, and `process_s`, all of the process; "running" without its start.
    """
    began = time.monotonic()
    if (status := worker(settings, [rules], folder, "--until-caught-up").wait()) != 0:
        raise SystemExit(f"the worker ended with {status}")
    lines = [json.loads(line) for line in (folder / "stats").read_text().splitlines()]
    last, idle = lines[-1], [line for line in lines if not line["applied"]]
    working = last["up_s"] - (idle[-1]["up_s"] if idle else 0.0)
    running = last["cpu_s"] - (idle[-1]["cpu_s"] if idle else 0.0)
    return last | {
        "wall_s": round(working, 2),
        "process_s": round(time.monotonic() - began, 2),
        "events_per_s": round(last["applied"] / working),
        "events_per_cpu_s": round(last["applied"] / last["cpu_s"]),
        "events_per_running_cpu_s": round(last["applied"] / running),
    }


def outputs(settings: Settings, *names: str) -> Iterator[dict[str, Any]]:
    """All records of output topics."""
    for name in names:
        for record in records(settings, settings.topic(name)):
            yield record.fields or {}
