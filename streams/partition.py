"""All that a worker has for one partition number: nine decoders, the merge, the corridor of its partners, and what they say."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from operator import attrgetter
from typing import Any, NamedTuple

from faust.types import TP

from events.decode import MAX_BYTES, Decoder
from events.errors import BadEvent, DeadLetterReason
from events.structs import OUTPUT_STRUCTS
from streams.lane.outbox import Record
from streams.lane.restored import Restored
from streams.lane.terms import MARK, mark, sealed
from streams.merge import Merge
from streams.pace import Pace
from streams.rekey import origin
from streams.stats import Counters
from training_rules import Corridor, House, Partners, Rules

#: At equal event times the earlier goes first: who the partner is and where, before what they were asked and did.
ORDER = ("profile", "session", "training", "app", "earnings", "ratings", "gps", "orders", "feedback")

#: Bytes of a bad record that are kept where nobody says how much the dead-letter topic takes: base64 and all, it passes a broker that takes 1 MB.
ORIGINAL_KEPT = 512 * 1024

#: How long a family that is behind is waited for in a replay (s).
REPLAY_WAIT = 60.0

#: States taken in between two looks at other tasks.
BREATHE = 5000

_STAMP = attrgetter("timestamp")
Features, DeadLetter = OUTPUT_STRUCTS["features"], OUTPUT_STRUCTS["dead_letter"]


@dataclass(frozen=True)
class Source:
    """A family's topic. `name` is what offsets are kept under in a partner's state; it changes when the topic begins anew."""

    family: str
    topic: str
    name: str


@dataclass(frozen=True)
class Plan:
    """What is the same for all partitions. Durations in seconds.

    `clock`: "wall" when event times are now, "events" when a recording is replayed. An event is from the future when it happened over
    `future_tolerance` after now or, in a replay, after its record was written (records without a time stamp are believed): one date of 2099 would
    otherwise fire every timer of its partition.
    """

    rules: Rules
    sources: tuple[Source, ...]
    outputs: Mapping[type, str] = field(default_factory=dict)
    clock: str = "wall"
    merge_wait: float = 5.0
    merge_settle: float = 1.0
    future_tolerance: float = 300.0
    features_every: float = 10.0
    rest_after: float = 300.0
    max_bytes: int = MAX_BYTES
    original_kept: int = ORIGINAL_KEPT
    rekeyed: bool = False


class Snapshot(NamedTuple):
    """One consistent moment of a partition: changelog records, and the offsets (next to read) that they cover."""

    partition: int
    records: list[Record]
    offsets: dict[TP, int]


async def corridor_of(plan: Plan, restored: Restored, house: House | None = None) -> Corridor:
    """The corridor with its partners at rest, as the changelog has them; `restored` gives them away. Other tasks run in between."""
    resting: dict[str, bytes] = {}
    while len(restored):
        resting |= restored.take(BREATHE)
        await asyncio.sleep(0)
    return Corridor(plan.rules, Partners(plan.rules, resting=resting), restored.stream_time, house)


Tell = Callable[[int, Sequence[Any]], None]
"""Takes the partition number and outputs (structs of `OUTPUT_STRUCTS`), in order; must not block."""


class Partition:
    """The runtime of one partition number. Nothing in it waits, and nothing but `feed` reads bytes."""

    def __init__(self, number: int, plan: Plan, corridor: Corridor, term: int, tell: Tell, counters: Counters) -> None:
        self.number, self.corridor = number, corridor
        self._plan, self.term, self._tell, self._counters = plan, term, tell, counters
        replayed = plan.clock == "events"  # nobody waits for a recording's nudges, and order is worth any wait
        settle, wait = (plan.merge_settle, max(plan.merge_wait, REPLAY_WAIT)) if replayed else (None, plan.merge_wait)
        self.merge = Merge(len(plan.sources), wait=wait, settle=settle)
        self._decode = [Decoder(s.family, plan.max_bytes).decode_all for s in plan.sources]
        self._names = [s.name for s in plan.sources]
        self._pace = Pace(plan.features_every)

    # -- in

    def feed(self, family: int, records: Sequence[Any], position: int, now: float, wall: float) -> None:
        """Decode a fetched batch and put it into the merge. `position`: the offset after it; `now`: monotonic s; `wall`: s since the epoch."""
        found = self._decode[family]([r.value for r in records], [r.key for r in records])
        offsets, horizon = [r.offset for r in records], self._horizon(records, wall)
        if any(e.__class__ is BadEvent or e.occurred_at > horizon for e in found):
            found, offsets = self._good(family, records, found, horizon, wall)
        self._counters.read(family, len(records))
        self.merge.put(family, found, offsets, position, now)

    def _good(self, family: int, records: Sequence[Any], found: Sequence[Any], horizon: float, wall: float) -> tuple[list[Any], list[int]]:
        """The events of a batch with bad records in it, and their offsets; the others become dead letters."""
        events, offsets = list[Any](), list[int]()
        for event, r in zip(found, records, strict=True):
            try:
                if isinstance(event, BadEvent):
                    raise event
                if event.occurred_at > horizon:
                    self._not_from_the_future(event, r, wall)
            except BadEvent as bad:
                self._refuse(family, r, bad, wall)
            else:
                events.append(event)
                offsets.append(r.offset)
        return events, offsets

    def _horizon(self, records: Sequence[Any], wall: float) -> float:
        """Event times up to here need no second look."""
        if self._plan.clock == "wall":
            return wall + self._plan.future_tolerance
        return min(map(_STAMP, records), default=0) / 1000 + self._plan.future_tolerance

    def _not_from_the_future(self, event: Any, record: Any, wall: float) -> None:
        now = wall if self._plan.clock == "wall" else _written(record)
        ahead = event.occurred_at - now
        if ahead > self._plan.future_tolerance:
            raise BadEvent(
                DeadLetterReason.FROM_THE_FUTURE, f"occurred_at is {ahead:,.0f} s ahead; {self._plan.future_tolerance:,.0f} s are tolerated"
            )

    def _refuse(self, family: int, r: Any, bad: BadEvent, wall: float) -> None:
        value, detail, most = r.value, bad.detail, self._plan.original_kept
        if value is not None and len(value) > most:
            value, detail = value[:most], f"{detail} (the first {most:,} of {len(value):,} bytes are kept)"
        topic, partition, offset = (origin(r) if self._plan.rekeyed else None) or (self._plan.sources[family].topic, self.number, r.offset)
        letter = DeadLetter(
            topic=topic,
            partition=partition,
            offset=offset,
            reason=bad.reason,
            detail=detail,
            key_base64=_base64(r.key),
            original_base64=_base64(value),
            received_at=wall,
        )
        self._tell(self.number, (letter,))

    # -- on

    def run(self, now: float) -> int:
        """Hand on what may go now; returns how many events went. `now`: monotonic seconds."""
        entries = self.merge.take(now)
        out = self.corridor.feed_all(entries, self._names)
        if out:
            self._tell(self.number, out)
        return len(entries)

    def advance(self, to: float) -> None:
        """Time has come to `to` (s since the epoch) without an event: timers due by then fire."""
        if to > self.corridor.stream_time and (out := self.corridor.advance(to)):
            self._tell(self.number, out)

    def rest(self, now: float) -> None:
        """Let some of those rest who have not been heard of for a while. `now`: monotonic seconds."""
        self.corridor.rest(now, self._plan.rest_after)

    # -- out

    def snapshot(self, now: float) -> Snapshot:
        """Changed partners as changelog records, closed by a mark; they count as unchanged from now on. `now`: monotonic seconds."""
        dirty, self.corridor.dirty = self.corridor.dirty, set()
        self._show_features(dirty, now)
        write, term = self.corridor.write, self.term
        records: list[Record] = [(who.encode(), sealed(term, write(who))) for who in dirty]
        if records:
            records.append((MARK, mark(term, self.corridor.stream_time)))
        return Snapshot(self.number, records, self.offsets())

    def _show_features(self, dirty: set[str], now: float) -> None:
        rules, partners, at = self._plan.rules, self.corridor.partners, self.corridor.stream_time
        shown = [
            Features(partner_id=who, at=at, segments=rules.segments_of(s), features=rules.features(s, at), ruleset_version=rules.version)
            for who in self._pace.due(dirty, now)
            if (s := partners.look(who)) is not None
        ]
        if shown:
            self._tell(self.number, shown)

    def offsets(self) -> dict[TP, int]:
        """The offset to read next of each source partition, were we to stop here."""
        return {
            TP(source.topic, self.number): applied
            for family, source in enumerate(self._plan.sources)
            if (applied := self.merge.applied(family)) >= 0
        }


def _written(record: Any) -> float:
    """When a record was written (s since the epoch); inf where it does not say."""
    stamp: int = record.timestamp
    return stamp / 1000 if stamp >= 0 else inf


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else b64encode(raw).decode()
