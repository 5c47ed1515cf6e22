"""A family whose producer spreads its keys in another way: refused at the start, noticed while running, and put right by re-keying."""

import asyncio
from base64 import b64decode

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from streams.partitioner import by_crc32, by_murmur2
from streams.rekey import make_topics
from tests.journeys.shift import FAMILY_OF, shift, truth
from tests.journeys.workers import WorkerProcess, left_behind, records, until, values, working

EVENTS, PARTNERS = 20_000, 200


def send(settings, events, place_orders, bad=()):
    asyncio.run(_send(settings, events, place_orders, bad))


async def _send(settings, events, place_orders, bad):
    """Orders by one partitioner, all else by Java's."""
    async with AIOKafkaProducer(bootstrap_servers=settings.brokers, linger_ms=20) as producer:
        for event in events:
            family, key = FAMILY_OF[event["type"]], event["partner_id"].encode()
            place = place_orders if family == "orders" else by_murmur2
            await producer.send(settings.sources[family], msgspec.json.encode(event), key=key, partition=place(key, settings.partitions))
        for number, (key, value) in enumerate(bad):
            await producer.send(settings.sources["orders"], value, key=key, partition=number % settings.partitions)


@pytest.fixture
def events():
    return list(shift(EVENTS, PARTNERS))


def test_families_that_lie_apart_are_refused_with_both_ways_out(settings, events, tmp_path):
    send(settings, events, by_crc32)
    worker = WorkerProcess(settings, tmp_path)
    assert worker.end() == 1
    said = worker.log().splitlines()[-1]
    assert f"{settings.sources['orders']} by CRC-32 (librdkafka's default)" in said
    assert """NUDGELINE_REKEY='["orders"]'""" in said


def test_a_producer_that_comes_later_is_noticed_while_running(settings, events, tmp_path):
    with working(settings, tmp_path) as worker:
        until(lambda: worker.stats().get("partitions"), "the worker at work")
        send(settings, events, by_crc32)
        assert worker.end() == 1
    assert "CRC-32" in worker.log().splitlines()[-1]


def test_rekeyed_the_outcome_is_that_of_a_producer_that_does_right(settings, events, tmp_path):
    settings = settings.model_copy(update={"rekey": ["orders"]})
    bad = [(b"P00001", b"nonsense"), (None, b"{}"), (b"P00002", None)]
    send(settings, events, by_crc32, bad)
    with working(settings, tmp_path, "--until-caught-up") as worker:
        assert worker.end() == 0, worker.log()
    assert left_behind(settings) == truth(settings, events)
    letters = {(x["topic"], x["reason"], x["original_base64"] and b64decode(x["original_base64"])) for x in values(settings, "dead.letters")}
    topic = settings.sources["orders"]
    assert letters == {(topic, "not_json", b"nonsense"), (topic, "invalid_event", b"{}"), (topic, "tombstone", None)}


def test_a_rekeying_worker_that_is_killed_loses_and_repeats_nothing(settings, events, tmp_path):
    settings = settings.model_copy(update={"rekey": ["orders"]})
    send(settings, events, by_crc32)
    for _ in range(2):
        make_topics(settings, settings.partitions)
        before = len(records(settings, settings.rekeyed("orders")))
        with working(settings, tmp_path) as worker:
            until(lambda before=before, worker=worker: worker.applied(100) or len(records(settings, settings.rekeyed("orders"))) > before, "some re-keyed")
            worker.kill()
    with working(settings, tmp_path, "--until-caught-up") as worker:
        assert worker.end() == 0, worker.log()
    assert left_behind(settings) == truth(settings, events)
