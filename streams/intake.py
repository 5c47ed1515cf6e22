"""What was fetched for one partition number and is not decoded yet. It is decoded a slice at a time, just before it goes: a whole answer of Kafka,
as typed events, is larger than a processor's cache, and each event would be fetched from memory three times.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from events.broadcasts import BROADCASTS
from events.decode import decoder_of, encode
from events.errors import BadEvent, DeadLetterReason
from events.structs import OUTPUT_STRUCTS
from streams.erasure import FAMILY, request
from streams.merge import Merge
from streams.rekey import origin
from streams.stats import Counters

if TYPE_CHECKING:
    from streams.plan import Plan

#: Records decoded at a time, and how many events of a family the merge holds at least while there are more.
SLICE = 500

_VALUE, _KEY, _OFFSET, _STAMP = map(attrgetter, ("value", "key", "offset", "timestamp"))
DeadLetter = OUTPUT_STRUCTS["dead_letter"]


class _Record(NamedTuple):
    """A record once more."""

    offset: int
    key: bytes
    value: bytes


class _Fetched(NamedTuple):
    """A fetched batch, the offset after it, and when it came (s since the epoch)."""

    records: Sequence[Any]
    position: int
    wall: float


class _Family:
    """Batches of one family that wait, and how many records of the first are decoded."""

    __slots__ = ("batches", "done", "waiting")

    def __init__(self) -> None:
        self.batches: deque[_Fetched] = deque()
        self.done = self.waiting = 0

    def put(self, fetched: _Fetched) -> None:
        self.batches.append(fetched)
        self.waiting += len(fetched.records)

    def next_slice(self) -> _Fetched:
        """The next records, of as many batches as it takes, and the offset after them."""
        records, position, wall = list[Any](), -1, self.batches[0].wall
        while self.batches and len(records) < SLICE:
            fetched, begin = self.batches[0], self.done
            self.done = begin + SLICE - len(records)
            records += fetched.records[begin : self.done]
            if self.done < len(fetched.records):
                position = fetched.records[self.done].offset
            else:
                self.batches.popleft()
                self.done, position = 0, fetched.position
        self.waiting -= len(records)
        return _Fetched(records, position, wall)


class Intake:
    """Takes fetched batches by family and fills the merge with their events. `tell` takes the dead letters of records that are no events; `to_erase`
    counts the erasures that were handed to the merge, for whoever takes them out of it to count down."""

    def __init__(self, number: int, plan: Plan, merge: Merge, tell: Callable[[Sequence[Any]], None], counters: Counters) -> None:
        self._number, self._plan, self._merge, self._tell, self._counters = number, plan, merge, tell, counters
        self._decode = [decoder_of(s.family, plan.max_bytes) for s in plan.sources]
        self._for_all = {n for n, s in enumerate(plan.sources) if s.family in BROADCASTS}
        self._families = [_Family() for _ in plan.sources]
        self.to_erase = 0

    def put(self, family: int, records: Sequence[Any], position: int, wall: float) -> None:
        """Take a fetched batch. `position`: the offset after it; `wall`: s since the epoch."""
        self._counters.read(family, len(records))
        self._families[family].put(_Fetched(records, position, wall))

    def waiting(self, family: int) -> int:
        """How many records are not decoded yet."""
        return self._families[family].waiting

    @property
    def holds(self) -> bool:
        """Whether any batch waits."""
        return any(f.batches for f in self._families)

    @property
    def ready(self) -> bool:
        """Whether `fill` would decode anything now."""
        return any(map(self._has_room, range(len(self._families))))

    def fill(self, now: float) -> None:
        """Decode a slice of each family that the merge has room for. `now`: monotonic seconds."""
        for number in filter(self._has_room, range(len(self._families))):
            self._hand_on(number, self._families[number].next_slice(), now)

    def _has_room(self, number: int) -> bool:
        return bool(self._families[number].batches) and self._merge.held(number) < SLICE

    def _hand_on(self, family: int, fetched: _Fetched, now: float) -> None:
        for_all = family in self._for_all
        records = [r for r in fetched.records if r.value is not None] if for_all else fetched.records  # what was taken back is no news
        found = self._decode[family](list(map(_VALUE, records)), list(map(_KEY, records)))
        offsets, horizon = list(map(_OFFSET, records)), inf if for_all else self._horizon(records, fetched.wall)
        if any(e.__class__ is BadEvent or e.occurred_at > horizon for e in found):
            found, offsets = self._good(family, records, found, horizon, fetched.wall)
        self._merge.put(family, found, offsets, fetched.position, now)
        if for_all:
            self._announce(self._plan.sources[family].family, found)

    def _announce(self, family: str, found: Sequence[Any]) -> None:
        """Their turn comes: what takes time can begin now."""
        if (broadcast := self._plan.broadcasts.get(family)) is not None:
            for event in found:
                broadcast.heard(event)

    # -- records that are no events

    def _good(self, family: int, records: Sequence[Any], found: Sequence[Any], horizon: float, wall: float) -> tuple[list[Any], list[int]]:
        """The events of a batch with bad records in it, and their offsets; the others become dead letters."""
        events, offsets = list[Any](), list[int]()
        for event, r in zip(found, records, strict=True):
            try:
                events.append(self._erasure(family, event, r, wall) if isinstance(event, BadEvent) else self._in_time(event, r, horizon, wall))
            except BadEvent as bad:
                self._refuse(family, r, bad, wall)
            else:
                offsets.append(r.offset)
        return events, offsets

    def _erasure(self, family: int, bad: BadEvent, record: Any, wall: float) -> Any:
        if self._plan.sources[family].family != FAMILY:
            raise bad
        found = request(bad, record, wall)
        self.to_erase += 1
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

    def refuse(self, family: int, offset: int, event: Any, bad: BadEvent) -> None:
        """A record that could be read, and turned out later to be none that can be taken up."""
        self._refuse(family, _Record(offset, event.event_id.encode(), encode(event)), bad, time.time())

    def _refuse(self, family: int, r: Any, bad: BadEvent, wall: float) -> None:
        value, detail, most = r.value, bad.detail, self._plan.original_kept
        if value is not None and len(value) > most:
            value, detail = value[:most], f"{detail} (the first {most:,} of {len(value):,} bytes are kept)"
        topic, partition, offset = (origin(r) if self._plan.rekeyed else None) or (self._plan.sources[family].topic, self._number, r.offset)
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
        self._tell((letter,))


def _written(record: Any) -> float:
    """When a record was written (s since the epoch); inf where it does not say."""
    stamp: int = record.timestamp
    return stamp / 1000 if stamp >= 0 else inf


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else b64encode(raw).decode()
