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
from events.structs import OUTPUT_STRUCTS, Erased, Forget
from streams.ceiling import Ceiling
from streams.erasure import FAMILY, Over, request
from streams.lane.outbox import Record
from streams.lane.restored import Restored
from streams.lane.terms import MARK, mark, sealed
from streams.merge import Merge
from streams.pace import Pace
from streams.rekey import origin
from streams.stats import Counters
from training_rules import Corridor, House, Rules
from training_rules.corridor import nobody

#: At equal event times the earlier goes first: who the partner is and where, before what they were asked and did.
ORDER = ("profile", "session", "training", "app", "earnings", "ratings", "gps", "orders", "feedback")

#: Bytes of a bad record that are kept where nobody says how much the dead-letter topic takes: base64 and all, it passes a broker that takes 1 MB.
ORIGINAL_KEPT = 512 * 1024

#: How long a family that is behind is waited for in a replay (s).
REPLAY_WAIT = 60.0

#: States decoded between two looks at other tasks.
BREATHE = 2000

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
    otherwise fire every timer of its partition. A partner's state that is larger than `state_limit` bytes is cut.
    """

    rules: Rules
    sources: tuple[Source, ...]
    outputs: Mapping[type, str] = field(default_factory=dict)
    clock: str = "wall"
    merge_wait: float = 5.0
    merge_settle: float = 1.0
    future_tolerance: float = 300.0
    features_every: float = 10.0
    max_bytes: int = MAX_BYTES
    original_kept: int = ORIGINAL_KEPT
    rekeyed: bool = False
    state_limit: int = 262_144


class Snapshot(NamedTuple):
    """One consistent moment of a partition: changelog records, and the offsets (next to read) that they cover."""

    partition: int
    records: list[Record]
    offsets: dict[TP, int]


async def corridor_of(plan: Plan, restored: Restored, house: House | None = None) -> Corridor:
    """The corridor with its partners as the changelog has them; other tasks run in between."""
    partners, load = {}, plan.rules.load
    for count, state in enumerate(map(load, restored.states())):
        partners[state.partner_id] = state
        if not count % BREATHE:
            await asyncio.sleep(0)
    return Corridor(plan.rules, partners, restored.stream_time, house)


Tell = Callable[[int, Sequence[Any]], None]
"""Takes the partition number and outputs (structs of `OUTPUT_STRUCTS`, and Erased), in order; must not block."""


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
        self._pace, self._ceiling = Pace(plan.features_every), Ceiling(plan.rules, plan.state_limit)
        self._to_erase = 0  # requests that lie in the merge
        self._marked = False  # a mark of our term is in the changelog

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
                    events.append(self._erasure(family, event, r, wall))
                else:
                    events.append(self._in_time(event, r, horizon, wall))
            except BadEvent as bad:
                self._refuse(family, r, bad, wall)
            else:
                offsets.append(r.offset)
        return events, offsets

    def _erasure(self, family: int, bad: BadEvent, record: Any, wall: float) -> Any:
        if self._plan.sources[family].family != FAMILY:
            raise bad
        found = request(bad, record, wall)
        self._to_erase += 1
        return found

    def _horizon(self, records: Sequence[Any], wall: float) -> float:
        """Event times up to here need no second look."""
        if self._plan.clock == "wall":
            return wall + self._plan.future_tolerance
        return min(map(_STAMP, records), default=0) / 1000 + self._plan.future_tolerance

    def _in_time(self, event: Any, record: Any, horizon: float, wall: float) -> Any:
        """The event. Raises BadEvent where it is from the future."""
        if event.occurred_at <= horizon:
            return event
        now = wall if self._plan.clock == "wall" else _written(record)
        ahead = event.occurred_at - now
        if ahead > self._plan.future_tolerance:
            raise BadEvent(
                DeadLetterReason.FROM_THE_FUTURE, f"occurred_at is {ahead:,.0f} s ahead; {self._plan.future_tolerance:,.0f} s are tolerated"
            )
        return event

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
        out = self._in_turn(entries) if self._to_erase else self.corridor.feed_all(entries, self._names)
        if out:
            self._tell(self.number, out)
        return len(entries)

    def _in_turn(self, entries: Sequence[Any]) -> list[Any]:
        """Events and erasures, each where it stands."""
        out, begin, corridor = list[Any](), 0, self.corridor
        for at, (_, event, source, offset) in enumerate(entries):
            if event.__class__ is Forget:
                out += corridor.feed_all(entries[begin:at], self._names)
                out += corridor.forget(event.partner_id, self._moment(event), self._names[source], offset)
                begin, self._to_erase = at + 1, self._to_erase - 1
        return out + corridor.feed_all(entries[begin:], self._names)

    def _moment(self, event: Forget) -> float:
        """When an erasure was, in stream time: in a replay its record may have been written years after what is replayed."""
        return event.occurred_at if self._plan.clock == "wall" else min(event.occurred_at, self.corridor.stream_time)

    def advance(self, to: float) -> None:
        """Time has come to `to` (s since the epoch) without an event: timers due by then fire."""
        if to > self.corridor.stream_time and (out := self.corridor.advance(to)):
            self._tell(self.number, out)

    # -- out

    def snapshot(self, now: float, over: Over = lambda _: False) -> Snapshot:
        """Changed partners as changelog records, closed by a mark; they count as unchanged from now on. `now`: monotonic seconds; `over`: of which
        erased partners nothing more need be kept."""
        dirty, self.corridor.dirty = self.corridor.dirty, set()
        self._show_features(dirty, now)
        partners, dump, term = self.corridor.partners, self._ceiling.dump, self.term
        records: list[Record] = [(who.encode(), sealed(term, dump(partners[who], now))) for who in dirty]
        records += [(who.encode(), None) for who in self._buried(dirty, over)]
        if records or (self.corridor.erased and not self._marked):
            self._marked = True
            records.append((MARK, mark(term, self.corridor.stream_time)))
        return Snapshot(self.number, records, self.offsets())

    def _buried(self, dirty: set[str], over: Over) -> list[str]:
        """The erased of whom nothing is kept any more. Not before our own mark stands in the changelog: it tells later what an older owner writes."""
        partners, erased = self.corridor.partners, self.corridor.erased
        erased -= {who for who in erased if not nobody(partners[who])}  # they have begun anew
        found = [who for who in erased if who not in dirty and over(partners[who])] if self._marked else []
        self.corridor.bury(found)
        return found

    def still_erased(self) -> list[Erased]:
        """To be said again by a new owner: the last one may have been killed before Redis knew."""
        return [Erased(who, self.corridor.partners[who].profile_at) for who in sorted(self.corridor.erased)]

    def _show_features(self, dirty: set[str], now: float) -> None:
        rules, partners, at = self._plan.rules, self.corridor.partners, self.corridor.stream_time
        shown = [
            Features(partner_id=who, at=at, segments=rules.segments_of(s), features=rules.features(s, at), ruleset_version=rules.version)
            for who in self._pace.due(dirty, now)
            if (s := partners.get(who)) is not None and not nobody(s)
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
