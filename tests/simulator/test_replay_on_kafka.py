import asyncio
import json
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka.partitioner.default import murmur2

from simulator.importers import Cut, open_source
from simulator.replay import replay
from simulator.sender import Sender
from streams.errors import BrokerUnreachable, TopicFault
from streams.settings import Settings

Lines = Callable[..., Path]
Arrived = list[tuple[str, int, bytes, bytes]]  # family, partition, key, value
T0 = 1_700_000_000


def arrived(settings: Settings) -> Arrived:
    """All records of the families' topics, partition by partition in their order."""
    return asyncio.run(_arrived(settings))


async def _arrived(settings: Settings) -> Arrived:
    consumer = AIOKafkaConsumer(**settings.kafka_client(), auto_offset_reset="earliest", enable_auto_commit=False)
    families = {topic: family for family, topic in settings.sources.items()}
    places = [TopicPartition(topic, number) for topic in families for number in range(settings.partitions)]
    await consumer.start()
    try:
        consumer.assign(places)
        ends, found = await consumer.end_offsets(places), []
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [(families[record.topic], record.partition, record.key, record.value) for record in records]
        return found
    finally:
        await consumer.stop()


def walk(count: int, partners: int = 5) -> list[str]:
    """Keyed lines of partners who log in and out in turn."""
    kinds = ("logged_in", "logged_out")
    events = [
        {"type": kinds[number // partners % 2], "event_id": f"e{number}", "partner_id": f"p{number % partners}", "occurred_at": T0 + number}
        for number in range(count)
    ]
    return [f"{event['partner_id']}\t{json.dumps(event)}" for event in events]


def test_every_event_arrives_in_the_topic_of_its_family(settings: Settings, recording: Callable[[str], Path]) -> None:
    sent = replay(open_source(recording("lade")), settings)
    kinds = Counter(json.loads(value)["type"] for _, _, _, value in arrived(settings))
    assert kinds == sent.report.events


def test_a_record_lies_in_the_partition_that_java_producers_choose(settings: Settings, lines: Lines) -> None:
    replay(open_source(lines(*walk(200, partners=50))), settings)
    found = arrived(settings)
    assert len(found) == 200
    assert all(partition == (murmur2(key) & 0x7FFFFFFF) % settings.partitions for _, partition, key, _ in found)


def test_a_partner_s_events_keep_their_order_over_many_batches(settings: Settings, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.replay.CHUNK", 17)
    replay(open_source(lines(*walk(1000))), settings)
    numbers = [int(json.loads(value)["event_id"][1:]) for _, _, key, value in arrived(settings) if key == b"p3"]
    assert numbers == list(range(3, 1000, 5))


def test_more_than_a_batch_holds_arrives_in_order(settings: Settings, monkeypatch: pytest.MonkeyPatch, lines: Lines) -> None:
    monkeypatch.setattr("simulator.sender.BATCH_BYTES", 1000)
    replay(open_source(lines(*walk(300, partners=1))), settings)
    assert [int(json.loads(value)["event_id"][1:]) for *_, value in arrived(settings)] == list(range(300))


def test_a_replay_twice_sends_the_same_ids(settings: Settings, lines: Lines) -> None:
    path = lines(*walk(20))
    replay(open_source(path), settings)
    replay(open_source(path), settings)
    assert set(Counter(json.loads(value)["event_id"] for *_, value in arrived(settings)).values()) == {2}


def test_progress_ends_with_all_events_and_the_whole_recording(settings: Settings, lines: Lines) -> None:
    told: list[tuple[int, float]] = []
    replay(open_source(lines(*walk(20))), settings, progress=lambda events, share: told.append((events, share)))
    assert told[-1] == (20, 1.0)


def test_a_limit_sends_no_more(settings: Settings, lines: Lines) -> None:
    replay(open_source(lines(*walk(20))), settings, cut=Cut(limit=7))
    assert len(arrived(settings)) == 7


def test_a_missing_topic_is_said_before_anything_is_sent(settings: Settings, lines: Lines) -> None:
    elsewhere = settings.model_copy(update={"topic_prefix": "nowhere-"})
    with pytest.raises(TopicFault, match="nowhere-partner.gps.* missing"):
        replay(open_source(lines(*walk(1))), elsewhere)


def test_a_broker_that_is_not_there_is_said_in_one_sentence(lines: Lines) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with pytest.raises(BrokerUnreachable, match="no Kafka answers at"):
            replay(open_source(lines(*walk(1))), Settings(brokers=f"127.0.0.1:{taken.getsockname()[1]}"))


def test_what_was_added_is_sent_when_the_sender_ends(settings: Settings) -> None:
    async def send() -> None:
        async with Sender(settings) as sender:
            sender.add("session", b"p", walk(1)[0].partition("\t")[2].encode())

    asyncio.run(send())
    assert len(arrived(settings)) == 1
