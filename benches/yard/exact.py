"""The exact outcome of `rules.yaml` by the semantics of the language: brute force, one partner after the other.

Stricter than what every engine can give (`plain`): memberships change when an event leaves its window, too, silence tells at its deadline, and a position
older than five minutes is not known.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from benches.yard.stream import Keyed
from benches.yard.terms import COOL2, COOL3, FEW, HIGH, LOW, LOW_STARS, MATCH, PATIENCE, WINDOW, near

STALE = 300.0  # s
BY_TIME = "-"


class Told(NamedTuple):
    """What, when (s since the epoch), and why: the id of the event that showed it, the order's for Y4, `-` for what changed by time alone."""

    what: str
    at: float
    cause: str


class _Partner:
    def __init__(self) -> None:
        self.fix: tuple[float, float, float] | None = None
        self.decided, self.leaving = deque[tuple[float, bool]](), deque[float]()
        self.rejected, self.waits = list[float](), dict[str, float]()
        self.cool2 = self.cool3 = float("-inf")
        self.low = self.delivered = 0
        self.online = self.member = self.planner = self.shown = False

    def until(self, now: float) -> Iterator[Told]:
        """What time alone brings up to a moment, itself included; of two at once the wait first."""
        while True:
            wait = min(((due, order) for order, due in self.waits.items()), default=None)
            if wait is not None and wait[0] <= now and (not self.leaving or wait[0] <= self.leaving[0]):
                del self.waits[wait[1]]
                yield Told("Y4", *wait)
            elif self.leaving and self.leaving[0] <= now:
                yield from self._segment(self.leaving.popleft(), BY_TIME)
            else:
                return

    def take(self, event: dict[str, Any]) -> Iterator[Told]:
        """What an event brings, and before it what was due by then."""
        kind, now, cause = event["type"], event["occurred_at"], event["event_id"]
        yield from self.until(now)
        match kind:
            case "position":
                self.fix = now, event["lat"], event["lon"]
            case "logged_in" | "logged_out":
                self.online = kind == "logged_in"
            case "order_accepted" | "order_rejected":
                self.decided.append((now, kind == "order_accepted"))
                self.leaving.append(now + WINDOW)
            case "arrived_at_restaurant":
                self.waits[event["order_id"]] = now + PATIENCE
            case "order_picked_up" | "order_cancelled":
                self.waits.pop(event["order_id"], None)
            case "order_delivered":
                self.delivered += 1
            case "feature_used":
                self.planner |= event["feature"] == "route_planner"
        yield from self._segment(now, cause)
        for rule in self._nudges(kind, now, event.get("stars", 0)):
            yield Told(rule, now, cause)

    def _segment(self, now: float, cause: str) -> Iterator[Told]:
        while self.decided and self.decided[0][0] <= now - WINDOW:
            self.decided.popleft()
        rate = sum(yes for _, yes in self.decided) / len(self.decided) if len(self.decided) >= FEW else None
        if not self.member and self.online and rate is not None and rate < LOW:
            self.member = True
            yield Told("enter", now, cause)
        elif self.member and (not self.online or (rate is not None and rate > HIGH)):
            self.member = False
            yield Told("exit", now, cause)

    def _nudges(self, kind: str, now: float, stars: int) -> Iterator[str]:
        if kind == "order_rejected" and self.fix and now - self.fix[0] <= STALE and near(*self.fix[1:]):
            self.rejected = [at for at in self.rejected if at > now - MATCH] + [now]
            if len(self.rejected) == 3:
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
        if self.delivered >= 8 and not self.planner and not self.shown:
            self.shown = True
            yield "Y5"


def outcome(stream: Iterable[Keyed]) -> Iterator[tuple[str, Told]]:
    """All that has to come of a stream, with whom it is about, in order of partner and time. The recording stops at its highest time."""
    book: dict[str, _Partner] = defaultdict(_Partner)
    told: dict[str, list[Told]] = defaultdict(list)
    end = 0.0
    for who, event in stream:
        told[who] += book[who].take(event)
        end = max(end, event["occurred_at"])
    for who in sorted(book):
        yield from ((who, each) for each in (*told[who], *book[who].until(end)))
