"""Where and when for a partner: their local day, hour and zone, as events tell it; and on which days they were at work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from events.structs import STRUCTS
from segments.clock import DEFAULT_ZONE, day_of, zone_info

_Position, _LoggedIn, _Profile = STRUCTS["position"], STRUCTS["logged_in"], STRUCTS["profile_updated"]
_TELLING = {_Position, _LoggedIn, _Profile}
UNKNOWN = "unknown"


class Place(NamedTuple):
    """The zone last told of a partner, and the name of their time zone."""

    zone: str = UNKNOWN
    time_zone: str = DEFAULT_ZONE


NOWHERE = Place()


class Places:
    """Takes the events of one partition by slices. Between `take` and `settle` it knows where each partner was at each moment of the slice."""

    def __init__(self) -> None:
        self._now: dict[str, Place] = {}
        self._moves: list[tuple[float, str, Place]] = []
        self._days: dict[str, tuple[float, float]] = {}
        self._active: dict[str, int] = {}
        self._dates: dict[tuple[float, float], int] = {}
        self._first = 0

    def take(self, events: Sequence[Any]) -> None:
        """Note who moved, and who was at work on a day that is new of them."""
        days, telling = self._days, _TELLING
        latest: dict[str, Place] = {}
        for event in events:
            who, at = event.partner_id, event.occurred_at
            if event.__class__ in telling:
                self._told(event, latest)
            day = days.get(who)
            if day is None or not day[0] <= at < day[1]:
                self._begin_day(who, at, (latest.get(who) or self._now.get(who, NOWHERE)).time_zone)

    def _told(self, event: Any, latest: dict[str, Place]) -> None:
        who = event.partner_id
        before = latest.get(who) or self._now.get(who, NOWHERE)
        zone = event.zone if event.zone is not None else before.zone
        place = Place(zone, (event.time_zone or DEFAULT_ZONE) if event.__class__ is _Profile else before.time_zone)
        if place != before:
            latest[who] = place
            self._moves.append((event.occurred_at, who, place))
            if place.time_zone != before.time_zone:
                self._days.pop(who, None)

    def _begin_day(self, who: str, at: float, time_zone: str) -> None:
        day = self._days[who] = day_of(time_zone, at)
        number = self._dates.get(day) or self._dates.setdefault(day, datetime.fromtimestamp(at, zone_info(time_zone)).toordinal())
        self._first = self._first or number - 4000
        self._active[who] = self._active.get(who, 0) | 1 << max(0, number - self._first)

    def at(self, decisions: Iterable[Any]) -> Iterator[tuple[Any, Place]]:
        """Decisions of the slice, in order, each with where its partner was."""
        moves, here, upto = self._moves, dict[str, Place](), 0
        for decision in decisions:
            while upto < len(moves) and moves[upto][0] <= decision.decided_at:
                here[moves[upto][1]] = moves[upto][2]
                upto += 1
            yield decision, here.get(decision.partner_id) or self._now.get(decision.partner_id, NOWHERE)

    def settle(self) -> None:
        """The slice is over."""
        self._now |= {who: place for _, who, place in self._moves}
        self._moves.clear()

    @property
    def active_days(self) -> int:
        """On how many local days partners had events, of all partners together."""
        return sum(days.bit_count() for days in self._active.values())

    def was_active(self, who: str, day: date) -> bool:
        return bool(self._active.get(who, 0) >> max(0, day.toordinal() - self._first) & 1)
