"""`count`, `sum` and `avg` over more than a day: exact while few, then in parts of the window.

Up to `MAX_EXACT` elements each is held with its time: `[None, [t, ...], [value, ...]]`, a count without values. With one more the window goes over to
buckets, `[newest t, [index, ...], [n, ...], [sum, ...]]`, and stays there until it is empty. The elements of a bucket leave together, with its end:
late by at most a bucket's width, never early.
"""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from typing import Any

from segments.windows import Slots, gone

MAX_EXACT, BUCKETS = 256, 128
Long = list[Any]


def add_long(v: Slots, i: int, t: float, value: float | None, span: float, now: float, *, summed: bool) -> None:
    """Note an element; only counts where it is not `summed`."""
    if value is None:
        return
    w = _pruned(v[i], span, now)
    if w is not None and w[0] is not None:
        _into_bucket(w, t, value, span)
    elif t + span <= now:
        v[i] = w
    elif w is None:
        v[i] = [None, [t], [value]] if summed else [None, [t]]
    else:
        at = bisect_right(w[1], t)
        w[1].insert(at, t)
        if summed:
            w[2].insert(at, value)
        if len(w[1]) > MAX_EXACT:
            v[i] = _in_buckets(w, span)


def _in_buckets(w: Long, span: float) -> Long:
    times, values = w[1], w[2] if len(w) > 2 else [1] * len(w[1])
    bucketed: Long = [times[-1], *([] for _ in w)]
    for t, value in zip(times, values, strict=True):
        _into_bucket(bucketed, t, value, span)
    return bucketed


def _into_bucket(w: Long, t: float, value: float, span: float) -> None:
    index = int(t // (span / BUCKETS))
    w[0] = max(w[0], t)
    at = bisect_right(w[1], index)
    if at and w[1][at - 1] == index:
        for column, more in zip(w[2:], (1, value), strict=False):
            column[at - 1] += more
    else:
        for column, new in zip(w[1:], (index, 1, value), strict=False):
            column.insert(at, new)


def _pruned(w: Long | None, span: float, now: float) -> Long | None:
    """The window without what has left it; None where nothing is in it."""
    if not w or not w[1]:
        return None
    left = gone(w[1], span, now) if w[0] is None else bisect_right(w[1], now, key=lambda index: _bucket_leaves(index, span))
    if left:
        for column in w[1:]:
            del column[:left]
    return w if w[1] else None


def _bucket_leaves(index: float, span: float) -> float:
    return (index + 1) * (span / BUCKETS) + span


def first_long_leaves(w: Long | None, span: float, now: float) -> float:
    """When what is the next to leave leaves; inf when nothing is in the window."""
    w = _pruned(w, span, now)
    if w is None:
        return inf
    at: float = w[1][0]
    return at + span if w[0] is None else _bucket_leaves(at, span)


def long_count(w: Long | None, span: float, now: float) -> float:
    w = _pruned(w, span, now)
    if w is None:
        return 0
    return len(w[1]) if w[0] is None else sum(w[2])


def long_sum(w: Long | None, span: float, now: float) -> float:
    w = _pruned(w, span, now)
    return sum(w[-1]) if w is not None else 0


def long_average(w: Long | None, span: float, now: float) -> float | None:
    count = long_count(w, span, now)
    return long_sum(w, span, now) / count if count else None


def newest_long(w: Long | None) -> float | None:
    """The time of the newest element; None where there is none."""
    if not w or not w[1]:
        return None
    newest: float = w[1][-1] if w[0] is None else w[0]
    return newest
