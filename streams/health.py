"""Whether feeds are heard of, by family, in one partition. Pure: clocks are arguments.

A feed is *silent* when its whole topic has had no record for its `silent_after` or, where it has come steadily for some minutes, for five times its longest pause;
*behind* when what was written `behind_after` ago is not handed on yet, and stream time has gone on; *late* when what it brings is older than events may be. One that
never had a record is absent, and nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from events import FAMILIES

if TYPE_CHECKING:
    from streams.merge import Merge

#: s without a record after which a feed is silent; families that are not here may be so for ever.
SILENT_AFTER = {"gps": 60.0, "session": 600.0, "orders": 600.0, "app": 600.0}
BEHIND_AFTER = 10.0
#: A feed that flows is missed after so many times its longest pause, and not before so many seconds.
PAUSES, AT_LEAST = 5, 5.0
#: It flows when in each of the last two periods (s) there was no pause longer than this part of one: a crowd that logs in at eight is no flow.
PERIOD, PART = 120.0, 0.1
#: The families that may flow: of others nothing for minutes is no news.
MAY_FLOW = ("gps", "orders")
#: How much the newest counts of what is usual.
NEWEST = 0.05


@dataclass(frozen=True)
class Limits:
    """In s. `silent_after` by family; 0, or none: off. `late_after`: by how much what a feed brings may be older than stream time."""

    silent_after: Mapping[str, float] = field(default_factory=lambda: dict(SILENT_AFTER))
    behind_after: float = BEHIND_AFTER
    late_after: float = 120.0


class Sick(NamedTuple):
    """Why a feed can't be relied on, and up to when (s of event time) it is known."""

    why: str
    known: float


class _Feed:
    """What is noted of one family. `seen`: the last sign of it when it was frozen, or we came up with it frozen: another one has to come; `mark`: an end that is not reached yet, and when (s) it was seen; `delay`, `usual`: how much older than stream time its
    newest event was when it went, and is in general; `pauses`: the longest of the two periods before this one, and of this one, which `began`."""

    __slots__ = ("began", "came", "delay", "family", "handed", "mark", "pauses", "seen", "usual")

    def __init__(self, family: str) -> None:
        self.family, self.came, self.began, self.pauses = family, -inf, -inf, (inf, inf, inf)
        self.mark: tuple[float, int] | None = None
        self.seen: tuple[float, float] | None = None
        self.handed, self.delay, self.usual = -inf, 0.0, 0.0

    def fetched(self, wall: float) -> None:
        if self.came == -inf:
            self.began, self.pauses = wall, (inf, inf, 0.0)
        before, last, longest = self.pauses
        longest = max(longest, wall - self.came) if self.came > -inf else 0.0
        if wall >= self.began + PERIOD:
            before, last, longest, self.began = last, longest, 0.0, wall
        self.pauses, self.came = (before, last, longest), max(self.came, wall)

    def patience(self, silent_after: float) -> float:
        """After how long (s) without a record it is silent."""
        if self.family not in MAY_FLOW:
            return silent_after
        before, last, _ = self.pauses
        longest = max(before, last)
        return min(silent_after, max(AT_LEAST, PAUSES * longest)) if longest <= PERIOD * PART else silent_after


class Health:
    """Of the families (by their numbers in `merge`) of one partition."""

    def __init__(self, families: Sequence[str], limits: Limits, merge: Merge) -> None:
        self._limits, self._merge = limits, merge
        self._feeds = [_Feed(family) for family in families]
        self._numbers = {family: n for n, family in enumerate(families) if family in FAMILIES}

    def fetched(self, number: int, wall: float) -> None:
        """Records of a family came."""
        self._feeds[number].fetched(wall)

    def going(self, stream_time: float, hung: frozenset[str]) -> None:
        """Events were taken out of the merge, to be handed on now: how much older than stream time is what each family brings?"""
        for family in hung:
            feed = self._feeds[number := self._numbers[family]]
            if (handed := self._merge.handed(number)) != feed.handed:
                feed.handed, feed.delay = handed, max(stream_time - handed, 0.0)

    def heard(self, families: Sequence[str]) -> dict[str, float]:
        """Up to when (s of event time) these are heard of."""
        return {family: self._merge.reached(self._numbers[family]) for family in families}

    def flowing(self, hung: frozenset[str]) -> list[str]:
        """The feeds that come so steadily that their next record is worth waiting for."""
        return [f for f in hung if (feed := self._feeds[self._numbers[f]]).handed > -inf and 0 < feed.patience(self._limit(f)) < self._limit(f)]

    def _limit(self, family: str) -> float:
        return self._limits.silent_after.get(family, 0.0)

    def look(self, wall: float, stream_time: float, newest: Mapping[str, float], hung: frozenset[str], frozen: Mapping[str, float]) -> dict[str, Sick]:
        """The feeds, of those that rules hang on, that can't be relied on now. `newest`: when (s) the whole topic last had a record; `frozen`: those that
        could not be relied on before."""
        found = {}
        for family in hung:
            feed = self._feeds[number := self._numbers[family]]
            self._note(feed, number, wall, frozen=family in frozen)
            if feed.seen is None and family in frozen:
                feed.seen = max(feed.came, newest.get(family, -inf)), feed.handed
            why = self._why(feed, number, wall, stream_time, newest.get(family, -inf), frozen=family in frozen)
            if family not in frozen:
                feed.seen = (max(feed.came, newest.get(family, -inf)), feed.handed) if why else None
            if why:
                found[family] = Sick(why, min(feed.handed if feed.handed > -inf else max(feed.came, newest.get(family, -inf)), stream_time))
        return found

    def _note(self, feed: _Feed, number: int, wall: float, *, frozen: bool) -> None:
        reached, end = self._merge.applied(number), self._merge.end(number)
        if feed.mark is None or reached >= feed.mark[1]:
            feed.mark = (wall, end) if end is not None and reached < end else None
        if not frozen:
            feed.usual += (feed.delay - feed.usual) * NEWEST

    def _why(self, feed: _Feed, number: int, wall: float, stream_time: float, newest: float, *, frozen: bool) -> str:
        limits, last, limit = self._limits, max(feed.came, newest), self._limit(feed.family)
        if last == -inf and not frozen:
            return ""
        if feed.mark is not None and wall - feed.mark[0] > limits.behind_after and stream_time - self._merge.reached(number) > limits.behind_after:
            return "behind"
        if limit and wall - last > feed.patience(limit):
            return "silent"
        if frozen and feed.seen == (last, feed.handed):
            return "silent"
        most = max(limits.behind_after, 2 * feed.usual) if frozen else max(limits.late_after, 3 * feed.usual)
        return "late" if feed.delay > most else ""
