"""Events of several families, one partition number, in order of event time. Pure: the clock is an argument.

The family whose head is lowest goes next. A family with an empty buffer whose position is below its end is waited for, up to `wait` seconds; one
that has been read to its end is not. Nor is one that has been read as far as it was written when the event came: in a live stream there is always something
on its way. Within a family the order of offsets stands: a late event goes right after what stands before it.

Heads are not compared one by one. What may go is cut off each buffer (bisection) and sorted in one go: the pieces are sorted runs, which
Python's sort merges with few comparisons.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Collection, Sequence
from itertools import accumulate, repeat
from math import inf
from operator import itemgetter
from typing import Any

from training_rules.corridor import Entry

#: How many events of one family go at a time. Bounds what is done between two looks at anything else.
CHUNK = 500

_AT, _OFFSET, _PLACE = itemgetter(0), itemgetter(2), itemgetter(0, 1)


class _Buffer:
    """What was fetched of one family and has not gone yet."""

    __slots__ = ("asked", "empty_since", "end", "ends", "entries", "for_all", "handed", "heard", "known", "position", "sealed", "skipped")

    def __init__(self, *, for_all: bool = False) -> None:
        self.for_all = for_all
        self.entries: list[Entry] = []
        self.ends: deque[tuple[float, int]] = deque()  # (when first heard, end), as the end grew
        self.known: deque[tuple[int, list[float]]] = deque()  # (offset after a batch, how far the families were written when it came)
        self.sealed = -1  # up to this offset nobody is waited for
        self.position = -1
        self.handed = -inf
        self.end: int | None = None
        self.asked = True
        self.heard = -inf
        self.empty_since: float | None = None
        self.skipped = False

    @property
    def behind(self) -> bool:
        """More is known to come, or nothing is known (any more)."""
        return self.end is None or self.position < self.end or not self.asked

    @property
    def written(self) -> float:
        """How far it is known to be written."""
        return inf if self.end is None or not self.asked else self.end

    def hear(self, end: int | None, at: float, *, asked: bool) -> None:
        self.end, self.heard, self.asked = end, at, asked
        if end is not None and (not self.ends or end > self.ends[-1][1]):
            self.ends.append((at, end))

    def known_by(self, moment: float) -> int:
        """How many entries, from the first, were known to be written at that moment."""
        ends = self.ends
        while len(ends) > 1 and ends[1][0] <= moment:
            ends.popleft()
        return bisect_left(self.entries, ends[0][1], key=_OFFSET) if ends and ends[0][0] <= moment else 0


class Merge:
    """Buffers of one partition number's families, by number. At equal times the lower number goes first.

    `wait`: for how long (s) a family that is behind is waited for. `settle`: by how much (s) the news that a family has no more must be younger
    than the news that an event which it lets pass was written, None when any news will do. (Producers write topic after topic: "nothing more" may be
    true of a topic only because it was not written yet.) `for_all`: the numbers of sources whose events concern all partners. They don't go with the
    others: nothing passes the first of them, and it goes by itself (`head`, `turn`, `passed`).
    """

    def __init__(self, families: int, *, wait: float, settle: float | None = None, chunk: int = CHUNK, for_all: Collection[int] = ()) -> None:
        self._wait, self._settle, self._chunk = wait, settle, chunk
        self._buffers = [_Buffer(for_all=number in for_all) for number in range(families)]
        self._for_all = sorted(for_all)
        self.timeouts = 0

    def begin(self, family: int, position: int) -> None:
        """Where the reading of a family begins."""
        self._buffers[family].position = position

    def put(self, family: int, events: Sequence[Any], offsets: Sequence[int], position: int, now: float) -> None:
        """Take events (with `occurred_at`) in order of offset. `position`: the offset after the batch; `now`: monotonic seconds."""
        buffer = self._buffers[family]
        entries, times = buffer.entries, [event.occurred_at for event in events]
        if times and (times[0] < (top := entries[-1][0] if entries else -inf) or times != sorted(times)):
            times = list(accumulate(times, max, initial=top))[1:]  # a late event goes right after what stands before it
        entries += zip(times, repeat(family), offsets, events, strict=False)
        if events:
            buffer.skipped, buffer.empty_since = False, None
            if self._settle is None:
                ends = [b.written for b in self._buffers]
                ends[family] = -1
                buffer.known.append((position, ends))
        buffer.position = position

    def heard(self, family: int, end: int | None, at: float, *, asked: bool = True) -> None:
        """The broker said at `at` (monotonic seconds) that the next offset to be written is `end`. `asked`: whether it is being asked now: what is
        held back is not, and news of it would grow old."""
        self._buffers[family].hear(end, at, asked=asked)

    def held(self, family: int) -> int:
        """How many events of a family are held."""
        return len(self._buffers[family].entries)

    def applied(self, family: int) -> int:
        """The lowest offset that has not gone: what a commit may say. -1 before anything is known."""
        buffer = self._buffers[family]
        return buffer.entries[0][2] if buffer.entries else buffer.position

    @property
    def holds(self) -> bool:
        """Whether anything is held."""
        return any(b.entries for b in self._buffers)

    @property
    def caught_up(self) -> bool:
        """All families are read to their ends, and nothing is held but what concerns all partners and whose time has not come."""
        return not any((b.entries and not b.for_all) or b.behind for b in self._buffers)

    def caught_up_but(self, families: Collection[int]) -> bool:
        """The same, whatever some families do."""
        return not any((b.entries and not b.for_all) or b.behind for n, b in enumerate(self._buffers) if n not in families)

    def handed(self, family: int) -> float:
        """The time (s) by which the last event of a family that went was ordered; -inf before any did."""
        return self._buffers[family].handed

    def reached(self, family: int) -> float:
        """Up to when (s) all events of a family that were fetched went: the next that is held is no earlier."""
        buffer = self._buffers[family]
        return max(buffer.entries[0][0], buffer.handed) if buffer.entries else buffer.handed

    def end(self, family: int) -> int | None:
        """The next offset to be written of a family, as last heard."""
        return self._buffers[family].end

    def position(self, family: int) -> int:
        """The offset up to which a family was put in; -1 before anything is known."""
        return self._buffers[family].position

    # -- what concerns all partners

    @property
    def head(self) -> Entry | None:
        """The first that is held of what concerns all partners."""
        return min((entries[0] for n in self._for_all if (entries := self._buffers[n].entries)), key=_PLACE, default=None)

    def turn(self, now: float) -> Entry | None:
        """The same, when `take` gave nothing because all that is before it has gone, and something after it could go. `now`: monotonic seconds."""
        head, others = self.head, [b for b in self._buffers if b.entries and not b.for_all]
        if head is None or any(_PLACE(b.entries[0]) < _PLACE(head) for b in others):
            return None
        in_order = not self._waiting(now) and any(window for b, window in zip(self._buffers, self._windows(), strict=True) if not b.for_all)
        return head if in_order or any(map(self._seal, others)) else None

    def passed(self, entry: Entry) -> None:
        """The head was taken up."""
        del self._buffers[entry[1]].entries[0]

    def take(self, now: float) -> list[Entry]:
        """What may go now, in order; empty while something is waited for, or nothing is held. `now`: monotonic seconds."""
        if not self.holds:
            return []
        return (() if self._waiting(now) else self._in_order()) or self._settled()

    def _in_order(self) -> list[Entry]:
        windows = self._windows()
        return self._cut(windows, self._bound(windows))

    def _settled(self) -> list[Entry]:
        """Events for which nobody is waited for any more."""
        windows = [min(self._seal(b), self._chunk) for b in self._buffers]
        bounds = [(b.entries[n][0], family) for family, (b, n) in enumerate(zip(self._buffers, windows, strict=True)) if n < len(b.entries) and not b.for_all]
        return self._cut(windows, min([*bounds, *self._place_of_head()], default=None))

    def _seal(self, buffer: _Buffer) -> int:
        """How many entries, from the first, came when no family was written further than it has been read by now."""
        known = buffer.known
        while known and all(b.position >= end for b, end in zip(self._buffers, known[0][1], strict=True)):
            buffer.sealed = known.popleft()[0]
        return bisect_left(buffer.entries, buffer.sealed, key=_OFFSET)

    def _waiting(self, now: float) -> bool:
        """Whether a family that is behind has an empty buffer, and its time is not over."""
        waits = [self._awaited(b, now) for b in self._buffers]  # all of them: each has its own clock
        return any(waits)

    def _awaited(self, buffer: _Buffer, now: float) -> bool:
        if buffer.entries or not buffer.behind:
            buffer.empty_since = None
            return False
        if buffer.skipped:
            return False
        if buffer.empty_since is None:
            buffer.empty_since = now
        if now - buffer.empty_since < self._wait:
            return True
        buffer.skipped = True  # until it brings something
        self.timeouts += 1
        return False

    def _windows(self) -> list[int]:
        """How many entries of each family may go at all."""
        news = min((b.heard for b in self._buffers if not b.behind), default=inf)
        return [self._window(b, news) for b in self._buffers]

    def _window(self, buffer: _Buffer, news: float) -> int:
        """The same of one."""
        known = len(buffer.entries) if self._settle is None else buffer.known_by(news - self._settle)
        return min(known, self._chunk)

    def _bound(self, windows: list[int]) -> tuple[float, int] | None:
        """Up to where order is certain: the first (time, family) that may not go, or that is the last one known of a family that is behind."""
        bounds = [
            (b.entries[min(n, len(b.entries) - 1)][0], family)
            for family, (b, n) in enumerate(zip(self._buffers, windows, strict=True))
            if b.entries and (n < len(b.entries) or b.behind) and not b.for_all
        ]
        return min([*bounds, *self._place_of_head()], default=None)

    def _place_of_head(self) -> list[tuple[float, int]]:
        """What nothing passes, if there is any."""
        return [_PLACE(head)] if (head := self.head) is not None else []

    def _cut(self, windows: list[int], bound: tuple[float, int] | None) -> list[Entry]:
        out: list[Entry] = []
        pieces = 0
        for family, (buffer, window) in enumerate(zip(self._buffers, windows, strict=True)):
            count = 0 if buffer.for_all else _before(buffer.entries, window, family, bound)
            if count:
                out += buffer.entries[:count]
                buffer.handed = buffer.entries[count - 1][0]
                del buffer.entries[:count]
                pieces += 1
        if pieces > 1:
            out.sort()
        return out


def _before(entries: list[Entry], window: int, family: int, bound: tuple[float, int] | None) -> int:
    """How many of the first `window` entries go before the bound. The family that is the bound itself gives its whole window."""
    if bound is None or bound[1] == family:
        return window
    find = bisect_right if family < bound[1] else bisect_left
    return find(entries, bound[0], 0, window, key=_AT)
