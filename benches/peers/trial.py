"""One run of one peer: a topic in, a topic out, and what came of it held against the answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analysis.taps import records
from benches import live, yard
from benches.peers.engines import Engine
from streams.settings import Settings
from streams.topics import admin

PATIENCE = 1200.0  # s for one run


class Failed(Exception):
    """A peer that ended badly, or gave another answer; the text says how."""


class Course(NamedTuple):
    """The first `events` events in one topic, and the answer that they have."""

    topic: str
    events: int
    answer: yard.Outcome


def lay(settings: Settings, file: Path, events: int) -> Course:
    """Put the first events of a file into a topic of their own."""
    head, topic = file.with_name(f"first-{events}.ndjson"), f"yard-{events}"
    with file.open("rb") as lines, head.open("wb") as some:
        some.writelines(line for line, _ in zip(lines, range(events), strict=False))
    live.make_topic(settings, topic)
    live.load_into(settings, head, topic)
    return Course(topic, events, yard.answer(head))


def once(engine: Engine, words: list[str], settings: Settings, course: Course, folder: Path) -> dict[str, Any]:
    """Run a peer over a course. Raises Failed."""
    folder.mkdir(parents=True)
    group = out = f"{engine.name}-{folder.name}"
    live.make_topic(settings, out)
    took = _run(words, _asked(settings, course, out, group, folder), folder)
    found, repeated = outcome(record.fields or {} for record in records(settings, out))
    _clear(settings, group)
    if found != course.answer:
        raise Failed(f"another answer: {dict(found.counts)} {found.digest}, where {dict(course.answer.counts)} {course.answer.digest} is right")
    rates = {f"events_per_{name}": round(course.events / took[key]) for name, key in (("s", "wall_s"), ("cpu_s", "cpu_s"), ("running_cpu_s", "running_cpu_s"))}
    return {**took, **{key: round(took[key], 2) for key in ("wall_s", "cpu_s", "running_cpu_s")}, **rates, "repeated_outputs": repeated}


def outcome(nudges: Iterable[dict[str, Any]]) -> tuple[yard.Outcome, int]:
    """What a peer's outputs come to, each counted once, and how many came again (at least once allows it)."""
    spelled = [(n["partner"], n["what"], n["event_id"]) for n in nudges]
    each = dict.fromkeys(spelled)
    return yard.outcome((what.partition(":")[0], f"{partner}|{what}|{event}") for partner, what, event in each), len(spelled) - len(each)


def _asked(settings: Settings, course: Course, out: str, group: str, folder: Path) -> dict[str, str]:
    asked = {
        "BROKERS": settings.brokers, "TOPIC": course.topic, "OUT": out, "GROUP": group, "EVENTS": course.events, "PARTITIONS": settings.partitions,
        "FOLDER": folder, "REPORT": folder / "report.json",
    }  # fmt: skip
    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {f"PEER_{name}": str(value) for name, value in asked.items()}


def _run(words: list[str], environment: dict[str, str], folder: Path) -> dict[str, Any]:
    with (folder / "log").open("wb") as log:
        try:
            status = subprocess.run(words, env=environment, stdout=log, stderr=log, timeout=PATIENCE, check=False).returncode
        except subprocess.TimeoutExpired:
            status = f"no end after {PATIENCE:.0f} s"
    report = folder / "report.json"
    if status or not report.exists():
        said = (folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
        raise Failed("\n".join([f"ended with {status}", *said[-20:]]))
    took: dict[str, Any] = msgspec.json.decode(report.read_bytes())
    return took


def _clear(settings: Settings, group: str) -> None:
    """The topics that an engine made for itself, and its outputs, are not needed any more."""
    with admin(settings) as client:
        client.delete_topics([name for name in client.list_topics() if group in name])
