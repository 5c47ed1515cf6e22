"""What all partners of a city share: its period, its clock, its restaurants, and the truth that is told about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from simulator.city.demand import LocalClock
from simulator.city.ground import ZONES, Spot, around
from simulator.city.truth import Truth

RESTAURANTS_A_ZONE = 14
KITCHENS = (
    "Dosa Corner", "Biryani House", "Idli Point", "Tandoor Lane", "Noodle Yard", "Thali Room", "Chaat Street", "Burger Shed",
    "Momo Stop", "Paratha Inn", "Filter Kaapi", "Curry Leaf", "Pizza Oven", "Salad Bowl", "Kebab Gully", "Ghee Roast",
)  # fmt: skip


class Restaurant(NamedTuple):
    """Where food is cooked; `minutes` is how long a partner waits there on an ordinary day."""

    number: str
    name: str
    spot: Spot
    minutes: float


@dataclass(frozen=True, slots=True)
class Town:
    """`start` and `end` in seconds since the epoch (end may be inf); `tag` goes into each id, and differs by seed and start."""

    seed: int
    start: float
    end: float
    time_zone: str
    clock: LocalClock
    tag: str
    restaurants: Mapping[str, tuple[Restaurant, ...]]
    truths: list[Truth] = field(default_factory=list)

    def rng(self, purpose: object) -> Random:
        """Chance for one purpose (a partner's number, say), independent of all others."""
        return Random(f"{self.seed}/{purpose}")


def founded(seed: int, start: float, end: float, time_zone: str) -> Town:
    """The town of a seed, before anyone works in it."""
    tag = blake2b(f"{seed}/{start!r}".encode(), digest_size=4).hexdigest()
    return Town(seed, start, end, time_zone, LocalClock(time_zone), tag, _restaurants(Random(f"{seed}/restaurants")))


def _restaurants(rng: Random) -> dict[str, tuple[Restaurant, ...]]:
    """Each zone's restaurants, most of them near its centre."""
    found, number = {}, 0
    for zone in ZONES:
        kitchens = []
        for kitchen in rng.sample(KITCHENS, RESTAURANTS_A_ZONE):
            number += 1
            spot = around(rng, zone.centre, zone.radius * (0.3 + 0.5 * rng.random()))
            title = zone.name.replace("_", " ").title()
            kitchens.append(Restaurant(f"R{number:04d}", f"{kitchen}, {title}", spot, 3.0 + 4.5 * rng.random()))
        found[zone.name] = tuple(kitchens)
    return found
