"""Many partners on one straight way: stream time, timers and `step` for all partners of one partition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from math import inf
from typing import Any

from events.structs import Erased, Tick
from segments.state import PartnerState
from training_rules.engine import NOTHING, finish, fire, remember, step
from training_rules.house import House
from training_rules.rules import Rules

#: The time an event is ordered by (s), the event, the number of its source, its offset.
Entry = tuple[float, Any, int, int]


class Corridor:
    """`feed` events in the order in which they are handed on; `advance` when time passes without one.

    `stream_time` is the highest event time handed on, or what `advance` set (s since the epoch). Timers of any partner that are due by then fire
    before the event that brought it. `house` is what the partners share. `dirty` holds the ids of the partners changed since it was last cleared;
    `wakes` counts the partners that were looked at because time had come. `erased` holds the ids of partners who were erased and of whom the
    offsets are still kept (ADR 31); `outlived` counts the events from before an erasure that came after it.
    """

    def __init__(
        self, rules: Rules, partners: dict[str, PartnerState] | None = None, stream_time: float = -inf, house: House | None = None
    ) -> None:
        self.rules, self.stream_time, self.house = rules, stream_time, house or House()
        self.partners: dict[str, PartnerState] = {} if partners is None else partners
        self.dirty: set[str] = set()
        self.wakes = self.outlived = 0
        self.erased: set[str] = set()
        self._alarms: list[tuple[float, str]] = []
        self.house.remember(self.partners.values(), rules)
        for state in self.partners.values():
            state.house = self.house
            self.watch(state)
            if nobody(state):
                self.erased.add(state.partner_id)

    def watch(self, state: PartnerState) -> None:
        """Note when a partner that was put into `partners` wants to be woken."""
        if state.next_due < state.alarm:
            state.alarm = state.next_due
            heappush(self._alarms, (state.alarm, state.partner_id))

    @property
    def next_due(self) -> float:
        """When the next timer of any partner may be due; inf when there is none."""
        return self._alarms[0][0] if self._alarms else inf

    def feed(self, event: Any, source: str = "", offset: int = -1) -> Sequence[Any]:
        """Apply one event. With `source` (a topic) an offset at or below the last one applied from it is skipped: replays do no harm."""
        t, partner_id, out = event.occurred_at, event.partner_id, NOTHING
        if t > self.stream_time:
            out = self.advance(t)
        state = self.partners.get(partner_id)
        if state is None:
            state = self.partners[partner_id] = self.rules.new_state(partner_id)
            state.house = self.house
        if source:
            if offset <= state.applied.get(source, -1):
                return out
            state.applied[source] = offset
        if t < state.profile_at and nobody(state):
            self.outlived += 1
            return out
        if t < self.stream_time and state.now < self.stream_time:
            step(state, Tick(self.stream_time), self.rules)
        decided = step(state, event, self.rules)
        self.dirty.add(partner_id)
        self.watch(state)
        if not decided:
            return out
        return [*out, *decided] if out else decided

    def feed_all(self, entries: Iterable[Entry], sources: Sequence[str]) -> list[Any]:
        """`feed` for many: `(time it is ordered by, event, number of its source, offset)` each, in the order in which they go.

        Written for the event that most are: in order, of a known partner, before anybody's next timer. All others go by way of `feed`.
        """
        partner, handlers, deduped = self.partners.get, self.rules.handlers, self.rules.deduped
        changed, alarms, out = self.dirty.add, self._alarms, list[Any]()
        now, alarm = self.stream_time, self.next_due
        for _, event, source, offset in entries:
            t, state = event.occurred_at, partner(event.partner_id)
            if state is None or not (state.now < t and now <= t < alarm):
                self.stream_time = now
                out += self.feed(event, sources[source], offset)
                now, alarm = self.stream_time, self.next_due
                continue
            now, name = t, sources[source]
            if offset <= state.applied.get(name, -1):
                continue
            state.applied[name] = offset
            state.now, kind = t, event.__class__
            if kind in deduped:
                remember(state, event.event_id, t, self.rules)
            found = handlers[kind](state, event, t, t)
            changed(event.partner_id)
            if found is not None:
                out += finish(state, t, found, event.event_id, self.rules)
            if state.next_due < state.alarm:
                self.watch(state)
                alarm = alarms[0][0]
        self.stream_time = now
        return out

    def forget(self, partner_id: str, at: float, source: str, offset: int) -> Sequence[Any]:
        """Erase a partner, `at` (s): what happened before that and comes later brings nobody back. What stays for a while are the offsets applied, so
        that events from before are not taken for new ones when they are read again. Stream time does not move."""
        known = self.partners.get(partner_id)
        applied = {} if known is None else known.applied
        if offset <= applied.get(source, -1):
            return NOTHING
        if known is not None:
            self.house.forget(known, self.rules)
        state = self.partners[partner_id] = self.rules.new_state(partner_id)
        state.house, state.applied = self.house, {**applied, source: offset}
        state.profile_at = at
        self.dirty.add(partner_id)
        self.erased.add(partner_id)
        return (Erased(partner_id, at),)

    def bury(self, ids: Iterable[str]) -> None:
        """Keep nothing more of partners who were erased."""
        for partner_id in ids:
            del self.partners[partner_id]
            self.erased.discard(partner_id)

    def advance(self, to: float) -> Sequence[Any]:
        """Stream time has come to `to`: fire the timers due by then, oldest first."""
        self.stream_time = max(self.stream_time, to)
        if not self._alarms or self._alarms[0][0] > to:
            return NOTHING
        out: list[Any] = []
        while self._alarms and self._alarms[0][0] <= to:
            due, partner_id = heappop(self._alarms)
            state = self.partners.get(partner_id)
            if state is not None and state.alarm == due:
                state.alarm = inf
                out += self._wake(state, due)
        return out

    def _wake(self, state: PartnerState, due: float) -> Sequence[Any]:
        out = NOTHING
        state.next_due = min(state.dues, default=inf)
        if state.next_due <= due:
            self.wakes += 1
            out = step(state, Tick(due), self.rules) if due > state.now else _overdue(state, due, self.rules)
            self.dirty.add(state.partner_id)
        self.watch(state)
        return out


def nobody(state: PartnerState) -> bool:
    """Whether this is what stays of an erased partner who has not been heard of since: the offsets applied and, as `profile_at`, when it was."""
    return state.now == -inf


def _overdue(state: PartnerState, due: float, rules: Rules) -> Sequence[Any]:
    """A timer that was set for a moment at which the partner's own time already stands."""
    return fire(state, due, rules)
