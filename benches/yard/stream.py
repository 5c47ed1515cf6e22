"""The yardstick's stream: partners of one city, each heard of about every 30 s, made of a seed. The same arguments give the same bytes on every machine."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

Event = dict[str, Any]

T0 = 1_767_225_600.0  # 2026-01-01 00:00 UTC
HEARD_EVERY = 30.0  # s, each partner, in the mean
POSITIONS, ORDERS, RATINGS, SESSIONS = 0.70, 0.94, 0.965, 0.985  # up to here of all; the rest is use of the app
STARS = ((1, 2, 3, 4, 5), (6, 7, 12, 30, 45))


class _Partner:
    """Where a partner is, what is done with the order they have, and how gladly they take one."""

    __slots__ = ("lat", "lon", "online", "order", "skill", "stage")

    def __init__(self, rnd: random.Random) -> None:
        self.lat, self.lon, self.skill = 12.90 + rnd.random() * 0.2, 77.50 + rnd.random() * 0.2, rnd.random()
        self.stage, self.order, self.online = "free", "", True

    def position(self, speed: float, accuracy: float) -> Event:
        return {"type": "position", "lat": round(self.lat, 6), "lon": round(self.lon, 6), "speed": speed, "accuracy": accuracy}

    def next(self, rnd: random.Random, number: int) -> Event:
        """What they do next. Every draw is in its place: another order of them is another stream."""
        draw = rnd.random()
        if draw < POSITIONS:
            self.lat += rnd.gauss(0, 0.0004)
            self.lon += rnd.gauss(0, 0.0004)
            return self.position(round(abs(rnd.gauss(4, 3)), 2), round(rnd.uniform(3, 30), 1))
        if draw < ORDERS:
            event = self._work(rnd, number)
            return event if event["type"] == "position" else event | {"order_id": self.order}
        if draw < RATINGS:
            return {"type": "rating_received", "stars": rnd.choices(*STARS)[0], "order_id": self.order or "O0"}
        if draw < SESSIONS:
            self.online = not self.online
            return {"type": "logged_in" if self.online else "logged_out"}
        return {"type": "feature_used", "feature": rnd.choice(["route_planner", "heat_map", "stacking", "earnings"])}

    def _work(self, rnd: random.Random, number: int) -> Event:
        match self.stage:
            case "free":
                self.order, self.stage = f"O{number:09d}", "asked"
                return {"type": "order_offered"}
            case "asked" if rnd.random() < 0.35 + 0.6 * self.skill:
                self.stage = "riding"
                return {"type": "order_accepted"}
            case "asked":
                self.stage = "free"
                return {"type": "order_rejected", "reason": rnd.choice(["far", "low_pay", "busy"])}
            case "riding":
                self.stage = "waiting"
                return {"type": "arrived_at_restaurant", "restaurant": f"R{rnd.randrange(5000)}"}
            case "waiting" if rnd.random() > 0.25:
                return self.position(0.0, 8.0)
            case "waiting" if rnd.random() < 0.93:
                self.stage = "bringing"
                return {"type": "order_picked_up"}
            case "waiting":
                self.stage = "free"
                return {"type": "order_cancelled", "by": rnd.choice(["partner", "customer"])}
            case _:
                self.stage = "free"
                return {"type": "order_delivered", "pay": round(rnd.uniform(20, 90), 2)}


class Keyed(NamedTuple):
    """A partner's id, and an event of theirs."""

    partner_id: str
    event: Event

    def line(self) -> str:
        return f"{self.partner_id}\t{json.dumps(self.event, separators=(',', ':'))}\n"


def events(count: int, partners: int, seed: int) -> Iterator[Keyed]:
    """So many events in the order of their times."""
    rnd, at, known = random.Random(seed), T0, dict[str, _Partner]()
    for number in range(count):
        at += rnd.expovariate(partners / HEARD_EVERY)
        who = f"P{rnd.randrange(partners):07d}"
        if (partner := known.get(who)) is None:
            known[who], event = _Partner(rnd), {"type": "logged_in"}
        else:
            event = partner.next(rnd, number)
        yield Keyed(who, event | {"event_id": f"E{number:012d}", "partner_id": who, "occurred_at": round(at, 3)})
