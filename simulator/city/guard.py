"""The city's care that nobody matches a rule by chance: what a partner may do next, given what they did before.

Each check is stricter than the rule it keeps away from, so that it holds for every moment, however windows slide.
"""

from collections import deque

from simulator.city.ground import Spot, to_hotspot

DECISIONS_KEPT = 2 * 3600.0 + 60.0
MOST_DECLINED = 0.35
"""Of the offers that a new partner decided in two hours; the rule speaks of over 0.4."""
SAMPLES = 5
NEAR = 1200.0
"""Metres from a hotspot; the rule says 1 km."""
BETWEEN_REJECTIONS = 21 * 60.0
"""Seconds in which at most two rejections near a hotspot happen; the rule counts three in 20 min."""
BETWEEN_CANCELLATIONS = 25 * 3600.0
LOW = 2


class Guard:
    """What one partner did lately, as far as a rule could count it. Times in seconds since the epoch."""

    def __init__(self, *, new: bool) -> None:
        self._new = new
        self._decided: deque[tuple[float, bool]] = deque()
        self._near: deque[float] = deque()
        self._low = False
        self._cancelled = float("-inf")

    def decide(self, at: float, *, accepted: bool) -> None:
        """An offer was decided: accepted, or rejected or left to expire."""
        if self._new:
            self._decided.append((at, accepted))
            self._forget(at)

    def may_decline(self, at: float) -> bool:
        """Whether a new partner's acceptance stays well over 60 % in every window that ends now or later; others may always."""
        self._forget(at)
        declined = 1
        for number, (_, accepted) in enumerate(reversed(self._decided), 2):
            declined += not accepted
            if declined > MOST_DECLINED * max(number, SAMPLES):
                return False
        return True

    def may_reject(self, at: float, spot: Spot) -> bool:
        """Whether a rejection here stays less than the third near a hotspot within 20 min."""
        while self._near and self._near[0] <= at - BETWEEN_REJECTIONS:
            self._near.popleft()
        return len(self._near) < 2 or to_hotspot(spot) > NEAR

    def reject(self, at: float, spot: Spot) -> None:
        if to_hotspot(spot) <= NEAR:
            self._near.append(at)

    def may_rate_low(self) -> bool:
        """Whether the rating before was a good one."""
        return not self._low

    def rate(self, stars: int) -> None:
        self._low = stars <= LOW

    def may_cancel(self, at: float) -> bool:
        """Whether the partner's own last cancellation is over a day ago: two in a day are a pain point of their own."""
        return at - self._cancelled > BETWEEN_CANCELLATIONS

    def cancel(self, at: float) -> None:
        self._cancelled = at

    def _forget(self, at: float) -> None:
        while self._decided and self._decided[0][0] <= at - DECISIONS_KEPT:
            self._decided.popleft()
