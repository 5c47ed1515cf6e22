"""When partners work: the shifts of their habit, and the shift that is arranged around a pain point."""

from collections.abc import Mapping
from math import inf
from random import Random
from typing import NamedTuple

from simulator.city.demand import DAY, HOUR
from simulator.city.pains import AWAKE, CYCLE, LONGEST, MINUTE, PainPoint, Planned, needs_daylight
from simulator.city.people import NEW
from simulator.city.town import Town

DAYS_OFF = 0.1
HABITS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "breakfast": ((6.8, 5.0),),
    "lunch": ((10.8, 5.0),),
    "day": ((10.0, 9.0),),
    "dinner": ((17.6, 5.3),),
    "split": ((11.2, 3.8), (18.3, 4.2)),
    "night": ((20.0, 5.5),),
}
"""Each habit's shifts: local hour of the beginning, hours of work."""
NO_DECISIONS = 2.5 * HOUR
"""How long a new partner who struggled stays online at least: the bad start has then left the window of two hours."""


class Shift(NamedTuple):
    """From log-in to log-out (s since the epoch; the last order may end later); `pain` and `pain_at` where one is arranged."""

    begin: float
    end: float
    pain: PainPoint | None = None
    pain_at: float = inf


def habitual(rng: Random, habit: str, midnight: float) -> list[Shift]:
    """The shifts of an ordinary day, none on a day off."""
    if rng.random() < DAYS_OFF:
        return []
    found = []
    for hour, hours in HABITS[habit]:
        begin = midnight + (hour + rng.uniform(-0.7, 0.7)) * HOUR
        found.append(Shift(begin, begin + (hours + rng.uniform(-0.5, 0.5)) * HOUR))
    return found


class Calendar:
    """Which day a partner's pain point comes next, and the shift around it."""

    def __init__(self, town: Town, plan: Planned | None, days_with_us: int, first_after: float) -> None:
        self._town, self._plan, self._days_with_us, self._first_after = town, plan, days_with_us, first_after
        self._first_day = town.clock.day(town.start)
        self._next = self._first_day + (0 if plan is None or plan.early else plan.day)

    def arranged(self, rng: Random, day: int) -> Shift | None:
        """The shift of this local day if its pain point is due and can be told of on it."""
        plan = self._plan
        if plan is None or day < self._next or self._too_old(plan, day):
            return None
        at = self._early(rng, plan, day) or self._any_time(rng, plan, day)
        if at is None:
            return None
        before = 0.0 if plan.kind is PainPoint.new_struggling else rng.uniform(0, 75 * MINUTE)
        begin = max(at - before, self._town.start + rng.uniform(5, 60))
        at = max(at, begin + 10)
        after = max(LONGEST[plan.kind], NO_DECISIONS) + rng.uniform(0.5, 2.5) * HOUR
        return Shift(begin, at + after, plan.kind, at)

    def happened(self, day: int) -> None:
        """The pain point came about; the next one is due in a cycle."""
        self._next = day + CYCLE

    def last_moment(self, kind: PainPoint, day: int) -> float:
        """Until when it has to be over: the end of the town, or the evening's quiet hours."""
        midnight = self._town.clock.midnight(day)
        return min(self._town.end - 30, midnight + AWAKE[1] if needs_daylight(kind) else inf)

    def _too_old(self, plan: Planned, day: int) -> bool:
        """Whether someone who should struggle as a new partner is hardly new any more."""
        return plan.kind is PainPoint.new_struggling and self._days_with_us + day - self._first_day > NEW - 2

    def _first_moment(self, kind: PainPoint, day: int) -> float:
        dawn = self._town.clock.midnight(day) + (AWAKE[0] if needs_daylight(kind) else 0.0)
        return max(dawn, self._town.start + self._first_after)

    def _early(self, rng: Random, plan: Planned, day: int) -> float | None:
        """Soon after the town's start, if that lies in hours in which it can be told of."""
        at = self._town.start + self._first_after + rng.uniform(0, 5 * MINUTE)
        first, last = self._first_moment(plan.kind, day), self.last_moment(plan.kind, day)
        return at if plan.early and day == self._first_day and first <= at < last else None

    def _any_time(self, rng: Random, plan: Planned, day: int) -> float | None:
        """Evenly over the day; at the first moment where little time is left. None where there is none."""
        first, last = self._first_moment(plan.kind, day), self.last_moment(plan.kind, day)
        last = min(last, self._town.clock.midnight(day) + DAY)
        if first >= last:
            return None
        return rng.uniform(first, max(first, last - LONGEST[plan.kind] - 10 * MINUTE))
