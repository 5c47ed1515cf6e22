"""What is known of all partners together: the figures that were announced, as a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BELIEVED, FEW = 300.0, 20


@dataclass
class World:
    """`told`: every announcement with the stream time at which it was taken up; `partners`: all that there are."""

    told: list[tuple[float, Any]] = field(default_factory=list)
    partners: list[Any] = field(default_factory=list)

    def newest(self, kind: str, now: float, **about: str) -> Any:
        """The figures of the latest moment, unless they are too old by now; of two of one moment those that came first."""
        found = [(e.at, -n, taken, e) for n, (taken, e) in enumerate(self.told) if e.type == kind and all(getattr(e, k) == v for k, v in about.items())]
        if not found:
            return None
        _, _, taken, e = max(found, key=lambda f: f[:2])
        return e if now < taken + BELIEVED else None

    def zone(self, zone: str | None, now: float) -> Any:
        return self.newest("zone_figures", now, zone=zone) if zone is not None else None

    def rank(self, cohort: str, value: str | None, x: float | None, now: float) -> float | None:
        """Where x stands in its cohort, 0 to 1."""
        e = self.newest("cohort_figures", now, cohort=cohort, value=value) if value is not None and x is not None else None
        return None if e is None or e.partners < FEW else rank(e.quantiles, x)

    def ends(self) -> list[float]:
        """When what was told is believed no more."""
        return [taken + BELIEVED for taken, _ in self.told]


def rank(quantiles: list[float], x: float) -> float:
    """On the line through the quantiles; where several are x, half way between the ends of what rounds to them."""
    steps, same = len(quantiles) - 1, [n for n, q in enumerate(quantiles) if q == x]
    if same:
        begin = same[0] - 0.5 if same[0] else 0.0
        end = same[-1] + 0.5 if same[-1] < steps else steps
        return (begin + end) / 2 / steps
    below = sum(q < x for q in quantiles)
    if below in (0, steps + 1):
        return min(float(below), 1.0)
    low, high = quantiles[below - 1], quantiles[below]
    return (below - 1 + (x - low) / (high - low)) / steps

