"""One run: topics of its own, a feeder, a fleet, and what a fault may do to them."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from streams import topics
from streams.app import changelog
from streams.settings import Settings, load
from tests.faults import stock
from tests.faults.feeder import Feeder
from tests.faults.fleet import NUDGELINE, Fleet, Seat, until
from tests.faults.ground import Lane
from tests.faults.outcome import Outcome, left_behind
from tests.faults.stream import PARTITIONS, RULES, Record
from tests.faults.twists import Twist

PER_S = 1000.0  # events a second
SESSION = 2.0  # s after which a silent worker's partitions go to others
DRAINED_WITHIN = 90.0  # s after the last event by which all has to be committed
_numbers = itertools.count(1)


@dataclass
class Scene:
    """What a fault gets: the wire, the fleet and the feeder, and random numbers of its seed."""

    settings: Settings
    direct: Settings
    lane: Lane
    fleet: Fleet
    feeder: Feeder
    rnd: random.Random
    admin: KafkaAdminClient
    total: int
    strikes: list[float] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)

    # -- for faults

    def at_work(self, count: int, *first: Twist) -> list[Seat]:
        """So many workers, each with partitions of its own, and then events. `first`: twists of the first one's first life."""
        seats = [self.fleet.join(*(first if number == 0 else ())) for number in range(count)]
        until(lambda: self.settled(seats), f"{count} at work")
        self.feeder.start()
        return seats

    def settled(self, seats: Sequence[Seat]) -> bool:
        owned = [number for seat in seats for number in seat.stats().get("partitions", {})]
        return len(owned) == PARTITIONS == len(set(owned)) and all(seat.stats()["partitions"] for seat in seats)

    def until_sent(self, share: float) -> None:
        """Wait until that share of the stream is sent."""
        until(lambda: self.feeder.over or self.feeder.sent >= share * self.total, f"{share:.0%} sent")

    def shares(self, count: int, first: float = 0.15, last: float = 0.75) -> list[float]:
        """Random moments of the stream, in order."""
        return sorted(self.rnd.uniform(first, last) for _ in range(count))

    def any_seat(self) -> Seat:
        return self.rnd.choice(self.fleet.alive or self.fleet.seats)

    def pause(self, least: float, most: float) -> None:
        """Let some time pass, the fault going on."""
        over = time.monotonic() + self.rnd.uniform(least, most)
        until(lambda: time.monotonic() > over, "the time over", most + 5)

    def until_served(self) -> None:
        """Wait until each partition has come as far as the feeder had when this was called; the time it takes is a recovery."""
        began, wanted = time.monotonic(), self.feeder.last_times()
        until(lambda: self.served(wanted), "all partitions served again", DRAINED_WITHIN)
        self.recoveries.append(time.monotonic() - began)

    def served(self, wanted: dict[int, float]) -> bool:
        times = self.fleet.stream_times()
        return all(times.get(number, 0.0) >= at for number, at in wanted.items())

    # -- the end

    def ends(self) -> dict[Any, int]:
        """Next offset of each source partition."""
        return self.ends_of(self.direct.sources.values())

    def ends_of(self, names: Iterable[str]) -> dict[Any, int]:
        wanted = {TopicPartition(name, number): OffsetSpec.LATEST for name in names for number in range(PARTITIONS)}
        return {(tp.topic, tp.partition): found.offset for tp, found in self.admin.list_partition_offsets(wanted).items()}

    def committed(self) -> dict[Any, int]:
        found = self.admin.list_group_offsets([self.direct.app_id])[self.direct.app_id]
        return {(tp.topic, tp.partition): offset.offset for tp, offset in found.items()}

    def until_drained(self) -> None:
        """Wait until all that was sent is applied and committed. Raises TimeoutError."""
        until(lambda: self.feeder.over, "all sent", DRAINED_WITHIN)
        ends = {tp: at for tp, at in self.ends().items() if at}

        def drained() -> bool:
            try:
                committed = self.committed()
            except KafkaError:  # its coordinator is loading, or away
                return False
            return all(committed.get(tp, -1) >= at for tp, at in ends.items())

        until(drained, "all committed", DRAINED_WITHIN)

    def heal(self) -> None:
        """Whatever was done to the wire and to Redis, and to workers that sleep, is undone."""
        self.lane.wire.heal()
        for seat in self.fleet.seats:
            seat.signal(signal.SIGCONT)
        self.feeder.resume()

    def outcome(self) -> Outcome:
        return left_behind(self.direct)


@contextmanager
def scene(
    lane: Lane, folder: Path, records: Sequence[Record], rnd: random.Random, *, always: Sequence[Twist] = (), entry: str = NUDGELINE, **given: Any
) -> Iterator[Scene]:
    """Topics are made and the feeder is ready, not started; everything is gone in the end."""
    name = f"f{os.getpid()}-{next(_numbers)}"
    folder = folder / name
    common = {
        "topic_prefix": f"{name}-", "app_id": name, "redis_prefix": name, "redis_url": lane.redis.url, "clock": "events", "partitions": PARTITIONS,
        "data_dir": folder, "session_timeout": SESSION, "commit_interval": 0.5, "features_every": 5.0, "rules": [RULES], **given,
    }  # fmt: skip
    direct, wired = load(brokers=lane.kafka.bootstrap, **common), load(brokers=lane.wired, **common)
    topics.create(direct)
    feeder = Feeder(direct, records, PER_S)
    lane.wire.heal()
    with topics.admin(direct) as admin:
        try:
            with Fleet(wired, RULES, folder, entry=entry, always=always) as fleet:
                yield Scene(wired, direct, lane, fleet, feeder, rnd, admin, len(records))
        finally:
            feeder.stop()
            lane.wire.heal()
            _delete(admin, direct)
            shutil.rmtree(folder, ignore_errors=True)


def _delete(admin: KafkaAdminClient, settings: Settings) -> None:
    """A broker with thousands of partitions is slow."""
    made = [*settings.sources.values(), *settings.broadcasts.values(), *settings.outputs.values(), changelog(settings), stock.changelog(settings)]
    admin.delete_topics(made, raise_errors=False)
