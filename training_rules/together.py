"""What partners make together, in one corridor: figures that concern all of them are taken up, and all is counted at moments of stream time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappush
from math import inf
from typing import TYPE_CHECKING, Any

from events.structs import Outdated, Tick
from segments.crowd import LAST
from training_rules.engine import NOTHING, step
from training_rules.storing import Alarm

if TYPE_CHECKING:
    from training_rules.corridor import Corridor

#: Told of a moment (s of stream time) at which all is to be counted: the last of that kind, and this.
Counts = Callable[[float, float], None]


class Together:
    """`alarms`: the corridor's; what is asked for here stands among them without a partner, and comes back by `come_to`."""

    def __init__(self, corridor: Corridor, alarms: list[Alarm]) -> None:
        self._corridor, self._alarms = corridor, alarms
        self._counts: Counts | None = None
        self._every, self._next_count = inf, inf
        self._last_count: float | None = None

    def announce(self, event: Any, source: str = "") -> Sequence[Any]:
        """Take figures up, now that stream time has come to theirs: those whose conditions read what changed are looked at.
        A partner who has them applied already, by the last offset handed on from `source`, is not."""
        corridor = self._corridor
        now, offset = max(corridor.stream_time, event.occurred_at), corridor.handed.last.get(source, -1)
        corridor.stream_time = now
        whom = corridor.house.crowd.take(event, now, {name: cohort.thresholds for name, cohort in corridor.rules.cohorts.items()})
        heappush(self._alarms, (now + LAST, ""))
        return self._look_at(whom, event, now, source, offset)

    def come_to(self, due: float) -> Sequence[Any]:
        """A moment that concerns no single partner: figures grow old, or all is counted."""
        if self._counts is not None and due == self._next_count:
            if due:
                self._counts(due - self._every if self._last_count is None else self._last_count, due)
                self._last_count = due
            stream_time = self._corridor.stream_time
            self._count_at(max(due + self._every, stream_time // self._every * self._every))  # of those that time passed over, the last
        whom = self._corridor.house.crowd.outdated(due)
        return self._look_at(whom, Outdated(f"@{due:.3f}", due), due) if whom else NOTHING

    def _look_at(self, whom: Iterable[str], event: Any, now: float, source: str = "", offset: int = -1) -> list[Any]:
        """`now`: the moment that is due. Where stream time is later already, timers between the two must not go yet."""
        corridor, out = self._corridor, list[Any]()
        for who in whom if event.__class__ in corridor.rules.handlers else ():
            state = corridor.get(who)
            if state is None or who in corridor.partners.erased or (source and offset <= state.applied.get(source, -1)):
                continue
            corridor.changes(state)
            if event.occurred_at < now and state.now < now:
                out += step(state, Tick(now), corridor.rules)
            out += step(state, event, corridor.rules)
            corridor.watch(state)
        return out

    # -- counting

    def count_every(self, seconds: float, told: Counts) -> None:
        """Have `told(since, at)` called whenever stream time comes to a multiple of so many seconds, before the first event of then; of several that it passes over in
        one go, for the first and the last. `since`: when it was called last."""
        self._every, self._counts, now = seconds, told, self._corridor.stream_time
        self._count_at((now // seconds + 1) * seconds if now > -inf else 0.0)

    def _count_at(self, at: float) -> None:
        self._next_count = at
        heappush(self._alarms, (at, ""))

    def count_from_states(self) -> None:
        """Who reads which figures, and who is online where, as the states say."""
        house = self._corridor.house
        house.turnout.begin()
        for who, (context, online, zone, zone_at) in self._corridor.partners.beside():
            if context:
                house.crowd.remember(who, context)
            if online:
                house.turnout.remember(who, zone, zone_at)

    # -- from owner to owner

    def restore(self, kept: Any) -> None:
        """What `kept` said when the last owner stopped."""
        house, (figures, offers) = self._corridor.house, kept
        house.crowd.restore(figures)
        house.turnout.restore(offers)
        for end in house.crowd.ends():
            heappush(self._alarms, (end, ""))

    def kept(self) -> Any:
        """What of the crowd the next owner has to know beside the states, as plain data."""
        house = self._corridor.house
        return house.crowd.kept(), house.turnout.kept()
