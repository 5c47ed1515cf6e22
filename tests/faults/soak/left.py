"""What the workers of a soak leave behind: outputs, read while they come, and in the end the states in the changelog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.app import changelog
from streams.lane.restored import Restored
from streams.settings import Settings
from tests.faults.outcome import OUTPUTS
from tests.faults.soak.truth import Said, plain_state
from training_rules import Rules

WAIT_MS = 500


class Outputs:
    """Reads the topics of outputs from their beginning. `counts`: records by topic."""

    def __init__(self, consumer: AIOKafkaConsumer, settings: Settings) -> None:
        self._consumer, self.said = consumer, Said()
        self.counts: Counter[str] = Counter()
        self._topics = [settings.topic(name) for name in OUTPUTS]
        self._tps = [TopicPartition(topic, number) for topic in self._topics for number in range(settings.partitions)]

    async def begin(self) -> None:
        self._consumer.assign(self._tps)
        await self._consumer.seek_to_beginning(*self._tps)

    async def read(self) -> None:
        """What is there, up to a batch of each partition."""
        for tp, records in (await self._consumer.getmany(timeout_ms=WAIT_MS)).items():
            self.counts[tp.topic] += len(records)
            for r in records:
                self.said.add(tp.topic, r.value, self._topics.index(tp.topic) << 60 | tp.partition << 48 | r.offset)

    async def read_to_the_end(self) -> None:
        ends = await self._consumer.end_offsets(self._tps)
        while any([await self._consumer.position(tp) < ends[tp] for tp in self._tps]):
            await self.read()

    def told_unknown(self, hint: int) -> str:
        """An output that nobody knows, in words."""
        return f"unknown: {self._topics[hint >> 60]}, partition {hint >> 48 & 0xFFF}, offset {hint & 0xFFFFFFFFFFFF:,}"


async def states(settings: Settings, rules: Sequence[Rules]) -> dict[str, dict[str, Any]]:
    """Plain states by partner, the higher term first, by the rules of each partition, batch by batch: an hour's changelog is larger than memory."""
    restored = [Restored() for _ in range(settings.partitions)]
    tps = [TopicPartition(changelog(settings), number) for number in range(settings.partitions)]
    async with AIOKafkaConsumer(**settings.kafka_client(), enable_auto_commit=False) as consumer:
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for tp, records in (await consumer.getmany(timeout_ms=WAIT_MS)).items():
                restored[tp.partition].apply(records)
    return dict(plain_state(raw, own) for part, own in zip(restored, rules, strict=True) for raw in part.states())


async def sent(settings: Settings) -> dict[tuple[str, int], int]:
    """Next offset of each source partition that got something."""
    tps = [TopicPartition(topic, number) for topic in settings.sources.values() for number in range(settings.partitions)]
    async with AIOKafkaConsumer(**settings.kafka_client(), enable_auto_commit=False) as consumer:
        ends = await consumer.end_offsets(tps)
    return {(tp.topic, tp.partition): at for tp, at in ends.items() if at}
