"""The topic `rules`: every change of the rule set that was ever asked for, in order. It is compacted under keys of their own, so that nothing of it goes away.

Each change lies in every partition; the first partition is what the history is read from. A change that did not get into all of them, because its writer
died, is written to the others before the next one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib import metadata
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from events.decode import MAX_BROADCAST_BYTES, BroadcastDecoder, encode
from events.errors import BadEvent
from events.structs import BROADCAST_STRUCTS
from rulebook.source import MAX_BYTES
from streams.errors import BrokerUnreachable, RulesCrossed, TopicFault
from streams.settings import Settings
from streams.topics import asked

FAMILY = "rules"
#: How far ahead a change is dated (s): so long it takes until all workers have read, judged and compiled it. What is not ready by then is waited for.
LEAD = 1.0
#: Changes follow each other by so much at least (s): they are told apart by it.
APART = 0.001
PATIENCE = 30.0  # s without an answer

RulesChanged = BROADCAST_STRUCTS["rules_changed"]


def product() -> str:
    """This version of nudgeline."""
    return metadata.version("nudgeline")


def change(version: str, files: dict[str, str], at: float, judged_by: str | None = None, **more: Any) -> Any:
    """A change that is to hold from `at` (s since the epoch, event time). `judged_by`: the version of nudgeline that has checked and tested it, if not this one."""
    return RulesChanged(event_id=f"{at:.3f}-{version}", occurred_at=at, version=version, files=files, judged_by=judged_by or product(), **more)


def place(event: Any) -> tuple[float, str]:
    """What changes are ordered by, for all who take them up."""
    return event.occurred_at, event.event_id


def whose(event: Any) -> str:
    """What was done to the rules by it, and who did, for people."""
    return f"{event.verb} by {event.author or 'somebody'}"


def after(last: Any, wanted: float) -> float:
    """A moment (s) that is not before `wanted`, and later than the last change."""
    return wanted if last is None or wanted > last.occurred_at else round(last.occurred_at + APART, 3)


def history(settings: Settings) -> list[Any]:
    """All changes in the order in which they hold, each once; what can't be read is left out. Raises BrokerUnreachable, TopicFault."""
    with asked(settings), closing(_consumer(settings)) as consumer:
        tps = _partitions(consumer, settings)
        return sorted({event.event_id: event for event in _decoded(_records(consumer, tps[0], 0))}.values(), key=place)


def put(settings: Settings, event: Any, last: Any) -> None:
    """Write a change that was made of the one before it (`last`; None: there is none). Raises RulesCrossed where somebody else wrote one meanwhile: it is written, and one
    of the two was made without the other. Whoever is second hears of it. Raises BrokerUnreachable, TopicFault."""
    publish(settings, event)
    crossed = [each for each in history(settings) if each.event_id != event.event_id and (last is None or place(each) > place(last))]
    if crossed:
        other = crossed[-1]
        by = f"{other.version} ({whose(other)})"
        told = f"takes the place of {by}" if place(other) < place(event) else f"holds until {by} takes its place"
        raise RulesCrossed(f"{event.version} is written, and {told}: both were written at the same time, and one was made without the other; see `nudgeline rules history`, and do what is missing now")


def publish(settings: Settings, event: Any) -> None:
    """Write a change into every partition, and wait until each has it. Raises BrokerUnreachable, TopicFault."""
    with asked(settings), closing(_consumer(settings)) as consumer, closing(_producer(settings)) as producer:
        tps = _partitions(consumer, settings)
        for torn, missing in _torn(consumer, tps):
            _write(producer, torn.key, torn.value, missing)
        _write(producer, event.event_id.encode(), encode(event), tps)


def _write(producer: KafkaProducer, key: bytes, value: bytes, tps: Sequence[TopicPartition]) -> None:
    """One after the other from the first on: what is not in the first has not happened."""
    for tp in tps:
        producer.send(tp.topic, value, key, partition=tp.partition).get(timeout=PATIENCE)


def _torn(consumer: KafkaConsumer, tps: list[TopicPartition]) -> Iterator[tuple[Any, list[TopicPartition]]]:
    """The last change, if it is not in all partitions, and where it is missing."""
    last = {tp: next(reversed(list(_records(consumer, tp, -1))), None) for tp in tps}
    first = last[tps[0]]
    missing = [tp for tp in tps[1:] if first is not None and (last[tp] is None or last[tp].key != first.key)]
    if missing:
        yield first, missing


def _records(consumer: KafkaConsumer, tp: TopicPartition, begin: int) -> Iterator[Any]:
    """What lies in a partition from offset `begin` on, or with -1 its end. The last record of a compacted partition is always there."""
    consumer.assign([tp])
    first, end = consumer.beginning_offsets([tp])[tp], consumer.end_offsets([tp])[tp]
    at = max(first, end - 1 if begin < 0 else begin)
    consumer.seek(tp, at)
    heard = time.monotonic()
    while consumer.position(tp) < end:
        found = consumer.poll(timeout_ms=200).get(tp, [])
        if found:
            heard = time.monotonic()
        elif time.monotonic() - heard > PATIENCE:
            raise BrokerUnreachable(f"nothing of {tp.topic} came for {PATIENCE:.0f} s")
        yield from found


def _decoded(records: Iterator[Any]) -> Iterator[Any]:
    decode = BroadcastDecoder(FAMILY).decode
    for record in records:
        try:
            yield decode(record.value)
        except BadEvent:
            continue  # workers say so, as a dead letter


def _partitions(consumer: KafkaConsumer, settings: Settings) -> list[TopicPartition]:
    topic = settings.broadcasts[FAMILY]
    numbers = sorted(consumer.partitions_for_topic(topic) or ())
    if not numbers:
        raise TopicFault(f"there is no topic {topic}; `nudgeline topics create` makes it")
    return [TopicPartition(topic, number) for number in numbers]


def _consumer(settings: Settings) -> KafkaConsumer:
    return KafkaConsumer(**settings.kafka_client(), enable_auto_commit=False, fetch_max_wait_ms=50, max_partition_fetch_bytes=max(MAX_BYTES, MAX_BROADCAST_BYTES))


def _producer(settings: Settings) -> KafkaProducer:
    return KafkaProducer(**settings.kafka_client(), acks="all", max_request_size=MAX_BROADCAST_BYTES, compression_type="gzip", linger_ms=0)
