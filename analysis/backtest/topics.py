"""What topics still keep, as a history: read by partition, decoded and merged by the very parts that a worker has. It joins no group and commits nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from analysis.backtest.history import Piece, Refused, Share
from analysis.errors import BacktestError
from events.structs import STRUCTS, Forget
from streams.following import FOR_ALL
from streams.intake import Intake
from streams.merge import Merge
from streams.plan import ORDER, SOURCES, Plan, Source
from streams.preflight import preflight
from streams.settings import Settings
from streams.stats import Counters
from streams.topics import partition_count
from training_rules import Rules
from training_rules.corridor import Entry

POLL_MS, MOST = 500, 5000  # ms to wait for records; records of a topic's partition that are held before it is paused
EXAMPLES = 3
#: What counts although it is of before: what was known of a partner, and that nothing is known any more.
_OF_BEFORE = (STRUCTS["profile_updated"], Forget)


@dataclass
class Kept:
    """The families' topics and those of what concerns all partners, from what happened at `begin` up to, not including, `until` (s since the epoch), and to
    where they end at the start.

    A profile from before `begin` happens as it begins.
    """

    settings: Settings
    rules: Rules
    begin: float = -inf
    until: float = inf
    done: float = 0.0
    divisible: bool = True
    name: str = "topics"
    sources: Sequence[str] = field(init=False)
    _bad: dict[str, Refused] = field(default_factory=dict)

    def __post_init__(self) -> None:
        topics = self.settings.read | self.settings.broadcasts
        self.sources = [topics[family] for family in SOURCES]

    def __getstate__(self) -> dict[str, Any]:
        """Another process only decodes: it has no use for compiled rules."""
        return {**self.__dict__, "rules": None}

    def partitions(self) -> int:
        """How many partitions the families have. Raises a StreamsError where Kafka does not answer or topics are not as they should be."""
        return partition_count(self.settings, asyncio.run(preflight(self.settings)))

    def prepare(self) -> None:
        """Nothing is read beforehand."""

    def refused(self) -> Mapping[str, Refused]:
        return self._bad

    def read(self, share: Share) -> Iterator[Piece]:
        """The entries of the share's partitions, merged by event time as a worker does."""
        try:
            consumer = KafkaConsumer(**self.settings.kafka_client(), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100)
        except KafkaError as error:
            raise BacktestError(f"no Kafka answers at {self.settings.brokers}: {error}") from error
        try:
            yield from self._merged(_Reader(self, consumer, sorted(share.mine)), share)
        except KafkaError as error:
            raise BacktestError(f"the topics can't be read: {error}") from error
        finally:
            consumer.close()

    def _merged(self, reader: _Reader, share: Share) -> Iterator[Piece]:
        while reader.poll():
            self.done = reader.done
            for part in reader.parts:
                while entries := reader.take(part):
                    if wanted := self._within(entries, share):
                        yield part, wanted
        for part in reader.parts:
            yield part, self._within(reader.left(part), share)
        self.done = 1.0

    def _within(self, entries: Sequence[Entry], share: Share) -> list[Entry]:
        """Those of the time, and of the sample, that are wanted."""
        found, begin, until = [], self.begin, self.until
        for entry in entries:
            event = entry[3]
            if event.__class__ in _OF_BEFORE and event.occurred_at < begin:
                event.occurred_at = begin
            if begin <= event.occurred_at < until and (event.__class__ in FOR_ALL or share.samples(event.partner_id)):
                found.append(entry)
        return found

    def note(self, letters: Sequence[Any]) -> None:
        """Take note of records that are no events."""
        for letter in letters:
            reason, at = str(letter.reason), f"{letter.topic}/{letter.partition}:{letter.offset}"
            had = self._bad.get(reason, Refused(0, ()))
            self._bad[reason] = Refused(had.count + 1, (*had.examples, f"{at} {letter.detail}")[:EXAMPLES])


class _Reader:
    """Some partitions of all sources: fetched, paused where one family is far ahead of another, and merged."""

    def __init__(self, kept: Kept, consumer: Any, parts: Sequence[int]) -> None:
        self._kept, self._consumer, self.parts = kept, consumer, parts
        settings = kept.settings
        plan = Plan(
            kept.rules, tuple(Source(family, topic, topic) for family, topic in zip(SOURCES, kept.sources, strict=True)), clock="events",
            max_bytes=settings.max_event_bytes, future_tolerance=settings.future_tolerance, rekeyed=bool(settings.rekey),
        )  # fmt: skip
        self._where = {TopicPartition(topic, part): (part, number) for part in parts for number, topic in enumerate(kept.sources)}
        self._merges = {part: Merge(len(SOURCES), wait=inf, for_all=range(len(ORDER), len(SOURCES))) for part in parts}
        self._intakes = {part: Intake(part, plan, self._merges[part], kept.note, Counters(SOURCES)) for part in parts}
        self._seek()

    def _seek(self) -> None:
        consumer, tps = self._consumer, list(self._where)
        consumer.assign(tps)
        self._ends = consumer.end_offsets(tps)
        self._starts = self._begins(consumer, tps)
        self._total = sum(self._ends[tp] - self._starts[tp] for tp in tps)
        now = time.monotonic()
        for tp, (part, family) in self._where.items():
            consumer.seek(tp, self._starts[tp])
            self._merges[part].begin(family, self._starts[tp])
            self._merges[part].heard(family, self._ends[tp], now)

    def _begins(self, consumer: Any, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where to begin. An event is written after it happened, but for the tolerance: what was written before is not looked at, unless it is a profile, or
        one of the few changes of rules, which may be dated far ahead."""
        starts: dict[TopicPartition, int] = dict(consumer.beginning_offsets(tps))
        if self._kept.begin == -inf:
            return starts
        whole = {SOURCES.index("profile"), SOURCES.index("rules")}
        since = int((self._kept.begin - self._kept.settings.future_tolerance) * 1000)
        later = consumer.offsets_for_times({tp: since for tp in tps if self._where[tp][1] not in whole})
        return starts | {tp: self._ends[tp] if at is None else at.offset for tp, at in later.items()}

    @property
    def done(self) -> float:
        left = sum(self._ends[tp] - min(self._consumer.position(tp), self._ends[tp]) for tp in self._where)
        return 1.0 - left / self._total if self._total else 1.0

    def poll(self) -> bool:
        """Fetch what comes next; False when all was read and taken."""
        consumer = self._consumer
        left = [tp for tp in self._where if consumer.position(tp) < self._ends[tp]]
        if not left and all(self._merges[p].caught_up and not self._intakes[p].holds for p in self.parts):
            return False
        if left:
            self._pause(left)
            for tp, records in consumer.poll(timeout_ms=POLL_MS, max_records=MOST).items():
                part, family = self._where[tp]
                kept = [r for r in records if r.offset < self._ends[tp]]
                self._intakes[part].put(family, kept, consumer.position(tp), time.time())
            self._empty(left)
        return True

    def _empty(self, left: Sequence[TopicPartition]) -> None:
        """Where the last offsets of a topic hold no record, its end is reached by a fetch that brings none."""
        for tp in left:
            part, family = self._where[tp]
            position = self._consumer.position(tp)
            if position >= self._ends[tp] and not self._held(tp):
                self._merges[part].put(family, [], [], position, time.monotonic())

    def _held(self, tp: TopicPartition) -> int:
        part, family = self._where[tp]
        return self._intakes[part].waiting(family) + self._merges[part].held(family)

    def _pause(self, left: Sequence[TopicPartition]) -> None:
        full = {tp for tp in self._where if tp not in left or self._held(tp) > MOST}
        consumer = self._consumer
        consumer.pause(*full)
        consumer.resume(*(consumer.paused() - full))

    def take(self, part: int) -> list[Entry]:
        """What of a partition may go now, in order."""
        now, merge = time.monotonic(), self._merges[part]
        self._intakes[part].fill(now)
        return merge.take(now) or self._passed(part, merge.turn(now))

    def left(self, part: int) -> list[Entry]:
        """What concerns all partners, and holds from later on than the last event."""
        found = list[Entry]()
        while head := self._passed(part, self._merges[part].head):
            found += head
        return found

    def _passed(self, part: int, head: Entry | None) -> list[Entry]:
        if head is not None:
            self._merges[part].passed(head)
        return [] if head is None else [head]

