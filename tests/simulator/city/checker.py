"""The four pain points looked up by brute force, from their wording alone: plain Python over decoded events, nothing of the product in it.

Each function takes one partner's events (dictionaries in the order of time) and gives (moment, ids of the events that caused it).
"""

from datetime import UTC, datetime
from itertools import pairwise
from math import asin, cos, inf, radians, sin, sqrt
from zoneinfo import ZoneInfo

HOTSPOTS = ((12.9352, 77.6245), (12.9719, 77.6412))
DECIDED = {"order_accepted": True, "order_rejected": False, "offer_expired": False}


def kilometres(lat1, lon1, lat2, lon2):
    p, q = radians(lat1), radians(lat2)
    h = sin((q - p) / 2) ** 2 + cos(p) * cos(q) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(h))


def struggles(events, end):
    """Entries into `new_struggling`: tenure < 30d, acceptance over 2h < 60 % of at least 5 decided, online; all of that for 5 min.

    A member leaves when acceptance > 70 %, tenure >= 30d or not online has held for 10 min.
    """
    profile = next(event for event in events if event["type"] == "profile_updated")
    zone = ZoneInfo(profile["time_zone"])
    thirty_days = datetime.fromisoformat(profile["joined_on"]).replace(tzinfo=zone).timestamp() + 30 * 86400
    told = [event for event in events if event["type"] in DECIDED or event["type"].startswith("logged_")]
    moments = sorted({t for event in told for t in (event["occurred_at"], event["occurred_at"] + 7200)} | {thirty_days, end})
    member, since, found = False, None, []
    for now, following in pairwise([t for t in moments if t <= end]):
        decided = [event for event in told if event["type"] in DECIDED and now - 7200 < event["occurred_at"] <= now]
        online = [event["type"] == "logged_in" for event in told if event["type"].startswith("logged_") and event["occurred_at"] <= now][
            -1:
        ] == [True]
        rate = sum(DECIDED[event["type"]] for event in decided) / len(decided) if len(decided) >= 5 else None
        low, high = rate is not None and rate < 0.6, rate is not None and rate > 0.7
        crossing = (high or now >= thirty_days or not online) if member else (low and now < thirty_days and online)
        since = (now if since is None else since) if crossing else None
        if since is not None and since + (600 if member else 300) < following:
            if not member:
                decided_then = [event["event_id"] for event in decided if event["occurred_at"] <= since]
                found.append((since + 300, tuple(decided_then)))
            member, since = not member, None
    return found


def rejections(events):
    """Three `order_rejected` within 20 min, each within 1 km of a hotspot by a fix of at most 5 min."""
    fix, near, found = None, [], []
    for event in events:
        now = event["occurred_at"]
        if event["type"] == "position":
            fix = event
        elif event["type"] == "order_rejected" and is_near(fix, now):
            near = [one for one in near if now < one["occurred_at"] + 1200] + [event]
            if len(near) == 3:
                found.append((now, tuple(one["event_id"] for one in near)))
                near = []
    return found


def is_near(fix, now):
    if fix is None or now - fix["occurred_at"] > 300:
        return False
    return min(kilometres(fix["lat"], fix["lon"], *hotspot) for hotspot in HOTSPOTS) < 1.0


def stuck(events, end):
    """Arrived at a restaurant, and 15 min later that order is neither picked up nor cancelled, nor did the partner log out."""
    found = []
    for arrived in events:
        if arrived["type"] == "arrived_at_restaurant":
            over = (event["occurred_at"] for event in events if ends_wait(event, arrived))
            deadline = arrived["occurred_at"] + 900
            if deadline <= min(next(over, inf), end):
                found.append((deadline, (arrived["event_id"],)))
    return found


def ends_wait(event, arrived):
    if event["occurred_at"] <= arrived["occurred_at"]:
        return False
    ended = event["type"] in ("order_picked_up", "order_cancelled") and event["order_id"] == arrived["order_id"]
    return ended or event["type"] == "logged_out"


def low_ratings(events):
    """Two ratings of at most 2 stars one after the other."""
    row, found = [], []
    for event in events:
        if event["type"] == "rating_received":
            row = [*row, event] if event["stars"] <= 2 else []
            if len(row) == 2:
                found.append((event["occurred_at"], tuple(one["event_id"] for one in row)))
                row = []
    return found


def matches(by_partner, end):
    """All matches of all partners: (partner, rule, moment in ms, causes)."""
    found = set()
    for partner_id, events in by_partner.items():
        without_fixes = [event for event in events if event["type"] != "position"]
        for rule, times in (
            ("welcome_coaching", struggles(without_fixes, end)),
            ("reject_near_hotspot", rejections(events)),
            ("stuck_at_restaurant", stuck(without_fixes, end)),
            ("two_low_ratings", low_ratings(without_fixes)),
        ):
            found |= {(partner_id, rule, round(at, 3), causes) for at, causes in times}
    return found


def rides_at(events, moment):
    """Whether a partner is on an order, or was faster than 3 m/s by a fix of the last minute."""
    orders, fix = set(), None
    for event in events:
        if event["occurred_at"] > moment:
            break
        if event["type"] == "order_accepted":
            orders.add(event["order_id"])
        elif event["type"] in ("order_delivered", "order_cancelled"):
            orders.discard(event["order_id"])
        elif event["type"] == "position":
            fix = event
    return bool(orders) or (fix is not None and fix["speed"] > 3 and moment - fix["occurred_at"] <= 60)


def wall_clock(moment, time_zone):
    """Hours since local midnight."""
    local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(time_zone))
    return local.hour + local.minute / 60 + local.second / 3600
