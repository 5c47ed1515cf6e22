"""What `plain` and `exact` know of a partner alike: the numbers of `rules.yaml`, and its rules but for time that passes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import asin, cos, radians, sin, sqrt
from typing import Any

HOTSPOTS = ((12.9352, 77.6245), (12.9719, 77.6412), (13.0358, 77.5970))
RADIUS = 6371.0088  # km, the mean one of the Earth (IUGG)
NEAR = 1.0  # km
WINDOW, MATCH, PATIENCE = 7200.0, 1200.0, 900.0  # s: of decided offers, of rejections, of a wait at a restaurant
COOL2, COOL3 = 4 * 3600.0, 3 * 86_400.0  # s
FEW, LOW, HIGH = 5, 0.6, 0.7  # offers decided at least; shares accepted to come in and to go out
LOW_STARS = 2
DELIVERIES = 8


class Partner:
    """`fix`: the last position with its time."""

    def __init__(self) -> None:
        self.fix: tuple[float, float, float] | None = None
        self.decided, self.rejected, self.waits = deque[tuple[float, bool]](), list[float](), dict[str, float]()
        self.cool2 = self.cool3 = float("-inf")
        self.low = self.delivered = 0
        self.online = self.member = self.planner = self.shown = False

    def note(self, event: dict[str, Any]) -> None:
        """What an event says."""
        kind, now = event["type"], event["occurred_at"]
        match kind:
            case "position":
                self.fix = now, event["lat"], event["lon"]
            case "logged_in" | "logged_out":
                self.online = kind == "logged_in"
            case "order_accepted" | "order_rejected":
                self.decided.append((now, kind == "order_accepted"))
            case "arrived_at_restaurant":
                self.waits[event["order_id"]] = now + PATIENCE
            case "order_picked_up" | "order_cancelled":
                self.waits.pop(event["order_id"], None)
            case "order_delivered":
                self.delivered += 1
            case "feature_used":
                self.planner |= event["feature"] == "route_planner"

    def moved(self, now: float) -> str:
        """`enter` or `exit` where the segment is entered or left now; else nothing."""
        while self.decided and self.decided[0][0] <= now - WINDOW:
            self.decided.popleft()
        rate = sum(yes for _, yes in self.decided) / len(self.decided) if len(self.decided) >= FEW else None
        if self.member:
            self.member = self.online and not (rate is not None and rate > HIGH)
            return "" if self.member else "exit"
        self.member = self.online and rate is not None and rate < LOW
        return "enter" if self.member else ""

    def nudges(self, event: dict[str, Any], *, known: bool) -> Iterator[str]:
        """Y2 and Y3. `known`: whether it is known where the partner is."""
        kind, now = event["type"], event["occurred_at"]
        if kind == "order_rejected" and known and self.fix and near(*self.fix[1:]):
            self.rejected = [at for at in self.rejected if at > now - MATCH] + [now]
            if len(self.rejected) == 3:
                self.rejected = []
                if now >= self.cool2:
                    self.cool2 = now + COOL2
                    yield "Y2"
        if kind == "rating_received":
            self.low = self.low + 1 if event["stars"] <= LOW_STARS else 0
            if self.low == 2:
                self.low = 0
                if now >= self.cool3:
                    self.cool3 = now + COOL3
                    yield "Y3"

    def unaware(self) -> Iterator[str]:
        """Y5, once."""
        if self.delivered >= DELIVERIES and not self.planner and not self.shown:
            self.shown = True
            yield "Y5"


def near(lat: float, lon: float) -> bool:
    """Whether a place is within 1 km of a hotspot."""
    return min(km(lat, lon, *spot) for spot in HOTSPOTS) < NEAR


def km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle distance by the haversine formula (R. W. Sinnott, Virtues of the Haversine, 1984)."""
    here, there = radians(lat), radians(other_lat)
    half = sin((there - here) / 2) ** 2 + cos(here) * cos(there) * sin(radians(other_lon - lon) / 2) ** 2
    return 2 * RADIUS * asin(sqrt(half))
