"""Who is killed when: drawn beforehand, so that a seed says all."""

from __future__ import annotations

import random
from typing import NamedTuple

ANYONE = 1 / 6  # of the time: so long nobody is spared
BOTH = 0.4  # of the strikes by then


class Strike(NamedTuple):
    """At so many seconds: which of the workers, the eldest being 0."""

    at: float
    victims: tuple[int, ...]


def strikes(seed: int, seconds: float, every: float) -> list[Strike]:
    """About one each `every` seconds, the last early enough to be recovered from.

    In the first sixth it is anyone, now and then both. Then the eldest is spared: a process that lives on, through every hand-over, is what shows a leak; with all
    of them killed each few minutes none would grow old enough. Until memory is judged it has lived through some: Python gives little back of the most that was ever
    in use at once, which is when one worker has all partitions, and it takes some hand-overs until that was as much as it comes to.
    """
    rnd, found, at = random.Random(f"strikes-{seed}"), list[Strike](), 0.0
    while (at := at + every * rnd.uniform(0.5, 1.5)) < seconds - every / 2:
        drawn: tuple[int, ...] = (0, 1) if rnd.random() < BOTH else (rnd.randrange(2),)
        found.append(Strike(round(at, 2), drawn if at < seconds * ANYONE else (1,)))
    return found
