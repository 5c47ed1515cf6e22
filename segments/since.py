"""Aggregates since an epoch: 0 for life, the partner's midnight for today, the log-in for a session. All begin with it: `[epoch, ...]`."""

from __future__ import annotations

from typing import Any

from segments.state import PartnerState
from segments.windows import Slots

#: What p50 and p90 hold, and how many different values `distinct` tells apart.
MAX_VALUES = 5000


def add_total(v: Slots, i: int, t: float, value: float | None, epoch: float) -> None:
    """[epoch, n, sum, newest t]"""
    if value is None or t < epoch:
        return
    w = v[i]
    if w is None or w[0] != epoch:
        v[i] = [epoch, 1, value, t]
    else:
        w[1] += 1
        w[2] += value
        w[3] = max(w[3], t)


def total(w: list[float] | None, epoch: float, which: int) -> float:
    return w[which] if w is not None and w[0] == epoch else 0


def total_average(w: list[float] | None, epoch: float) -> float | None:
    return w[2] / w[1] if w is not None and w[0] == epoch else None


def newest_total(w: list[float] | None) -> float | None:
    return w[3] if w else None


def add_best(v: Slots, i: int, t: float, value: Any, epoch: float, function: str) -> None:
    """[epoch, t, value]"""
    if value is None or t < epoch:
        return
    w = v[i]
    if w is None or w[0] != epoch or (function == "last" and t >= w[1]) or (function == "min" and value < w[2]) or (function == "max" and value > w[2]):
        v[i] = [epoch, t, value]


def best(w: list[Any] | None, epoch: float) -> Any:
    return w[2] if w is not None and w[0] == epoch else None


def add_value(s: PartnerState, i: int, t: float, value: Any, epoch: float) -> None:
    """[epoch, newest t, {value: 1, ...}]; one more value than there is room for is dropped, and counted."""
    if value is None or t < epoch:
        return
    w = s.slots[i]
    if w is None or w[0] != epoch:
        s.slots[i] = [epoch, t, {value: 1}]
        return
    w[1] = max(w[1], t)
    if value not in w[2]:
        if len(w[2]) < MAX_VALUES:
            w[2][value] = 1
        else:
            s.drop()


def different(w: list[Any] | None, epoch: float) -> int:
    return len(w[2]) if w is not None and w[0] == epoch else 0


def add_any(s: PartnerState, i: int, t: float, value: Any, epoch: float) -> None:
    """[epoch, newest t, [value, ...]], equal ones too; where there is no room the one that came first is dropped, and counted."""
    if value is None or t < epoch:
        return
    w = s.slots[i]
    if w is None or w[0] != epoch:
        s.slots[i] = [epoch, t, [value]]
        return
    w[1] = max(w[1], t)
    w[2].append(value)
    if len(w[2]) > MAX_VALUES:
        del w[2][0]
        s.drop()


def kept(w: list[Any] | None, epoch: float) -> list[Any]:
    return w[2] if w is not None and w[0] == epoch else []


def newest_since(w: list[Any] | None) -> float | None:
    """The time of the newest value; of `best`, of the one that is it."""
    return w[1] if w else None
