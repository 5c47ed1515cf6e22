"""The exact outcome of `rules.yaml` by the semantics of the language: brute force, one partner after the other.

Stricter than what every engine can give (`plain`): memberships change when an event leaves its window, too, silence tells at its deadline, and a position
older than five minutes is not known.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from benches.yard.partner import WINDOW, Partner
from benches.yard.stream import Keyed

STALE = 300.0  # s
BY_TIME = "-"


class Told(NamedTuple):
    """What, when (s since the epoch), and why: the id of the event that showed it, the order's for Y4, `-` for what changed by time alone."""

    what: str
    at: float
    cause: str


class _Partner(Partner):
    def __init__(self) -> None:
        super().__init__()
        self.leaving = deque[float]()  # when decided offers leave their window

    def until(self, now: float) -> Iterator[Told]:
        """What time alone brings up to a moment, itself included; of two at once the wait first."""
        while True:
            wait = min(((due, order) for order, due in self.waits.items()), default=None)
            if wait is not None and wait[0] <= now and (not self.leaving or wait[0] <= self.leaving[0]):
                del self.waits[wait[1]]
                yield Told("Y4", *wait)
            elif self.leaving and self.leaving[0] <= now:
                at = self.leaving.popleft()
                if moved := self.moved(at):
                    yield Told(moved, at, BY_TIME)
            else:
                return

    def take(self, event: dict[str, Any]) -> Iterator[Told]:
        """What an event brings, and before it what was due by then."""
        now, cause = event["occurred_at"], event["event_id"]
        yield from self.until(now)
        self.note(event)
        if event["type"] in ("order_accepted", "order_rejected"):
            self.leaving.append(now + WINDOW)
        if moved := self.moved(now):
            yield Told(moved, now, cause)
        known = self.fix is not None and now - self.fix[0] <= STALE
        for rule in (*self.nudges(event, known=known), *self.unaware()):
            yield Told(rule, now, cause)


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
