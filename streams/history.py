"""What was handed to one partner's partition, read again from the topics: every family, and what concerns all partners, from where it begins, merged in the order of
the workers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from math import inf
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from events.broadcasts import BROADCASTS
from events.decode import DecodeAll, decoder_of
from events.errors import BadEvent
from streams.erasure import FAMILY, request
from streams.errors import TopicFault
from streams.merge import Merge
from streams.partitioner import by_murmur2
from streams.partners import MOST, PATIENCE, POLL_MS
from streams.plan import ORDER, SOURCES
from streams.settings import Settings
from streams.topics import asked
from training_rules.corridor import Entry

#: A family of which fewer events are held is read on.
FEW = 5000


@dataclass(frozen=True)
class Retained:
    """The partition that is read, of how many, and of the topic of each family the first offset that is there still (0: nothing of it is gone)."""

    partition: int
    partitions: int
    begins: Mapping[str, int]

    @property
    def gone(self) -> list[str]:
        """The topics whose beginning is gone; a compacted topic has its latest values."""
        return [topic for topic, offset in self.begins.items() if offset > 0]


class History:
    """The events of one partition, as they lie in the topics now. `done`: the share of them that was read. To be closed.

    Each family is read by a consumer of its own, when the merge has room for it: one that pauses partitions forgets at times what it had fetched of them.
    """

    def __init__(self, settings: Settings, partner_id: str, partition: int | None = None) -> None:
        """`partition`: where the partner is known to lie; otherwise where Java's partitioner puts them. Raises TopicFault, BrokerUnreachable."""
        known = settings.read | settings.broadcasts
        self._settings, topics = settings, [known[family] for family in SOURCES]
        self._consumers: dict[int, KafkaConsumer] = {}
        with asked(settings), closing(self._consumer()) as consumer:
            numbers = min(_partitions(consumer, topic) for topic in topics)
            number = by_murmur2(partner_id.encode(), numbers) if partition is None else partition
            self._tps = [TopicPartition(topic, number) for topic in topics]
            begins, self._ends = consumer.beginning_offsets(self._tps), consumer.end_offsets(self._tps)
        self.retained, self.done = Retained(number, numbers, {tp.topic: begins[tp] for tp in self._tps[: len(ORDER)]}), 0.0
        self._positions = [begins[tp] for tp in self._tps]
        self._began = sum(self._positions)

    def close(self) -> None:
        for consumer in self._consumers.values():
            consumer.close()

    def _consumer(self) -> KafkaConsumer:
        return KafkaConsumer(**self._settings.kafka_client(), enable_auto_commit=False)

    def events(self) -> Iterator[Any]:
        """Events, erasures (Forget) and what concerns all partners (`streams.following.FOR_ALL`), of the whole partition up to what lay there at the start; bad
        records and those from the future are left out. What concerns all may hold from later on than the last event."""
        decoders = [decoder_of(family, self._settings.max_event_bytes) for family in SOURCES]
        merge = Merge(len(SOURCES), wait=inf, for_all=range(len(ORDER), len(SOURCES)))
        with asked(self._settings):
            for number, tp in enumerate(self._tps):
                merge.begin(number, self._positions[number])
                merge.heard(number, self._ends[tp], 0.0)
            while not merge.caught_up:
                for number in self._wanted(merge):
                    self._fetch(merge, number, decoders[number])
                self.done = self._share()
                while taken := merge.take(0.0) or _passed(merge, merge.turn(0.0)):
                    yield from (event for _, _, _, event in taken)
            while taken := _passed(merge, merge.head):
                yield taken[0][3]

    def _wanted(self, merge: Merge) -> list[int]:
        """The families that have more, and of which the merge holds little."""
        return [n for n, tp in enumerate(self._tps) if self._positions[n] < self._ends[tp] and merge.held(n) < FEW]

    def _fetch(self, merge: Merge, number: int, decode: DecodeAll) -> None:
        """Some records of a family into the merge. Raises KafkaTimeoutError where none come."""
        tp, end = self._tps[number], self._ends[self._tps[number]]
        consumer, heard = self._of(number), time.monotonic()
        while not (polled := consumer.poll(timeout_ms=POLL_MS, max_records=MOST).get(tp, ())) and consumer.position(tp) < end:
            if time.monotonic() - heard > PATIENCE:
                raise KafkaTimeoutError(f"nothing of {tp.topic} came for {PATIENCE:.0f} s")
        records = [r for r in polled if r.offset < end and (r.value is not None or number < len(ORDER))]
        found = decode([r.value for r in records], [r.key for r in records])
        good = [(event, r.offset) for f, r in zip(found, records, strict=True) if (event := self._event(f, r, SOURCES[number])) is not None]
        self._positions[number] = min(consumer.position(tp), end)
        merge.put(number, [e for e, _ in good], [o for _, o in good], self._positions[number], 0.0)

    def _of(self, number: int) -> KafkaConsumer:
        """The consumer of a family, at its beginning when it is new."""
        if number not in self._consumers:
            consumer, tp = self._consumer(), self._tps[number]
            consumer.assign([tp])
            consumer.seek(tp, self._positions[number])
            self._consumers[number] = consumer
        return self._consumers[number]

    def _share(self) -> float:
        there = sum(self._ends[tp] for tp in self._tps) - self._began
        return (sum(self._positions) - self._began) / there if there else 1.0

    def _event(self, found: Any, record: Any, family: str) -> Any:
        """What the workers made of a record; None for what they refused."""
        if isinstance(found, BadEvent):
            try:
                return request(found, record, record.timestamp / 1000) if family == FAMILY else None
            except BadEvent:
                return None
        if family in BROADCASTS:
            return found
        written = record.timestamp / 1000 if record.timestamp >= 0 else inf
        return None if found.occurred_at > written + self._settings.future_tolerance else found


def _passed(merge: Merge, head: Entry | None) -> list[Entry]:
    if head is not None:
        merge.passed(head)
    return [] if head is None else [head]


def _partitions(consumer: KafkaConsumer, topic: str) -> int:
    found = consumer.partitions_for_topic(topic)
    if not found:
        raise TopicFault(f"there is no topic {topic}; `nudgeline topics create` makes it")
    return len(found)


def history(settings: Settings, partner_id: str, partition: int | None = None) -> closing[History]:
    """`with history(settings, partner_id) as past: for event in past.events(): ...`"""
    return closing(History(settings, partner_id, partition))
