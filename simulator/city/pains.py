"""The four pain points that are put into the city on purpose, and who gets which."""

from enum import StrEnum
from math import ceil
from random import Random

import msgspec

MINUTE, HOUR = 60.0, 3600.0
CYCLE = 8
"""Days between two pain points of the same partner: longer than the longest cooldown (7 d) of their rules."""


class PainPoint(StrEnum):
    """What can go wrong, each the subject of one rule of the worked example."""

    new_struggling = "new_struggling"
    reject_near_hotspot = "reject_near_hotspot"
    stuck_at_restaurant = "stuck_at_restaurant"
    two_low_ratings = "two_low_ratings"


RULES = {
    PainPoint.new_struggling: "welcome_coaching",
    PainPoint.reject_near_hotspot: "reject_near_hotspot",
    PainPoint.stuck_at_restaurant: "stuck_at_restaurant",
    PainPoint.two_low_ratings: "two_low_ratings",
}
LONGEST = {
    PainPoint.new_struggling: 30 * MINUTE,
    PainPoint.reject_near_hotspot: 60 * MINUTE,
    PainPoint.stuck_at_restaurant: 90 * MINUTE,
    PainPoint.two_low_ratings: 110 * MINUTE,
}
"""Seconds from the time that is planned to the end of it, as good as always; what takes longer does not begin."""
AWAKE = (6 * HOUR + 35 * MINUTE, 22 * HOUR + 25 * MINUTE)
"""Local time in which nudges get through, with five minutes to spare: quiet hours are from 22:30 to 06:30."""
WAITED = 15 * MINUTE
"""How long after the arrival a partner counts as stuck at a restaurant."""
HELD = 5 * MINUTE
"""How long a new partner's acceptance must be low before they count as struggling."""


class Planned(msgspec.Struct, frozen=True):
    """A pain point meant for a partner: from which local day of the simulation (0 is the first), and whether right at its start."""

    kind: PainPoint
    day: int
    early: bool


def planned(rng: Random, partners: int, share: float, days: float) -> dict[int, Planned]:
    """Which partners (by number) get which pain point: equally many of each kind, one in five right at the start, the others spread
    over the days (inf: over a cycle)."""
    chosen = rng.sample(range(partners), ceil(share * partners))
    spread = max(1, int(min(days, CYCLE)))
    kinds = tuple(PainPoint)
    return {
        partner: Planned(kinds[number % len(kinds)], rng.randrange(spread), number < len(kinds) or number % 5 == 0)
        for number, partner in enumerate(chosen)
    }


def needs_daylight(kind: PainPoint) -> bool:
    """Whether the nudge would be dropped in quiet hours; the one about a restaurant is urgent and passes."""
    return kind is not PainPoint.stuck_at_restaurant
