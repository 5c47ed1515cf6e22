"""Reads of all partners of a partition whom its rules reached, a slice at a time."""

from __future__ import annotations

from itertools import islice

from streams.crowd.records import Watched
from training_rules import Corridor
from training_rules.reach import Reach, watched

#: Partners that are read at a time: a millisecond.
SLICE = 500


class Census:
    """For a moment `at` (s of stream time). Where rules change meanwhile, it begins anew with them."""

    def __init__(self, corridor: Corridor, at: float) -> None:
        self.corridor, self._at = corridor, at
        self._begin()

    def _begin(self) -> None:
        corridor = self.corridor
        self._rules, self._waiting = corridor.rules, iter(corridor.partners)
        self._reach = Reach(corridor.rules, corridor.house.live_since, self._at)

    def go_on(self) -> Watched | None:
        """The next slice; what was found, when that was the last."""
        if self.corridor.rules is not self._rules:
            self._begin()
        partners, slice_ = self.corridor.partners, list(islice(self._waiting, SLICE))
        for who in slice_:
            if (found := partners.sent(who)) is not None:
                self._reach.look(who, *found)
        return None if len(slice_) == SLICE else self._found()

    def _found(self) -> Watched:
        house, reach = self.corridor.house, self._reach
        return Watched(house.part, house.parts, self._at, self._rules.version, reach.limits, reach.active, reach.counted())


def asked(corridor: Corridor) -> bool:
    """Whether there is a rule that could pause itself."""
    return bool(watched(corridor.rules))
