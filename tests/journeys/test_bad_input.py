"""Bad input goes to dead letters, whole and with its origin, and the events around it are handled as if it had not been there."""

import asyncio
import json
import random
from base64 import b64decode

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from streams.topics import admin
from tests.journeys.shift import FAMILY_OF, START, shift, truth
from tests.journeys.workers import finish, left_behind, values

LARGE = 10_000_000
RATING = {"type": "rating_received", "event_id": "b", "partner_id": "P00001", "occurred_at": START, "order_id": "o", "stars": 3}
FIX = {"type": "position", "event_id": "b", "partner_id": "P00001", "occurred_at": START, "lat": 12.9, "lon": 77.6}


def raw(event, **change):
    return json.dumps(event | change).encode()


#: Family, key, value, and the reason under which it is refused.
BAD = [
    ("ratings", b"P00001", b"{not json", "not_json"),
    ("ratings", b"P00001", b"\xff\x00", "not_json"),
    ("gps", b"P00001", raw(FIX, lat=float("nan")), "not_json"),
    ("ratings", b"P00001", raw(RATING, stars="3"), "invalid_event"),
    ("ratings", b"P00001", raw({k: v for k, v in RATING.items() if k != "order_id"}), "invalid_event"),
    ("gps", b"P00001", raw(FIX, lat=91), "invalid_event"),
    ("ratings", b"P00001", raw(RATING, stars=6), "invalid_event"),
    ("ratings", b"P00001", b"{" + random.Random(1).randbytes(LARGE) + b"}", "too_large"),
    ("ratings", b"P00002", raw(RATING), "key_mismatch"),
    ("ratings", None, raw(RATING), "key_mismatch"),
    ("ratings", b"P00001", raw(RATING, occurred_at=START + 10 * 365 * 86_400), "from_the_future"),
    ("ratings", b"P00001", None, "tombstone"),
    ("ratings", b"P00001", raw(RATING, type="rating_deleted"), "unknown_type"),
    ("ratings", b"P00001", raw(FIX), "unknown_type"),
]


@pytest.fixture
def told(settings):
    """Good events with the bad ones in between; what was sent of either: (topic, partition, offset, key, value, reason)."""
    with admin(settings) as client:
        large = {"max.message.bytes": str(2 * LARGE)}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic("partner.ratings"), large)])
    good = list(shift(6000, 100))
    return good, asyncio.run(_send(settings, good))


async def _send(settings, good):
    bad, sent, every = list(BAD), [], len(good) // len(BAD)
    async with AIOKafkaProducer(bootstrap_servers=settings.brokers, max_request_size=2 * LARGE) as producer:
        for number, event in enumerate(good):
            stamp = int(event["occurred_at"] * 1000)
            await producer.send(settings.sources[FAMILY_OF[event["type"]]], msgspec.json.encode(event), key=event["partner_id"].encode(), timestamp_ms=stamp)
            if number % every == 0 and bad:
                family, key, value, reason = bad.pop()
                at = await producer.send_and_wait(settings.sources[family], value, key=key, timestamp_ms=stamp)
                sent.append((at.topic, at.partition, at.offset, key, value, reason))
    assert not bad
    return sent


def test_each_is_kept_whole_with_its_origin_and_the_others_are_handled(settings, told, tmp_path):
    good, sent = told
    finish(settings, tmp_path)
    letters = values(settings, "dead.letters")
    decoded = [(x["topic"], x["partition"], x["offset"], *(None if x[k] is None else b64decode(x[k]) for k in ("key_base64", "original_base64")), x["reason"]) for x in letters]
    assert sorted(decoded, key=lambda x: x[:3]) == sorted(sent, key=lambda x: x[:3])
    assert left_behind(settings) == truth(settings, good)


def test_where_the_dead_letter_topic_takes_less_as_much_as_it_takes_is_kept(settings, told, tmp_path):
    with admin(settings) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic("dead.letters"), {"max.message.bytes": "1048588"})])
    finish(settings, tmp_path)
    cut = [x for x in values(settings, "dead.letters") if "are kept" in x["detail"]]
    assert [x["reason"] for x in cut] == ["too_large"]
    kept = b64decode(cut[0]["original_base64"])
    assert len(kept) > 750_000
    assert f"the first {len(kept):,} of {LARGE + 2:,} bytes are kept" in cut[0]["detail"]
