"""What a run left behind in Kafka, and what of it is missing or too much beside an undisturbed run.

Compared are whole states: streams of one kind and seed are the same bytes at the same offsets, and the rules count every event over life. Not compared
are applied offsets, which say how far the partition had come when a state was last written; `partner.features`, which show moments that the wall clock
picks; and `received_at` of dead letters.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from simulator.sender import positive_hash
from streams.app import changelog
from streams.lane.restored import Restored
from streams.lane.terms import MARK, Mark, read_mark
from streams.settings import Settings
from tests.faults.stream import PARTITIONS, rules
from tests.journeys.shift import comparable

OUTPUTS = ("nudges", "decisions", "segment.transitions", "dead.letters")
_TOTAL = "total:"


@dataclass
class Outcome:
    """Plain states by partner; how often each output is on its topic, by (topic, identity). An identity has a digest of all that is said."""

    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: Counter[tuple[str, str]] = field(default_factory=Counter)
    marks: dict[int, list[tuple[int, Mark]]] = field(default_factory=dict)

    @property
    def repeated(self) -> int:
        return self.outputs.total() - len(self.outputs)


@dataclass
class Verdict:
    """`lost`: partners and outputs that are missing or behind; `doubled`: partners that are ahead, outputs that nobody knows."""

    lost: int = 0
    doubled: int = 0
    repeated: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled)


def compare(wanted: Outcome, found: Outcome) -> Verdict:
    verdict = Verdict(repeated=found.repeated)
    for who, state in wanted.states.items():
        if (ours := found.states.get(who)) != state:
            verdict.notes.append(f"partner {who} (partition {partition_of(who)}): {differing(state, ours)}")
            if ours is not None and ahead(state, ours):
                verdict.doubled += 1
            else:
                verdict.lost += 1
    missing, extra = wanted.outputs.keys() - found.outputs.keys(), found.outputs.keys() - wanted.outputs.keys()
    unknown = found.states.keys() - wanted.states.keys()
    verdict.lost += len(missing)
    verdict.doubled += len(extra) + len(unknown)
    verdict.notes += [f"missing: {topic} {what}" for topic, what in sorted(missing)] + [f"unknown: {topic} {what}" for topic, what in sorted(extra)]
    verdict.notes += [f"unknown partner {who}" for who in sorted(unknown)]
    return verdict


def ahead(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a total says that something was applied more often than it should be."""
    totals = totals_of(wanted)
    return any(count > totals.get(key, 0) for key, count in totals_of(found).items())


def totals_of(state: Mapping[str, Any]) -> dict[str, float]:
    """How often each kind of event was applied."""
    return {key: value[1] for key, value in state["slots"].items() if key.startswith(_TOTAL)}


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any] | None) -> str:
    """What differs, in a line: events that one has and the other has not, then names."""
    if found is None:
        return "is missing"
    lost = [f"{event} at {at:.0f}" for event, at in wanted["recent"].items() if event not in found["recent"]]
    names = [name for name in wanted if name not in ("slots", "recent") and wanted[name] != found[name]]
    names += [key[:40] for key in {*wanted["slots"], *found["slots"]} if wanted["slots"].get(key) != found["slots"].get(key)]
    return f"not remembered {lost[:6]}; {', '.join(names)}"[:600]


def partition_of(who: str) -> int:
    return positive_hash(who.encode()) % PARTITIONS


# -- reading


def left_behind(settings: Settings) -> Outcome:
    """States from the changelog, higher term first; outputs from their topics."""
    return asyncio.run(_left_behind(settings))


async def _left_behind(settings: Settings) -> Outcome:
    found = Outcome()
    restored = [Restored() for _ in range(PARTITIONS)]
    topics = {settings.topic(name): name for name in OUTPUTS}
    for record in await read(settings, [changelog(settings), *topics]):
        if (name := topics.get(record.topic)) is None:
            restored[record.partition].apply([record])
            if record.key == MARK:
                found.marks.setdefault(record.partition, []).append((record.offset, read_mark(record.value)))
        else:
            found.outputs[name, identity(record.value, settings.topic_prefix)] += 1
    for raw in (raw for part in restored for raw in part.states()):
        state = rules().load(raw)
        found.states[state.partner_id] = msgspec.to_builtins(comparable(state, rules()))
    return found


def segments_left(settings: Settings) -> dict[str, list[str]]:
    """Segments of each partner, by the changelog."""
    restored = [Restored() for _ in range(PARTITIONS)]
    for record in read_now(settings, [changelog(settings)]):
        restored[record.partition].apply([record])
    states = [rules().load(raw) for part in restored for raw in part.states()]
    return {state.partner_id: rules().segments_of(state) for state in states}


def identity(value: bytes, prefix: str) -> str:
    """An output's id and a digest of the rest; a dead letter is where its original lay."""
    said = json.loads(value)
    if said["type"] == "dead_letter":
        said |= {"received_at": 0.0, "topic": said["topic"].removeprefix(prefix)}
        own = "{topic}:{partition}:{offset}".format(**said)
    else:
        own = said.get("transition_id") or said.get("decision_id") or said.get("recall_id") or said["nudge_id"]
    return f"{own} {hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]}"


def read_now(settings: Settings, topics: Iterable[str]) -> list[Any]:
    return asyncio.run(read(settings, topics))


async def read(settings: Settings, topics: Iterable[str]) -> list[Any]:
    """All records of topics, each partition in order."""
    async with AIOKafkaConsumer(**settings.kafka_client(), enable_auto_commit=False) as consumer:
        tps = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends, found = await consumer.end_offsets(tps), []
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                found += batch
    return found
