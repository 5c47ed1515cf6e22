"""The plain facts about a partner that events state: online, where, on which order, profile. A last value is replaced only by a newer one.

All are the same when an event is applied twice, but for log-ins and log-outs, of which several may share a second: their ids are remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import inf, nextafter
from typing import Any

from segments import geo
from segments.clock import day_start, zone_info
from segments.state import MAX_ORDERS, PartnerState

FIX_FRESH, SPEED_FRESH, RIDING_SPEED = 300.0, 60.0, 3.0
PROFILE_FIELDS = ("city", "zone", "language", "vehicle", "time_zone", "consent", "first_name", "joined_on")
_CLOSED_FOR, _MANY_CLOSED, MOST_CLOSED, _LINGER = 600.0, 4, 256, 1.125
MOST_OPT_OUTS = 256
#: What stands before the name of a rule (none for all) where a state notes when its partner opted out.
OUT = "out:"


def logged_in(s: PartnerState, e: Any, t: float) -> None:
    if t < s.session_at:
        return
    if s.online is not True:
        s.online_before = online_today(s, t)
        s.session_start = s.online_since = t
    s.online, s.session_at = True, t
    if e.zone is not None and t > s.zone_at:
        s.zone, s.zone_at = e.zone, t


def logged_out(s: PartnerState, e: Any, t: float) -> None:
    if t < s.session_at:
        return
    s.online_before = online_today(s, t)  # of who is off already, too: a log-out that comes twice moves `session_at` into another day
    s.online, s.session_at = False, t


def order_accepted(s: PartnerState, e: Any, t: float) -> None:
    if s.closed and s.closed.get(e.order_id, -inf) >= t:
        return
    s.orders[e.order_id] = t
    if len(s.orders) > MAX_ORDERS:
        del s.orders[min(s.orders, key=s.orders.__getitem__)]
        s.drop()


def order_closed(s: PartnerState, e: Any, t: float) -> None:
    """Delivered or cancelled; remembered for as long as an acceptance from before may come, the newest `MOST_CLOSED`."""
    if s.orders.get(e.order_id, inf) <= t:
        del s.orders[e.order_id]
    if len(s.closed) >= _MANY_CLOSED and next(iter(s.closed.values())) <= t - _CLOSED_FOR * _LINGER:
        s.closed = {o: at for o, at in s.closed.items() if at > t - _CLOSED_FOR}
    s.closed[e.order_id] = max(t, s.closed.get(e.order_id, t))
    if len(s.closed) > MOST_CLOSED:
        s.closed = dict(list(s.closed.items())[MOST_CLOSED // 4 :])
        s.drop(MOST_CLOSED // 4)


def profile_updated(s: PartnerState, e: Any, t: float) -> None:
    if t < s.profile_at:
        return
    s.profile_at, time_zone = t, s.profile.get("time_zone")
    s.profile = {name: value for name in PROFILE_FIELDS if (value := getattr(e, name)) is not None}
    s.day_end = -inf
    s.unseen |= s.profile.get("time_zone") != time_zone  # the clock and `today` are others: all look
    if (joined := s.profile.pop("joined_on", None)) is not None:
        s.profile["joined_at"] = _midnight(joined, s.profile.get("time_zone"))


def _midnight(day: str, zone: str | None) -> float:
    return datetime.fromisoformat(str(day)).replace(tzinfo=zone_info(zone or "UTC")).timestamp()


def opted_out(s: PartnerState, e: Any, t: float) -> None:
    """Kept for good, also for a rule that is not there: it may come. Of more names than any set has the oldest goes; what is about all rules stays."""
    rule = e.rule or ""
    if rule in s.opted_out:
        return
    s.opted_out.append(rule)
    s.context[f"{OUT}{rule}"] = [t]
    if len(s.opted_out) > MOST_OPT_OUTS:
        oldest = next(name for name in s.opted_out if name)
        s.opted_out.remove(oldest)
        s.context.pop(f"{OUT}{oldest}", None)
        s.drop()


APPLY: dict[str, Callable[[PartnerState, Any, float], None]] = {
    "logged_in": logged_in, "logged_out": logged_out, "order_accepted": order_accepted,
    "order_delivered": order_closed, "order_cancelled": order_closed, "profile_updated": profile_updated, "opted_out": opted_out,
}  # fmt: skip


#: Most events are positions: theirs stands in the generated handler itself.
WRITTEN_OUT: dict[str, tuple[str, ...]] = {
    "position": (
        "if t > s.fix_at: s.fix_at, s.lat, s.lon, s.speed = t, e.lat, e.lon, e.speed",
        "if e.zone is not None and t > s.zone_at: s.zone, s.zone_at = e.zone, t",
    )
}


# -- reading: None is unknown


def tenure(s: PartnerState, now: float) -> float | None:
    joined = s.profile.get("joined_at")
    return None if joined is None else now - joined


def reaches(value: float | None, now: float, goal: float) -> float:
    """When a value that grows by one a second reaches `goal` or, if it stands there, passes it; inf when it has or is unknown. Never `now`, by whatever rounding."""
    if value is None or value > goal:
        return inf
    return max(now + (goal - value), nextafter(now, inf))


def online_today(s: PartnerState, now: float) -> float:
    """Seconds online since the partner's midnight."""
    start = day_start(s, now)
    if s.online:
        return (s.online_before if s.online_since >= start else 0.0) + now - max(s.online_since, start)
    return s.online_before if s.session_at >= start else 0.0


def order_at(s: PartnerState) -> float:
    """When an order was last accepted or closed; -inf where none is known of."""
    return max([*s.orders.values(), *s.closed.values()], default=-inf)


def riding(s: PartnerState, now: float) -> bool:
    return bool(s.orders) or (s.speed is not None and s.speed > RIDING_SPEED and now - s.fix_at <= SPEED_FRESH)


def speed(s: PartnerState, now: float) -> float | None:
    return s.speed if now - s.fix_at <= FIX_FRESH else None


def zone(s: PartnerState, now: float) -> str | None:
    return s.zone if now - s.zone_at <= FIX_FRESH else None


def distance_to(s: PartnerState, now: float, places: tuple[geo.Place, ...]) -> float | None:
    if now - s.fix_at > FIX_FRESH:
        return None
    return geo.km_to_any(places, s.lat, s.lon)


def nearest(s: PartnerState, now: float, places: tuple[geo.Place, ...]) -> str | None:
    return geo.nearest(places, s.lat, s.lon)[1] if now - s.fix_at <= FIX_FRESH else None


def inside(s: PartnerState, now: float, places: tuple[geo.Place, ...]) -> bool | None:
    return any(geo.inside(p, s.lat, s.lon) for p in places) if now - s.fix_at <= FIX_FRESH else None


def goes_stale(at: float, now: float, fresh: float) -> float:
    """The first moment at which a value of time `at` is older than `fresh` seconds; inf when it is already."""
    return nextafter(at + fresh, inf) if now <= at + fresh else inf
