"""Windows over a partner's events. An element that happened at t is in a sliding window W from t up to, not including, t + W.

| storage | for | holds | exact |
|---|---|---|---|
| times | count over at most a day | the times, for the longest such window | yes |
| samples | other functions over at most a day, and `last N` | times and values | yes, up to 1,000 elements |
| buckets | longer than a day | 128 buckets a window, only those used | to 1/128 of the window: an element leaves late by at most that |
| total | count, sum, avg over life, today, session | count, sum, newest time | yes |
| best | min, max, last over life, today, session | one value | yes |
| values | distinct over life, today, session | the values | yes, up to 1,000 of them |
| all | p50, p90 over today, session | every value | yes, up to the newest 1,000 |

All are plain lists, so that a snapshot is the list itself. `benches/windows.py` measures bytes and error.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable
from math import inf
from typing import Any

EXACT_UP_TO, BUCKETS, MAX_SAMPLES, MAX_VALUES = 86400.0, 128, 1000, 1000
Slots = list[Any]
Columns = list[list[Any]]
Fold = Callable[[float, float], float]


# -- times: [t, t, ...] in order


def add_time(v: Slots, i: int, t: float, span: float) -> None:
    """Note an element that may be late. (The common case, in order, is written out where the handlers are generated.)"""
    w = v[i]
    if w is None:
        v[i] = [t]
    else:
        insort(w, t)
        if w[0] + span <= w[-1]:
            forget(w, span, w[-1])


def forget(w: list[float], span: float, now: float) -> None:
    """Drop the times that have left the longest window that reads them."""
    del w[: _gone(w, span, now)]


def alive(w: list[float] | None, span: float, now: float) -> int:
    """How many are in the window at `now`."""
    return len(w) - _gone(w, span, now) if w else 0


def _gone(w: list[float], span: float, now: float) -> int:
    """How many have left. Exactly `t + span <= now`, which `t <= now - span` may miss by a rounding."""
    if w[0] + span > now:
        return 0
    at = bisect_right(w, now - span)
    while at < len(w) and w[at] + span <= now:
        at += 1
    while at and w[at - 1] + span > now:
        at -= 1
    return at


def first_leaves(w: list[float] | None, span: float, now: float) -> float:
    """When the oldest element that is in the window leaves it; inf when there is none."""
    if not w:
        return inf
    at = _gone(w, span, now)
    return w[at] + span if at < len(w) else inf


def plus(a: float, b: float) -> float:
    return a + b


# -- samples: [[t, ...], [value, ...]] in order of time


def add_sample(v: Slots, i: int, t: float, value: Any, keep: int) -> None:
    if value is None:
        return
    w = v[i]
    if w is None:
        v[i] = [[t], [value]]
        return
    at = bisect_right(w[0], t)
    w[0].insert(at, t)
    w[1].insert(at, value)
    if len(w[0]) > keep:
        del w[0][0], w[1][0]


def sliding(w: list[list[Any]] | None, span: float, now: float) -> list[Any]:
    """The values in the window at `now`, in order of time."""
    if w is None:
        return []
    if w[0] and w[0][0] + span <= now:
        gone = bisect_right(w[0], now, key=lambda t: t + span)
        del w[0][:gone], w[1][:gone]
    alive_now: list[Any] = w[1]
    return alive_now


def values(w: list[list[Any]] | None) -> list[Any]:
    return [] if w is None else w[1]


def first_sample_leaves(w: list[list[Any]] | None, span: float, now: float) -> float:
    return w[0][0] + span if w and sliding(w, span, now) else inf


def average(values: list[Any]) -> float | None:
    return sum(values) / len(values) if values else None


def percentile(values: list[Any], share: float) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `share` of the values do not exceed."""
    if not values:
        return None
    ranked = sorted(values)
    return float(ranked[max(0, -int(-share * len(ranked) // 1) - 1)])


# -- buckets: [[index, ...], [n, ...], [folded value, ...]] in order; a count has no third list


def add_bucket(v: Slots, i: int, t: float, value: float | None, span: float, fold: Fold | None) -> None:
    """Note an element in its bucket. `fold` joins values (sum, min or max); None only counts."""
    if value is None:
        return
    index = int(t // (span / BUCKETS))
    w = v[i]
    if w is None:
        w = v[i] = [[], []] if fold is None else [[], [], []]
    at = bisect_right(w[0], index)
    if at and w[0][at - 1] == index:
        w[1][at - 1] += 1
        if fold is not None:
            w[2][at - 1] = fold(w[2][at - 1], value)
        return
    for column, new in zip(w, (index, 1, value), strict=False):
        column.insert(at, new)
    if len(w[0]) > BUCKETS + 2:
        _drop_buckets(w, 1)


def buckets(w: Columns | None, span: float, now: float) -> Columns | None:
    """The buckets with an element that may be in the window at `now`; None where there is none."""
    if w is None:
        return None
    gone = 0
    while gone < len(w[0]) and _bucket_leaves(w[0][gone], span) <= now:
        gone += 1
    if gone:
        _drop_buckets(w, gone)
    return w if w[0] else None


def _drop_buckets(w: Columns, count: int) -> None:
    for column in w:
        del column[:count]


def _bucket_leaves(index: float, span: float) -> float:
    return (index + 1) * (span / BUCKETS) + span


def first_bucket_leaves(w: Columns | None, span: float, now: float) -> float:
    return _bucket_leaves(w[0][0], span) if w and buckets(w, span, now) else inf


def bucket_count(w: Columns | None, span: float, now: float) -> float:
    alive_now = buckets(w, span, now)
    return sum(alive_now[1]) if alive_now else 0


def bucket_sum(w: Columns | None, span: float, now: float) -> float:
    alive_now = buckets(w, span, now)
    return sum(alive_now[2]) if alive_now else 0


def bucket_average(w: Columns | None, span: float, now: float) -> float | None:
    alive_now = buckets(w, span, now)
    return sum(alive_now[2]) / sum(alive_now[1]) if alive_now else None


def bucket_low(w: Columns | None, span: float, now: float) -> float | None:
    alive_now = buckets(w, span, now)
    return min(alive_now[2]) if alive_now else None


def bucket_high(w: Columns | None, span: float, now: float) -> float | None:
    alive_now = buckets(w, span, now)
    return max(alive_now[2]) if alive_now else None


# -- since an epoch (0 for life, the partner's midnight, the log-in): [epoch, ...]


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


def add_best(v: Slots, i: int, t: float, value: Any, epoch: float, function: str) -> None:
    """[epoch, t, value]"""
    if value is None or t < epoch:
        return
    w = v[i]
    if w is None or w[0] != epoch or (function == "last" and t >= w[1]) or (function == "min" and value < w[2]) or (function == "max" and value > w[2]):
        v[i] = [epoch, t, value]


def best(w: list[Any] | None, epoch: float) -> Any:
    return w[2] if w is not None and w[0] == epoch else None


def add_value(v: Slots, i: int, t: float, value: Any, epoch: float) -> None:
    """[epoch, value, value, ...]"""
    if value is None or t < epoch:
        return
    w = v[i]
    if w is None or w[0] != epoch:
        v[i] = [epoch, value]
    elif value not in w[1:] and len(w) <= MAX_VALUES:
        w.append(value)


def add_any(v: Slots, i: int, t: float, value: Any, epoch: float) -> None:
    """[epoch, value, value, ...], equal ones too"""
    if value is None or t < epoch:
        return
    w = v[i]
    if w is None or w[0] != epoch:
        v[i] = [epoch, value]
        return
    w.append(value)
    if len(w) > MAX_VALUES + 1:
        del w[1]


def kept(w: list[Any] | None, epoch: float) -> list[Any]:
    return w[1:] if w is not None and w[0] == epoch else []


def different(w: list[Any] | None, epoch: float) -> int:
    return len(w) - 1 if w is not None and w[0] == epoch else 0


def ratio(of: float, to: float, min_samples: int) -> float | None:
    """Unknown below `min_samples` decided events."""
    return of / to if to >= min_samples else None


# -- the time of the newest element, for the ages in evidence; None where there is none


def newest_time(w: list[float] | None) -> float | None:
    return w[-1] if w else None


def newest_sample(w: list[list[Any]] | None) -> float | None:
    return w[0][-1] if w and w[0] else None


def newest_total(w: list[float] | None) -> float | None:
    return w[3] if w else None


def newest_best(w: list[Any] | None) -> float | None:
    return w[1] if w else None
