"""A look at the last keys of each family before a worker starts: do all producers use the same partitioner?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import PartitionerFault
from streams.partitioner import Found, Pair, apart, recognise
from streams.settings import Settings

LAST = 100  # records of each partition
MOST = 8  # partitions of each topic
PATIENCE = 5.0  # s; what was not read by then is judged while running


async def check_partitioners(settings: Settings, partitions: int) -> dict[str, Found | None]:
    """The partitioner of each family, None where too little is known. Raises PartitionerFault where families lie apart.

    A family that is re-keyed here counts as murmur2, which is what the internal topic is written with.
    """
    families = {family: topic for family, topic in settings.sources.items() if family not in settings.rekey}
    if partitions == 1:
        return {}
    pairs = await _last_keys(settings, families, partitions)
    found: dict[str, Found | None] = {family: recognise(seen, partitions) for family, seen in pairs.items()}
    found |= {family: Found("murmur2", 0) for family in settings.rekey}
    if said := apart(found, settings.sources):
        raise PartitionerFault(said)
    return found


async def _last_keys(settings: Settings, families: Mapping[str, str], partitions: int) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {family: [] for family in families}
    by_topic = {topic: family for family, topic in families.items()}
    tps = [TopicPartition(topic, number) for topic in by_topic for number in range(min(partitions, MOST))]
    consumer = AIOKafkaConsumer(**settings.kafka_client(), enable_auto_commit=False, client_id=f"{settings.app_id}-preflight")
    try:
        async with asyncio.timeout(PATIENCE):
            await consumer.start()
            await _read(consumer, tps, by_topic, found)
    except TimeoutError:
        return found
    except KafkaError as e:
        raise PartitionerFault(f"the keys of {', '.join(by_topic)} can't be looked at: {e}") from e
    finally:
        await consumer.stop()
    return found


async def _read(consumer: AIOKafkaConsumer, tps: list[Any], by_topic: Mapping[str, str], found: dict[str, list[Pair]]) -> None:
    consumer.assign(tps)
    ends, begins = await consumer.end_offsets(tps), await consumer.beginning_offsets(tps)
    waited = {tp for tp in tps if ends[tp] > begins[tp]}
    for tp in tps:
        consumer.seek(tp, max(begins[tp], ends[tp] - LAST))
    while waited:
        for tp, records in (await consumer.getmany(timeout_ms=500)).items():
            found[by_topic[tp.topic]] += [(record.key, tp.partition) for record in records if record.key is not None]
        waited = {tp for tp in waited if await consumer.position(tp) < ends[tp]}
