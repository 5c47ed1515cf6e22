"""Sketches of a metric over partners: small, mergeable, with a known error. The library is imported where one is made: most rule sets need none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: Size of a KLL sketch: with 99 % probability the rank of a value is wrong by at most 0.9 percentile points, however many sketches were merged.
#: The quantiles that are published add at most half of a step: 0.25. Together they stay below 2.
K, STEPS = 300, 200


class Sketch:
    """Values of one cohort."""

    def __init__(self, kept: Any = None) -> None:
        if kept is None:
            from datasketches import kll_doubles_sketch

            kept = kll_doubles_sketch(K)
        self._kept = kept

    def add(self, value: float) -> None:
        self._kept.update(value)

    def dump(self) -> bytes:
        raw: bytes = self._kept.serialize()
        return raw

    @property
    def count(self) -> int:
        """How many values there are in it."""
        return int(self._kept.n)

    def quantiles(self) -> list[float]:
        """From the least to the greatest, in equal steps of rank; none of an empty one."""
        if not self.count:
            return []
        return [float(q) for q in self._kept.get_quantiles([step / STEPS for step in range(STEPS + 1)], inclusive=True)]


def merged(parts: Iterable[bytes]) -> Sketch:
    """One sketch of all values. Raises ValueError for bytes that are none."""
    from datasketches import kll_doubles_sketch

    whole = kll_doubles_sketch(K)
    for raw in parts:
        try:
            whole.merge(kll_doubles_sketch.deserialize(raw))
        except (IndexError, RuntimeError) as error:
            raise ValueError(f"no sketch: {error}") from None
    return Sketch(whole)
