"""The nudges that are live still, read again from their topic: for a Redis that was emptied, and for what a killed worker owed."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from math import inf
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from streams.preflight import partitions_of
from streams.settings import Settings
from streams.views.buffer import NudgeView

CHUNK, PATIENCE = 500, 10.0  # records; s without any


async def sent_nudges(settings: Settings, now: float, since: float) -> AsyncIterator[list[NudgeView]]:
    """What was sent since a moment (s since the epoch), and within the time that an inbox keeps, up to what is there at the beginning, in chunks.
    Raises KafkaError."""
    consumer = AIOKafkaConsumer(**settings.kafka_client(), enable_auto_commit=False, client_id=f"{settings.app_id}-inbox")
    await consumer.start()
    try:
        topic = settings.topic("nudges")
        known = await partitions_of(settings, [topic], "inbox")  # a consumer that has nothing to read yet knows of no topic
        tps = [TopicPartition(topic, number) for number in range(known.get(topic, 0))]
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        begins = await consumer.offsets_for_times(dict.fromkeys(tps, int(max(since, now - settings.inbox_ttl) * 1000)))
        waited = {tp for tp in tps if begins[tp] is not None and begins[tp].offset < ends[tp]}
        if not waited:
            return  # a consumer with an empty assignment does not stop
        consumer.assign(list(waited))
        for tp in waited:
            consumer.seek(tp, begins[tp].offset)
        heard = time.monotonic()
        while waited:
            found = await consumer.getmany(timeout_ms=500, max_records=CHUNK)
            if found:
                heard = time.monotonic()
            elif time.monotonic() - heard > PATIENCE:
                raise KafkaTimeoutError(f"nothing of {topic} came for {PATIENCE:.0f} s")
            for records in found.values():
                if views := [v for v in (_view(settings, r) for r in records) if v.expires_at > now]:
                    yield views
            waited = {tp for tp in waited if await consumer.position(tp) < ends[tp]}
    finally:
        await consumer.stop()


def _view(settings: Settings, record: Any) -> NudgeView:
    """As when it was sent: valid from the time of its record."""
    nudge = json.loads(record.value)
    if nudge["type"] == "nudge_recalled":
        return recalled_view(nudge["nudge_id"], nudge["partner_id"])
    return nudge_view(settings, nudge["nudge_id"], nudge["partner_id"], record.value, nudge["decided_at"], nudge["expires_at"], record.timestamp / 1000)


def recalled_view(nudge_id: str, partner_id: str) -> NudgeView:
    """A nudge that is not to be shown any more."""
    return NudgeView(nudge_id, partner_id, b"", inf)


def nudge_view(settings: Settings, nudge_id: str, partner_id: str, raw: bytes, decided_at: float, expires_at: float | None, sent_at: float) -> NudgeView:
    """A nudge in the inbox until it expires; on the events' clock its time begins when it is sent."""
    begins = decided_at if settings.clock == "wall" else sent_at
    left = settings.inbox_ttl if expires_at is None else expires_at - decided_at
    return NudgeView(nudge_id, partner_id, raw, begins + left)
