"""How sure a share is."""

from __future__ import annotations

from math import sqrt


def wilson_lower(hits: int, trials: int, z: float) -> float:
    """The least share that `hits` of `trials` still go with, at `z` standard errors; 0 for no trials.

    The score interval of Wilson (1927), "Probable inference, the law of succession, and statistical inference"; it holds for few trials and shares near 0
    (Brown, Cai, DasGupta 2001).
    """
    if not trials:
        return 0.0
    share, weight = hits / trials, z * z / trials
    middle, spread = share + weight / 2, z * sqrt(share * (1 - share) / trials + weight / (4 * trials))
    return max(0.0, (middle - spread) / (1 + weight))
