"""The answer that every engine can give: rules in the plainest Python, and silence noticed at the partner's next event, since not every engine has timers.

In the terms of `rules.yaml`; different from it, a segment is looked at only when an order's or a session's event comes, and a position is known for ever.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from benches.yard.stream import Keyed
from benches.yard.terms import COOL2, COOL3, FEW, HIGH, LOW, LOW_STARS, MATCH, PATIENCE, WINDOW, near


class Told(NamedTuple):
    """Who, what (`enter`, `exit`, a rule; Y4 with its order), and the id of the event that showed it."""

    partner_id: str
    what: str
    event_id: str


class _Partner:
    def __init__(self) -> None:
        self.fix: tuple[float, float] | None = None
        self.decided, self.rejected, self.waits = deque[tuple[float, bool]](), list[float](), dict[str, float]()
        self.cool2 = self.cool3 = float("-inf")
        self.low = self.delivered = 0
        self.online = self.member = self.planner = self.shown = False

    def take(self, event: dict[str, Any]) -> Iterator[str]:
        kind, now = event["type"], event["occurred_at"]
        for order in [order for order, due in self.waits.items() if due <= now]:
            del self.waits[order]
            yield f"Y4:{order}"
        match kind:
            case "position":
                self.fix = event["lat"], event["lon"]
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
        yield from self._nudges(kind, now, event.get("stars", 0))
        if kind.startswith(("order_", "logged_")):
            yield from self._segment(now)

    def _nudges(self, kind: str, now: float, stars: int) -> Iterator[str]:
        if kind == "order_rejected" and self.fix and near(*self.fix):
            self.rejected = [at for at in self.rejected if at > now - MATCH] + [now]
            if len(self.rejected) >= 3:
                self.rejected = []
                if now >= self.cool2:
                    self.cool2 = now + COOL2
                    yield "Y2"
        if kind == "rating_received":
            self.low = self.low + 1 if stars <= LOW_STARS else 0
            if self.low == 2:
                self.low = 0
                if now >= self.cool3:
                    self.cool3 = now + COOL3
                    yield "Y3"
        if kind == "order_delivered" and self.delivered >= 8 and not self.planner and not self.shown:
            self.shown = True
            yield "Y5"

    def _segment(self, now: float) -> Iterator[str]:
        while self.decided and self.decided[0][0] <= now - WINDOW:
            self.decided.popleft()
        number, accepted = len(self.decided), sum(yes for _, yes in self.decided)
        if not self.member and self.online and number >= FEW and accepted < LOW * number:
            self.member = True
            yield "enter"
        elif self.member and (not self.online or (number >= FEW and accepted > HIGH * number)):
            self.member = False
            yield "exit"


def answer(stream: Iterable[Keyed]) -> Iterator[Told]:
    """What has to come of a stream, in its order."""
    book: dict[str, _Partner] = defaultdict(_Partner)
    for who, event in stream:
        for what in book[who].take(event):
            yield Told(who, what, event["event_id"])
