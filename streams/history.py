"""What was handed to one partner's partition, read again from the topics: every family from where it begins, merged in the order of the workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from math import inf
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from events.decode import Decoder
from events.errors import BadEvent
from streams.erasure import FAMILY, request
from streams.errors import TopicFault
from streams.merge import Merge
from streams.partition import ORDER
from streams.partitioner import by_murmur2
from streams.partners import POLL_MS, asked
from streams.settings import Settings

#: Events of one family that are held while others are read.
MOST_HELD = 20_000


@dataclass(frozen=True)
class Retained:
    """The partition that is read, and of each of its topics the first offset that is there still (0: nothing of it is gone)."""

    partition: int
    begins: Mapping[str, int]

    @property
    def gone(self) -> list[str]:
        """The topics whose beginning is gone; a compacted topic has its latest values."""
        return [topic for topic, offset in self.begins.items() if offset > 0]


class History:
    """The events of one partition, as they lie in the topics now. `done`: the share of them that was read. To be closed."""

    def __init__(self, settings: Settings, partner_id: str, partition: int | None = None) -> None:
        """`partition`: where the partner is known to lie; otherwise where Java's partitioner puts them. Raises TopicFault, BrokerUnreachable."""
        self._settings, self._topics = settings, [settings.read[family] for family in ORDER]
        with asked(settings):
            self._consumer = KafkaConsumer(**settings.kafka_client(), enable_auto_commit=False)
            numbers = self._partitions()
            self._tps = [TopicPartition(topic, by_murmur2(partner_id.encode(), numbers) if partition is None else partition) for topic in self._topics]
            self._consumer.assign(self._tps)
            self._consumer.seek_to_beginning(*self._tps)
            begins = self._consumer.beginning_offsets(self._tps)
        self.retained, self.done = Retained(self._tps[0].partition, {tp.topic: begins[tp] for tp in self._tps}), 0.0

    def close(self) -> None:
        self._consumer.close()

    def _partitions(self) -> int:
        found = self._consumer.partitions_for_topic(self._topics[0])
        if not found:
            raise TopicFault(f"there is no topic {self._topics[0]}; `nudgeline topics create` makes it")
        return len(found)

    def events(self) -> Iterator[Any]:
        """Events, and erasures (Forget), of the whole partition up to what lay there at the start; bad records and those from the future are left out."""
        decoders = [Decoder(family, self._settings.max_event_bytes) for family in ORDER]
        merge = Merge(len(ORDER), wait=inf)
        with asked(self._settings):
            ends = self._consumer.end_offsets(self._tps)
            for number, tp in enumerate(self._tps):
                merge.begin(number, self.retained.begins[tp.topic])
                merge.heard(number, ends[tp], 0.0)
            while merge.holds or not merge.caught_up:
                self._fetch(merge, decoders, ends)
                self.done = self._share(ends)
                while taken := merge.take(0.0):
                    yield from (event for _, _, _, event in taken)

    def _fetch(self, merge: Merge, decoders: list[Decoder], ends: Mapping[TopicPartition, int]) -> None:
        """One answer of the broker into the merge; who holds much already is not asked."""
        full = {tp for number, tp in enumerate(self._tps) if merge.held(number) > MOST_HELD}
        self._consumer.pause(*full)
        self._consumer.resume(*(tp for tp in self._tps if tp not in full))
        polled = self._consumer.poll(timeout_ms=POLL_MS, max_records=5000)
        for number, tp in enumerate(self._tps):
            records = [r for r in polled.get(tp, ()) if r.offset < ends[tp]]
            found = decoders[number].decode_all([r.value for r in records], [r.key for r in records])
            good = [(event, r.offset) for f, r in zip(found, records, strict=True) if (event := self._event(f, r, ORDER[number])) is not None]
            merge.put(number, [e for e, _ in good], [o for _, o in good], min(self._consumer.position(tp), ends[tp]), 0.0)

    def _share(self, ends: Mapping[TopicPartition, int]) -> float:
        begins = self.retained.begins
        read, all_ = (sum(of(tp) - begins[tp.topic] for tp in self._tps) for of in (self._consumer.position, ends.__getitem__))
        return min(read / all_, 1.0) if all_ else 1.0

    def _event(self, found: Any, record: Any, family: str) -> Any:
        """What the workers made of a record; None for what they refused."""
        if isinstance(found, BadEvent):
            try:
                return request(found, record, record.timestamp / 1000) if family == FAMILY else None
            except BadEvent:
                return None
        written = record.timestamp / 1000 if record.timestamp >= 0 else inf
        return None if found.occurred_at > written + self._settings.future_tolerance else found


def history(settings: Settings, partner_id: str, partition: int | None = None) -> closing[History]:
    """`with history(settings, partner_id) as past: for event in past.events(): ...`"""
    return closing(History(settings, partner_id, partition))
