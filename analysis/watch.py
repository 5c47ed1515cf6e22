"""Watches the output topics as they grow: what the demo shows, and what a script gets as one line of JSON."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition

from streams.settings import OUTPUTS, Settings

LAST_NUDGES = 10


@dataclass
class Seen:
    """What went out so far. `members` and `online` are of now, the rest are totals; `first_nudge_at` is monotonic seconds."""

    nudges: Counter[str] = field(default_factory=Counter)
    holds: Counter[str] = field(default_factory=Counter)
    episodes: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    last: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LAST_NUDGES))
    members: dict[str, set[str]] = field(default_factory=dict)
    online: set[str] = field(default_factory=set)
    known_ids: set[str] = field(default_factory=set)
    first_nudge_at: float | None = None

    def take(self, value: dict[str, Any], now: float) -> None:
        """One output record. A nudge that is sent again after a restart has the same id, and counts once."""
        match value["type"]:
            case "nudge" if value["nudge_id"] not in self.known_ids:
                self.known_ids.add(value["nudge_id"])
                self.nudges[value["rule"]] += 1
                self.last.append(value)
                self.first_nudge_at = self.first_nudge_at or now
            case "decision" if value["verdict"] != "send" and value["decision_id"] not in self.known_ids:
                self.known_ids.add(value["decision_id"])
                if value["verdict"] in ("cleared", "not_cleared", "recalled"):
                    self.episodes[value["verdict"]] += 1
                elif value["verdict"] not in ("frozen", "thawed"):
                    self.holds[value["reason"] or value["verdict"]] += 1
            case "segment_transition":
                members = self.members.setdefault(value["segment"], set())
                (members.add if value["transition"] == "entered" else members.discard)(value["partner_id"])
            case "features":
                (self.online.add if value["features"].get("online") else self.online.discard)(value["partner_id"])
            case "dead_letter":
                self.dead_letters[value["reason"]] += 1


class Watch:
    """Reads the output topics in a thread, from their beginning. Use as a context manager; `failure` says why it ended before its time."""

    def __init__(self, settings: Settings) -> None:
        self.seen, self.failure = Seen(), ""
        self._settings, self._stop, self._caught_up = settings, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def drain(self, patience: float = 10.0) -> None:
        """Wait until all that lies in the topics now is read."""
        deadline = time.monotonic() + patience
        self._caught_up.clear()
        while not self._caught_up.wait(0.05) and time.monotonic() < deadline and self._thread.is_alive():
            pass

    def _run(self) -> None:
        consumer = KafkaConsumer(**self._settings.kafka_client(), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100)
        try:
            tps = [TopicPartition(t, p) for t in map(self._settings.topic, OUTPUTS) for p in sorted(consumer.partitions_for_topic(t) or ())]
            consumer.assign(tps)
            consumer.seek_to_beginning(*tps)
            while not self._stop.is_set():
                polled = consumer.poll(timeout_ms=200, max_records=5000)
                self._take(r.value for records in polled.values() for r in records)
                if not polled and not self._caught_up.is_set() and self._at_end(consumer, tps):
                    self._caught_up.set()
        except Exception as e:  # noqa: BLE001 - a thread has nobody to raise to; whoever watches looks at `failure`
            self.failure = f"{type(e).__name__}: {e}"
        finally:
            consumer.close()

    def _at_end(self, consumer: KafkaConsumer, tps: list[TopicPartition]) -> bool:
        ends = consumer.end_offsets(tps)
        return all(consumer.position(tp) >= ends[tp] for tp in tps)

    def _take(self, values: Iterable[bytes | None]) -> None:
        now = time.monotonic()
        for raw in values:
            if raw is not None:  # an erased partner's features have no value
                self.seen.take(json.loads(raw), now)
