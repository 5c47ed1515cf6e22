"""One moment of a partition as the changelog and the committed offsets have it, written bit by bit while events go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from faust.types import TP

from events.structs import OUTPUT_STRUCTS
from streams.barrier import Barrier
from streams.erasure import Over
from streams.lane.outbox import Record
from streams.lane.terms import MARK, mark, signed
from streams.pace import Pace
from training_rules import Corridor

#: States written, and partners shown, between two looks at other tasks: a millisecond.
SLICE = 100

Features = OUTPUT_STRUCTS["features"]


class Snapshot(NamedTuple):
    """One consistent moment of a partition: changelog records, and the offsets (next to read) that they cover."""

    partition: int
    records: list[Record]
    offsets: dict[TP, int]


class Snapshots:
    """Takes the snapshots of one partition. `show` takes outputs: features of those who are written."""

    def __init__(self, number: int, corridor: Corridor, term: int, barrier: Barrier, features_every: float, show: Callable[[Sequence[Any]], None]) -> None:
        self._number, self._corridor, self._term, self._barrier, self._show = number, corridor, term, barrier, show
        self._pace = Pace(features_every)
        self._marked, self._written = False, b""  # whether a mark of our term is in the changelog, and what listeners had to tell in the last

    def take(self, offsets: dict[TP, int], kept: bytes, now: float, over: Over) -> Iterator[Snapshot | None]:
        """None after each slice; then the snapshot. `offsets`: next to read; `kept`: what listeners tell the next owner; `over`: of which erased
        partners nothing more need be kept."""
        corridor, stood = self._corridor, self._barrier.stands
        self._barrier.shoot()
        at, dirty = corridor.stream_time, corridor.dirty
        records: list[Record] = [(who.encode(), None) for who in self._buried(dirty, over)]
        checkpoint = corridor.checkpoint()
        while checkpoint or self._pace.any_due(now):
            written = checkpoint.take(SLICE)
            records += [(who.encode(), signed(self._term, raw)) for who, raw in written]
            self._show_features([who for who, _ in written], now)
            yield None
        if records or stood or kept != self._written or (corridor.partners.erased and not self._marked):
            self._marked, self._written = True, kept
            records.append((MARK, mark(self._term, at, kept)))
        self._barrier.shot()
        yield Snapshot(self._number, records, offsets)

    def _buried(self, dirty: set[str], over: Over) -> list[str]:
        """The erased of whom nothing is kept any more. Not before our own mark stands in the changelog: it tells later what an older owner writes."""
        partners = self._corridor.partners
        found = [who for who, state in partners.erased.items() if who not in dirty and over(state)] if self._marked else []
        partners.bury(found)
        return found

    def _show_features(self, changed: Sequence[str], now: float) -> None:
        rules, partners, at = self._corridor.rules, self._corridor.partners, self._corridor.stream_time
        shown = [
            Features(partner_id=who, at=at, segments=rules.segments_of(s), features=rules.features(s, at), ruleset_version=rules.version)
            for who in self._pace.due(changed, now, SLICE)
            if (s := partners.look(who)) is not None
        ]
        if shown:
            self._show(shown)
