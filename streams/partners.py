"""One partner, seen from outside the workers: what the changelog keeps of them, and the request that it be erased."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError

from streams.app import changelog
from streams.errors import TopicFault
from streams.lane.restored import Restored
from streams.lane.terms import MARK
from streams.partitioner import by_murmur2
from streams.settings import Settings
from streams.topics import asked

POLL_MS, MOST, PATIENCE = 500, 5000, 30.0  # ms for one answer, records in it, s without any


@dataclass(frozen=True)
class Kept:
    """A partner's state as it lies in the changelog, in which partition, and what the listeners to what concerns all partners kept beside it, by family."""

    partition: int
    raw: bytes
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Requested:
    """Where the request lies that a partner be erased."""

    topic: str
    partition: int
    offset: int


def kept(settings: Settings, partner_id: str) -> Kept | None:
    """The partner's state as last committed; None where the changelog has none. Reads the partition where Java's partitioner puts the partner, then the
    others. Raises BrokerUnreachable."""
    with asked(settings), closing(KafkaConsumer(**settings.kafka_client(), enable_auto_commit=False)) as consumer:
        topic, key = changelog(settings), partner_id.encode()
        numbers = sorted(consumer.partitions_for_topic(topic) or ())
        if not numbers:
            return None
        home = by_murmur2(key, len(numbers))
        found = (_kept_in(consumer, TopicPartition(topic, number), key) for number in sorted(numbers, key=lambda n: (n != home, n)))
        return next((kept for kept in found if kept is not None), None)


def _kept_in(consumer: KafkaConsumer, tp: TopicPartition, key: bytes) -> Kept | None:
    restored = Restored()
    for records in _all(consumer, tp):
        restored.apply(r for r in records if r.key in (key, MARK))
    raw = next(iter(restored.states()), None)
    return None if raw is None else Kept(tp.partition, raw, restored.kept)


def _all(consumer: KafkaConsumer, tp: TopicPartition) -> Iterator[list[Any]]:
    """What lies in a partition now, in batches. Raises KafkaTimeoutError where it stops coming."""
    consumer.assign([tp])
    consumer.seek_to_beginning(tp)
    end, heard = consumer.end_offsets([tp])[tp], time.monotonic()
    while consumer.position(tp) < end:
        if found := consumer.poll(timeout_ms=POLL_MS, max_records=MOST).get(tp, []):
            heard = time.monotonic()
        elif time.monotonic() - heard > PATIENCE:
            raise KafkaTimeoutError(f"nothing of {tp.topic} came for {PATIENCE:.0f} s")
        yield found


def erase(settings: Settings, partner_id: str) -> Requested:
    """Ask that a partner be erased: a profile without a value, in the partition where the partner's events lie. Raises BrokerUnreachable, TopicFault."""
    topic, known = settings.sources["profile"], kept(settings, partner_id)
    with asked(settings), closing(KafkaProducer(**settings.kafka_client(), acks="all")) as producer:
        partitions = producer.partitions_for(topic)
        if not partitions:
            raise TopicFault(f"there is no topic {topic}; `nudgeline topics create` makes it")
        home = by_murmur2(partner_id.encode(), len(partitions))
        number = home if known is None or "profile" in settings.rekey else known.partition
        sent = producer.send(topic, key=partner_id.encode(), partition=number).get(timeout=30)
        return Requested(topic, number, sent.offset)
