"""The yardstick's five rules in plain Python, shared by the peers that are written in it: one event of one partner in, what it showed out.

Silence (Y4) is noticed at the partner's next event, so that engines without timers can do it too. A partner is plain data that JSON can hold.
"""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Any

HOTSPOTS = ((12.9352, 77.6245), (12.9719, 77.6412), (13.0358, 77.5970))
DIAMETER_KM = 2 * 6371.0088
WINDOW, NEAR_BY, WAIT = 7200, 1200, 900  # s
Y2_RESTS, Y3_RESTS = 14_400, 259_200  # s

Partner = dict[str, Any]
Event = dict[str, Any]


def new() -> Partner:
    """A partner of whom nothing is known."""
    return {
        "at": None, "online": False, "decided": [], "accepted": 0, "member": False, "rejects": [], "y2_until": -1.0, "y3_until": -1.0,
        "low": 0, "waits": {}, "delivered": 0, "planner": False, "told": False,
    }  # fmt: skip


def step(partner: Partner, event: Event) -> list[str]:
    """Apply one event; what it showed: Y2, Y3, Y4:<order>, Y5, enter, exit."""
    kind, said = event["type"], _overdue(partner, event["occurred_at"]) if partner["waits"] else []
    apply = _APPLY.get(kind)
    if apply is not None:
        apply(partner, event, said)
    if kind.startswith(("order_", "logged_")):
        _membership(partner, event["occurred_at"], said)
    return said


def _overdue(partner: Partner, now: float) -> list[str]:
    late = [order for order, due in partner["waits"].items() if due <= now]
    for order in late:
        del partner["waits"][order]
    return [f"Y4:{order}" for order in late]


def _position(partner: Partner, event: Event, _: list[str]) -> None:
    partner["at"] = event["lat"], event["lon"]


def _logged_in(partner: Partner, _: Event, __: list[str]) -> None:
    partner["online"] = True


def _logged_out(partner: Partner, _: Event, __: list[str]) -> None:
    partner["online"] = False


def _accepted(partner: Partner, event: Event, _: list[str]) -> None:
    partner["decided"].append((event["occurred_at"], 1))
    partner["accepted"] += 1


def _rejected(partner: Partner, event: Event, said: list[str]) -> None:
    now = event["occurred_at"]
    partner["decided"].append((now, 0))
    if partner["at"] is None or not _near_hotspot(*partner["at"]):
        return
    partner["rejects"] = [at for at in partner["rejects"] if at > now - NEAR_BY] + [now]
    if len(partner["rejects"]) >= 3:
        partner["rejects"] = []
        if now >= partner["y2_until"]:
            partner["y2_until"] = now + Y2_RESTS
            said.append("Y2")


def _arrived(partner: Partner, event: Event, _: list[str]) -> None:
    partner["waits"][event["order_id"]] = event["occurred_at"] + WAIT


def _picked_up_or_cancelled(partner: Partner, event: Event, _: list[str]) -> None:
    partner["waits"].pop(event["order_id"], None)


def _delivered(partner: Partner, _: Event, said: list[str]) -> None:
    partner["delivered"] += 1
    if partner["delivered"] >= 8 and not partner["planner"] and not partner["told"]:
        partner["told"] = True
        said.append("Y5")


def _rated(partner: Partner, event: Event, said: list[str]) -> None:
    partner["low"] = partner["low"] + 1 if event["stars"] <= 2 else 0
    if partner["low"] == 2:
        partner["low"] = 0
        if event["occurred_at"] >= partner["y3_until"]:
            partner["y3_until"] = event["occurred_at"] + Y3_RESTS
            said.append("Y3")


def _used(partner: Partner, event: Event, _: list[str]) -> None:
    if event["feature"] == "route_planner":
        partner["planner"] = True


_APPLY = {
    "position": _position, "logged_in": _logged_in, "logged_out": _logged_out, "order_accepted": _accepted, "order_rejected": _rejected,
    "arrived_at_restaurant": _arrived, "order_picked_up": _picked_up_or_cancelled, "order_cancelled": _picked_up_or_cancelled,
    "order_delivered": _delivered, "rating_received": _rated, "feature_used": _used,
}  # fmt: skip


def _membership(partner: Partner, now: float, said: list[str]) -> None:
    decided = partner["decided"]
    while decided and decided[0][0] <= now - WINDOW:
        partner["accepted"] -= decided.pop(0)[1]
    n, accepted = len(decided), partner["accepted"]
    if not partner["member"] and partner["online"] and n >= 5 and accepted < 0.6 * n:
        partner["member"] = True
        said.append("enter")
    elif partner["member"] and (not partner["online"] or (n >= 5 and accepted > 0.7 * n)):
        partner["member"] = False
        said.append("exit")


def _near_hotspot(lat: float, lon: float) -> bool:
    return any(_km(lat, lon, *spot) < 1.0 for spot in HOTSPOTS)


def _km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    p, q = radians(lat1), radians(lat2)
    h = sin((q - p) / 2) ** 2 + cos(p) * cos(q) * sin(radians(lon2 - lon1) / 2) ** 2
    return DIAMETER_KM * asin(sqrt(h))
