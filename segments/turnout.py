"""How many partners of a partition are online in each zone, and how many offers each zone had in the last quarter of an hour. Counted as events come:
nobody goes over all partners. Only rule sets that ask for it count.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from segments.facts import FIX_FRESH
from segments.state import PartnerState

#: Offers count for so long (s), and are counted by so much.
SPAN, STEP = 900.0, 5.0
#: Zones of one partition that are counted: names come from events, and a broken app may invent them.
MOST_ZONES = 2000
#: When a partner's place is looked at again (s): some are noticed to be gone so much later, which the look makes good.
AGAIN = 5.0

Look = Callable[[str], PartnerState | None]


class Turnout:
    """`online`: all who are logged in; `dropped` counts what was not counted for want of room."""

    __slots__ = ("_due", "_offers", "_waiting", "_where", "dropped", "online", "present")

    def __init__(self) -> None:
        self.online = dict[str, None]()
        self.present = dict[str, int]()
        self.dropped = 0
        self._where = dict[str, str]()
        self._offers = dict[str, dict[int, int]]()
        self._due = dict[int, list[str]]()  # by time in steps of AGAIN: whose place may be too old by then
        self._waiting = set[str]()

    def begin(self) -> None:
        """Who is online where is to be told anew: nobody told while figures were not asked for."""
        for known in (self.online, self.present, self._where):
            known.clear()

    # -- as events come

    def offered(self, zone: str | None, t: float) -> None:
        """An offer at t (s) for a restaurant in a zone, or for a partner there."""
        if zone is None:
            return
        counts = self._offers.get(zone)
        if counts is None:
            if len(self._offers) >= MOST_ZONES:
                self.dropped += 1
                return
            counts = self._offers[zone] = {}
        step = ceil(t / STEP)
        counts[step] = counts.get(step, 0) + 1
        if len(counts) > 2 * SPAN / STEP:
            self._forget(counts, max(counts) * STEP)

    def here(self, s: PartnerState) -> None:
        """The partner logged in or out, or is in another zone."""
        who = s.partner_id
        if not s.online:
            self.gone(who)
            return
        self.remember(who, s.zone, s.zone_at)

    def remember(self, who: str, zone: str | None, at: float) -> None:
        """The partner is online, and was in a zone at a time (s)."""
        self.online[who] = None
        if zone is None:
            return
        self._leave(who)
        if zone in self.present or len(self.present) < MOST_ZONES:
            self._where[who] = zone
            self.present[zone] = self.present.get(zone, 0) + 1
            self._look_again(who, at + FIX_FRESH)
        else:
            self.dropped += 1

    def gone(self, who: str) -> None:
        """The partner logged out, or was erased."""
        self.online.pop(who, None)
        self._leave(who)

    def _leave(self, who: str) -> None:
        if (zone := self._where.pop(who, None)) is not None:
            self.present[zone] -= 1
            if not self.present[zone]:
                del self.present[zone]

    def _look_again(self, who: str, at: float) -> None:
        if who not in self._waiting:
            self._waiting.add(who)
            self._due.setdefault(ceil(at / AGAIN), []).append(who)

    # -- what they come to

    def counts(self, at: float, look: Look) -> dict[str, tuple[int, int]]:
        """Of each zone the offers of the last quarter of an hour before `at` (s), and the partners online there. `look`: a partner's state, to read."""
        self._let_go(at, look)
        offers = {zone: self._alive(counts, at) for zone, counts in list(self._offers.items())}
        for zone in [zone for zone, count in offers.items() if not count]:
            del self._offers[zone], offers[zone]
        return {zone: (offers.get(zone, 0), self.present.get(zone, 0)) for zone in offers.keys() | self.present.keys()}

    def _alive(self, counts: dict[int, int], at: float) -> int:
        self._forget(counts, at)
        return sum(counts.values())

    @staticmethod
    def _forget(counts: dict[int, int], at: float) -> None:
        for step in [step for step in counts if step * STEP + SPAN <= at]:
            del counts[step]

    def _let_go(self, at: float, look: Look) -> None:
        """Those whose place is too old are nowhere, until they are seen again. Each is looked at once in five minutes."""
        for step in [step for step in self._due if step * AGAIN <= at]:
            for who in self._due.pop(step):
                self._waiting.discard(who)
                self._check(who, at, look)

    def _check(self, who: str, at: float, look: Look) -> None:
        if who not in self._where:
            return
        s = look(who)
        if s is None or not s.online or at - s.zone_at > FIX_FRESH:
            self._leave(who)
        else:
            self._look_again(who, s.zone_at + FIX_FRESH)

    # -- over a restart

    def kept(self) -> Any:
        """The offers, as plain data; who is where, the partners' states say."""
        return self._offers

    def restore(self, kept: Any) -> None:
        self._offers = {zone: {int(step): count for step, count in counts.items()} for zone, counts in kept.items()}
