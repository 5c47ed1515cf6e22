"""Tells a partition's corridor what the health of its feeds comes to: how far they are heard of, which are frozen, and which are back. And asks the broker when
each topic last had a record, whoever reads it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from math import inf
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, UnsupportedVersionError

from streams.health import Health, Limits
from streams.merge import Merge
from streams.settings import Settings
from streams.topics import admin, partition_counts
from training_rules import Corridor

log = logging.getLogger("nudgeline.worker")

#: s between two questions to the broker; and between two tries to reach it.
ASK_EVERY, TRY_EVERY = 2.0, 5.0
#: The name under which frozen feeds stand in a flush's mark.
KEPT = "frozen"

Newest = Mapping[str, float]
Partitions = Mapping[str, Sequence[TopicPartition]]


class Freezing:
    """Of one partition. `on`: whether the wall clock is that of the events; in a replay nothing is frozen. `counts`: how many feeds were frozen, and thawed."""

    def __init__(self, corridor: Corridor, families: Sequence[str], limits: Limits, merge: Merge, kept: Mapping[str, float] | None, *, on: bool) -> None:
        self._corridor, self._on = corridor, on
        self._health = Health(families, limits, merge)
        self._flowing: list[str] = []
        self._hung: tuple[Any, frozenset[str]] = (None, frozenset())
        self.counts: Counter[str] = Counter()
        self.why: dict[str, str] = {}
        if kept and on:
            corridor.freeze(kept, corridor.stream_time)  # its last owner has said so

    @property
    def frozen(self) -> Mapping[str, float]:
        """Up to when (s) feeds that are frozen are known."""
        return self._corridor.silence.known

    def fetched(self, number: int, wall: float) -> None:
        """Records of a family came, at `wall` (s since the epoch)."""
        if self._on:
            self._health.fetched(number, wall)

    def going(self) -> None:
        """Events are about to be handed on: so far the feeds that flow are heard of then."""
        if self._on:
            self._health.going(self._corridor.stream_time, self._hung[1])
        if self._flowing:
            self._corridor.silence.hear(self._health.heard(self._flowing))

    def heard_by(self, at: float) -> bool:
        """Whether the feeds that flow are heard of from after `at` (s): no timer that is due by then waits for one."""
        heard = self._health.heard(self._flowing) if self._flowing else {}
        self._corridor.silence.hear(heard)
        return all(until >= at for until in heard.values())

    def look(self, wall: float, newest: Newest | None) -> list[Any]:
        """Freeze what can't be relied on at `wall` (s since the epoch), and thaw what is back. Returns outputs. `newest`: when each topic last had a record, as far
        as the broker was asked; None before that."""
        corridor, frozen = self._corridor, self.frozen
        if not self._on or newest is None or corridor.stream_time == -inf:
            return []
        sick = self._health.look(wall, corridor.stream_time, newest, self._all_hung(), frozen)
        new = {feed: found.known for feed, found in sick.items() if feed not in frozen}
        back = [feed for feed in frozen if feed not in sick]
        self.why = {feed: found.why for feed, found in sick.items()}
        self._flowing = [feed for feed in self._health.flowing(self._hung[1]) if feed not in sick]
        self.counts.update(frozen=len(new), thawed=len(back))
        out = [*corridor.freeze(new, wall, self.why)] if new else []
        out += corridor.thaw(back, wall) if back else []
        for feed in new:
            log.warning("partition %d: %s is %s; what hangs on it is frozen", corridor.house.part, feed, self.why[feed])
        for feed in back:
            log.info("partition %d: %s is back", corridor.house.part, feed)
        corridor.silence.hear(self._health.heard(self._flowing))
        return out

    def _all_hung(self) -> frozenset[str]:
        """The feeds that any timer of the rules hangs on."""
        base = self._corridor.silence.base
        if self._hung[0] is not base:
            self._hung = base, frozenset().union(*base.feeds)
        return self._hung[1]

    def state(self) -> dict[str, Any]:
        """What is frozen, since when and why, as plain data."""
        return {feed: {"known_until": known, "why": self.why.get(feed, "")} for feed, known in self.frozen.items()}


class Asking:
    """When each family's topic last had a record, over all its partitions: asked of the broker every two seconds. `newest` is None until it answered."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._topics = settings, settings.read
        self._ends: dict[str, int] = {}
        self.newest: dict[str, float] | None = None

    async def failed(self) -> BaseException:
        """Ask for ever; a broker that does not answer is asked again."""
        while True:
            try:
                async with self._client() as client:
                    tps = await asyncio.to_thread(self._partitions, client)
                    while True:
                        await asyncio.to_thread(self._ask, client, tps)
                        await asyncio.sleep(ASK_EVERY)
            except (KafkaError, OSError) as e:
                log.debug("the broker does not say when topics had records: %s", e)
            await asyncio.sleep(TRY_EVERY)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[KafkaAdminClient]:
        opened = admin(self._settings)
        client = await asyncio.to_thread(opened.__enter__)
        try:
            yield client
        finally:
            opened.__exit__(None, None, None)

    def _partitions(self, client: KafkaAdminClient) -> Partitions:
        counts = partition_counts(client, list(self._topics.values()))
        return {family: [TopicPartition(topic, n) for n in range(counts.get(topic, 0))] for family, topic in self._topics.items()}

    def _ask(self, client: KafkaAdminClient, tps: Partitions) -> None:
        """A topic that is longer than it was has had a record just now."""
        ends = client.list_partition_offsets({tp: OffsetSpec.LATEST for mine in tps.values() for tp in mine})
        newest = _stamps(client, tps) if self.newest is None else self.newest
        for family, mine in tps.items():
            end = sum(ends[tp].offset for tp in mine)
            if end > self._ends.get(family, end):
                newest[family] = time.time()
            self._ends[family] = end
        self.newest = newest


def _stamps(client: KafkaAdminClient, tps: Partitions) -> dict[str, float]:
    """The stamp (s) of the newest record of each topic that has any."""
    try:
        found = client.list_partition_offsets({tp: OffsetSpec.MAX_TIMESTAMP for mine in tps.values() for tp in mine})
    except UnsupportedVersionError:  # before Kafka 3.0 a topic is first heard of when it grows
        return {}
    stamps = {family: max((found[tp].timestamp for tp in mine), default=-1) / 1000 for family, mine in tps.items()}
    return {family: at for family, at in stamps.items() if at > 0}
