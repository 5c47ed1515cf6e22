"""What is known of one partner, from the list of everything that was applied: no window is kept, no sum carried on.

A value is None where it is unknown. Times are seconds since the epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from geopy.distance import great_circle

from rulebook.model import Point
from tests.reference.world import World

FRESH, FAST, FAST_FRESH = 300.0, 3.0, 60.0
DAY, FEW, PARTS, MOST = 86400.0, 256, 128, 5000
HOLDING = ("sum", "avg", "distinct", "p50", "p90")


@dataclass
class Element:
    """One element of an aggregate: when it happened, its value, and the day and session in which it was applied."""

    t: float
    value: Any
    day: float
    session: float


@dataclass
class Partner:
    """`facts` holds the applied events that state plain facts, `elements` those of each aggregate (by its text);
    `in_parts` are the aggregates whose window was longer than a day and held too much to be exact."""

    partner_id: str
    world: World = field(default_factory=World)
    facts: list[Any] = field(default_factory=list)
    sessions: list[Any] = field(default_factory=list)
    elements: dict[str, list[Element]] = field(default_factory=dict)
    in_parts: set[str] = field(default_factory=set)
    newest: dict[str, float] = field(default_factory=dict)
    applied: dict[str, float] = field(default_factory=dict)
    members: dict[str, bool] = field(default_factory=dict)
    since: dict[str, float | None] = field(default_factory=dict)
    holds: dict[str, list[Any] | None] = field(default_factory=dict)
    rows: dict[Any, list[list[Any]]] = field(default_factory=dict)
    waits: dict[str, list[list[Any]]] = field(default_factory=dict)
    ends: dict[str, list[list[Any]]] = field(default_factory=dict)
    partial: dict[str, list[list[Any]]] = field(default_factory=dict)
    unused: dict[str, list[list[Any]]] = field(default_factory=dict)
    own_sends: dict[str, list[float]] = field(default_factory=dict)
    left_out: dict[str, tuple[float, str]] = field(default_factory=dict)
    sends: list[float] = field(default_factory=list)
    episodes: dict[str, list[list[Any]]] = field(default_factory=dict)
    queued: Any = None
    waiting: dict[str, Any] = field(default_factory=dict)
    unshown: list[Any] = field(default_factory=list)

    # -- facts: the newest by event time counts, of two of the same time the one applied first

    def apply(self, e: Any) -> None:
        """A log-in or log-out that is older than the newest one is no news."""
        if e.type in ("logged_in", "logged_out"):
            if self.sessions and e.occurred_at < self.sessions[-1].occurred_at:
                return
            self.sessions.append(e)
        self.facts.append(e)

    def latest(self, *kinds: str, having: str = "") -> Any:
        found = [e for e in self.facts if e.type in kinds and (not having or getattr(e, having) is not None)]
        return max(found, key=lambda e: e.occurred_at, default=None)

    @property
    def profile(self) -> Any:
        """Of two of the same time the one applied later: the topic is compacted."""
        found = [e for e in self.facts if e.type == "profile_updated"]
        return max(reversed(found), key=lambda e: e.occurred_at, default=None)

    def of_profile(self, name: str) -> Any:
        return getattr(self.profile, name) if self.profile is not None else None

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.of_profile("time_zone") or "UTC")

    def local(self, now: float) -> datetime:
        return datetime.fromtimestamp(now, self.zone_info)

    def midnight(self, now: float) -> float:
        return datetime.combine(self.local(now).date(), time(), self.zone_info).timestamp()

    def next_midnight(self, now: float) -> float:
        return datetime.combine(self.local(now).date() + timedelta(days=1), time(), self.zone_info).timestamp()

    def clock_shows(self, now: float, seconds: float) -> float:
        """The next full minute at which the wall clock comes to `seconds` after midnight, or has jumped over them."""
        at = now // 60 * 60
        while True:
            before, at = self.clock(at), at + 60
            if before < seconds <= self.clock(at):
                return at

    def clock(self, now: float) -> float:
        at = self.local(now)
        return at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6

    def joined(self) -> float | None:
        joined = self.of_profile("joined_on")
        return None if joined is None else datetime.combine(date.fromisoformat(joined), time(), self.zone_info).timestamp()

    def stretches(self, until: float) -> list[tuple[float, float]]:
        """When the partner was online."""
        found: list[tuple[float, float]] = []
        began: float | None = None
        for e in self.sessions:
            if e.type == "logged_in" and began is None:
                began = e.occurred_at
            elif e.type == "logged_out" and began is not None:
                found.append((began, e.occurred_at))
                began = None
        return found if began is None else [*found, (began, until)]

    def session_start(self) -> float:
        """The log-in that began the newest session."""
        starts, on = [-math.inf], False
        for e in self.sessions:
            if e.type == "logged_in" and not on:
                starts.append(e.occurred_at)
            on = e.type == "logged_in"
        return starts[-1]

    def open_orders(self) -> set[str]:
        """Accepted, and not closed at or after that."""
        accepted = [e for e in self.facts if e.type == "order_accepted"]
        closed = [e for e in self.facts if e.type in ("order_delivered", "order_cancelled")]
        return {a.order_id for a in accepted if not any(c.order_id == a.order_id and c.occurred_at >= a.occurred_at for c in closed)}

    def fix(self, now: float) -> Any:
        found = self.latest("position")
        return found if found is not None and now - found.occurred_at <= FRESH else None

    def riding(self, now: float) -> bool:
        fix = self.latest("position")
        fast = fix is not None and fix.speed is not None and fix.speed > FAST and now - fix.occurred_at <= FAST_FRESH
        return bool(self.open_orders()) or fast

    def fact(self, name: str, now: float) -> Any:
        """A name that needs no definition."""
        match name:
            case "tenure":
                joined = self.joined()
                return None if joined is None else now - joined
            case "online":
                return self.sessions[-1].type == "logged_in" if self.sessions else None
            case "on_order":
                return bool(self.open_orders())
            case "riding":
                return self.riding(now)
            case "speed":
                fix = self.fix(now)
                return None if fix is None else fix.speed
            case "zone":
                seen = self.latest("position", "logged_in", having="zone")
                return seen.zone if seen is not None and now - seen.occurred_at <= FRESH else None
            case "home_zone":
                return self.of_profile("zone")
            case "online_today":
                start = self.midnight(now)
                return sum(max(0.0, end - max(begin, start)) for begin, end in self.stretches(now))
            case "zone_demand" | "zone_gap":
                found = self.world.zone(self.demand_zone(now), now)
                return None if found is None else found.level if name == "zone_demand" else found.gap
            case _:
                return self.of_profile(name)

    def demand_zone(self, now: float) -> str | None:
        """The zone whose demand concerns the partner."""
        zone: str | None = self.fact("zone" if self.fact("online", now) else "home_zone", now)
        return zone

    def place(self, function: str, places: Any, now: float) -> Any:
        """`distance_to`, `nearest`, `inside` of a group of points and rings."""
        fix = self.fix(now)
        if fix is None:
            return None
        if function == "inside":
            return any(_inside(p.corners, fix.lat, fix.lon) for p in places if not isinstance(p, Point))
        far = [(great_circle((p.lat, p.lon), (fix.lat, fix.lon), radius=6371.0088).km, p.name) for p in places]
        return min(far)[0] if function == "distance_to" else min(far)[1]

    # -- aggregates

    def add(self, key: str, window: Any, function: str, element: Element, now: float) -> None:
        """One more element. A window longer than a day that holds more than a few is in parts from now on, until it is empty."""
        elements = self.elements.setdefault(key, [])
        if window.kind != "sliding" or function in ("min", "max", "last"):
            elements.append(element)
            return
        elements[:] = [e for e in elements if self.leaves(key, e.t, window.size) > now]
        if not elements:
            self.in_parts.discard(key)
        if self.leaves(key, element.t, window.size) > now:
            elements.append(element)
        if is_long(window, function):
            if len(elements) > FEW:
                self.in_parts.add(key)
        elif function in HOLDING and len(elements) > MOST:
            elements.remove(min(elements, key=lambda e: e.t))

    def leaves(self, key: str, t: float, window: float) -> float:
        """When an element leaves a sliding window; those of one part leave together."""
        width = window / PARTS
        return (t // width + 1) * width + window if key in self.in_parts else t + window

    def in_window(self, key: str, window: Any, function: str, now: float) -> list[Any]:
        """The values of an aggregate's window at `now`, in order of time."""
        elements = self.elements.get(key, [])
        match window.kind:
            case "sliding":
                alive = [e for e in elements if self.leaves(key, e.t, window.size) > now]
            case "today":
                alive = [e for e in elements if e.day == self.midnight(now) and e.t >= e.day]
            case "session":
                alive = [e for e in elements if e.session == self.session_start() and e.t >= e.session]
            case "last":
                alive = sorted(elements, key=lambda e: e.t)[-int(window.size) :]
            case _:
                alive = elements
        if function in ("p50", "p90"):
            alive = alive[-MOST:]
        return [e.value for e in sorted(alive, key=lambda e: e.t)]


def is_long(window: Any, function: str) -> bool:
    """Whether only a few elements of the window are held one by one."""
    return bool(window.kind == "sliding" and window.size > DAY and function in ("count", "sum", "avg"))


def aggregate(function: str, values: list[Any]) -> Any:
    match function:
        case "count":
            return len(values)
        case "sum":
            return sum(values)
        case "distinct":
            return min(len(set(values)), MOST)
        case _ if not values:
            return None
        case "avg":
            return sum(values) / len(values)
        case "min" | "max":
            return min(values) if function == "min" else max(values)
        case "last":
            return values[-1]
        case _:
            share = 0.5 if function == "p50" else 0.9
            return next(float(v) for v in sorted(values) if sum(x <= v for x in values) >= share * len(values))


def _inside(corners: Any, lat: float, lon: float) -> bool:
    """In a rectangle that lies along the axes: all that the reference is asked about."""
    lats, lons = [c[0] for c in corners], [c[1] for c in corners]
    return min(lats) < lat < max(lats) and min(lons) < lon < max(lons)
