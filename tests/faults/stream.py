"""The streams that runs are made on: small, seeded, and the same bytes each time."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from simulator.sender import positive_hash
from tests.journeys.shift import FAMILY_OF, shift
from training_rules import Rules, load_rules

RULES = Path(__file__).with_name("rules.yaml")
PARTITIONS, PARTNERS = 4, 120
EVENTS = 5000
DAY = 86_400.0
SETTLED = 0.8  # the last fifth of a stream is plain, so that each partner ends on an event in its place

Bytes = bytes | None


class Record(NamedTuple):
    """What a producer sends. `at`: the event's time (s since the epoch), None for what is no event."""

    family: str
    key: bytes
    value: bytes
    at: float | None

    @property
    def partition(self) -> int:
        return positive_hash(self.key) % PARTITIONS


@cache
def rules() -> Rules:
    return load_rules(RULES)


@cache
def stream(kind: str, seed: int, events: int = EVENTS) -> tuple[Record, ...]:
    """The records of a stream. `kind` is a name of `SPOILERS`."""
    made = [_record(event) for event in shift(events, PARTNERS, seed)]
    return tuple(SPOILERS[kind](made, random.Random(f"{kind}-{seed}")))


def _record(event: dict[str, Any]) -> Record:
    return Record(FAMILY_OF[event["type"]], event["partner_id"].encode(), msgspec.json.encode(event), event["occurred_at"])


def _plain(records: list[Record], rnd: random.Random) -> Iterable[Record]:
    return records


def _poisoned(records: list[Record], rnd: random.Random) -> Iterator[Record]:
    """Between good events: no JSON, no such type, a wrong number, an unknown field's worth of nothing, bytes that are no text."""
    bad = (b"{", b"", b'{"type":"nonsense"}', b'{"event_id":"x","partner_id":"P00001","occurred_at":"soon","type":"position"}', b"\xff\xfe\x00", b"[" * 5000)
    for record in records:
        if rnd.random() < 0.02:
            yield record._replace(value=rnd.choice(bad), at=None)
        yield record


def _repeated(records: list[Record], rnd: random.Random) -> Iterator[Record]:
    """A producer that is not idempotent: one in twenty events that can be told apart is sent once more, at once."""
    for record in records:
        yield record
        if record.family != "gps" and rnd.random() < 0.05:
            yield record


def _day_late(records: list[Record], rnd: random.Random) -> Iterator[Record]:
    """One in fifty is sent a second time under another id, as of a day ago."""
    settled = SETTLED * len(records)
    for number, record in enumerate(records):
        yield record
        if 500 < number < settled and rnd.random() < 0.02:
            event = msgspec.json.decode(record.value)
            event |= {"event_id": f"late-{event['event_id']}", "occurred_at": event["occurred_at"] - DAY}
            yield record._replace(value=msgspec.json.encode(event), at=None)


SPOILERS = {"plain": _plain, "poisoned": _poisoned, "repeated": _repeated, "day late": _day_late}
