"""One real worker on a real Kafka, for benches: what it did, what it cost, and what it said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analysis.taps import records
from streams import topics
from streams.local import LocalServices
from streams.settings import Settings, load

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def kafka(folder: Path, **given: Any) -> Iterator[Settings]:
    """Settings on a Kafka and a Redis of their own, with the topics made; both are gone in the end."""
    with LocalServices(folder, heap_mb=1000) as services:
        settings = load(brokers=services.bootstrap, redis_url=services.redis_url, app_id="bench", data_dir=folder, **given)
        topics.create(settings)
        yield settings


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a worker with these settings."""
    spelled = {f"NUDGELINE_{k.upper()}": v if isinstance(v, str) else json.dumps(v) for k, v in settings.model_dump(mode="json", exclude_defaults=True).items()}
    return {k: v for k, v in os.environ.items() if not k.startswith("NUDGELINE_")} | spelled | {"PYTHONPATH": str(ROOT)}


def worker(settings: Settings, rules: Path, folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """A worker on its way; its statistics go to `folder`/stats."""
    command = [sys.executable, "-m", "commands.main", "worker", "--rules", str(rules), "--stats-file", str(folder / "stats"), *options]
    return subprocess.Popen(command, cwd=ROOT, env=environment(settings))


def caught_up(settings: Settings, rules: Path, folder: Path) -> dict[str, Any]:
    """Run one worker over all that lies in the topics: its last statistics, and `events_per_s` and `events_per_cpu_s` while it worked.

    Of the CPU all of the process counts, from its start to its last commit; of the time that from its first event to its last.
    """
    began = time.monotonic()
    if (status := worker(settings, rules, folder, "--until-caught-up").wait()) != 0:
        raise SystemExit(f"the worker ended with {status}")
    lines = [json.loads(line) for line in (folder / "stats").read_text().splitlines()]
    last, idle = lines[-1], [line for line in lines if not line["applied"]]
    working = last["up_s"] - (idle[-1]["up_s"] if idle else 0.0)
    return last | {
        "wall_s": round(time.monotonic() - began, 2),
        "events_per_s": round(last["applied"] / working),
        "events_per_cpu_s": round(last["applied"] / last["cpu_s"]),
    }


def outputs(settings: Settings, *names: str) -> Iterator[dict[str, Any]]:
    """All records of output topics."""
    for name in names:
        for record in records(settings, settings.topic(name)):
            yield record.fields or {}
