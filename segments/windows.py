"""Windows over a partner's events. An element that happened at t is in a sliding window W from t up to, not including, t + W.

| storage | for | holds | exact |
|---|---|---|---|
| times | count over at most a day | the times, for the longest such window | yes |
| samples | sum, avg over at most a day; distinct, p50, p90 over any time; a ratio, and all else, over `last N` | times and values | the newest 5,000 |
| peaks | min, max, last over any time | times and values of those that no later one outdoes | yes |
| long | count, sum, avg over more than a day | up to 256 times and values, then 128 buckets | up to 256 elements; then an element leaves late by at most 1/128 of the window |
| total | count, sum, avg over life, today, session | count, sum, newest time | yes |
| best | min, max, last over life, today, session | one value | yes |
| values | distinct over life, today, session | the values | up to 5,000 of them |
| all | p50, p90 over life, today, session | every value | the newest 5,000 |

What a bound drops is counted in the state's `dropped`. All are plain lists, so that a snapshot is the list itself. Long windows are in
`segments.long_windows`, those since an epoch in `segments.since`; `benches/windows.py` measures bytes and error.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable
from math import ceil, inf
from typing import Any

from segments.state import PartnerState

EXACT_UP_TO, MAX_SAMPLES = 86400.0, 5000
_ROUNDING = 1e-6  # of a count: a look too early decides nothing, one too late would miss a moment
Slots = list[Any]
Samples = list[list[Any]]


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
    del w[: gone(w, span, now)]


def alive(w: list[float] | None, span: float, now: float) -> int:
    """How many are in the window at `now`."""
    if not w:
        return 0
    return len(w) if w[0] + span > now else len(w) - gone(w, span, now)


def gone(w: list[float], span: float, now: float) -> int:
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
    if (first := w[0] + span) > now:
        return first
    at = gone(w, span, now)
    return w[at] + span if at < len(w) else inf


def leaves(t: float, span: float, now: float) -> float:
    """When an element of the window leaves it; inf when it has left, or there is none (-inf)."""
    at = t + span
    return at if at > now else inf


# -- samples: [[t, ...], [value, ...]] in order of time


def add_sample(s: PartnerState, i: int, t: float, value: Any, span: float, now: float) -> None:
    """Note an element of a sliding window; where there is no room the oldest is dropped, and counted."""
    if value is None or t + span <= now:
        return
    w = s.slots[i]
    if w is None:
        s.slots[i] = [[t], [value]]
        return
    sliding(w, span, now)
    _put(w, t, value)
    if len(w[0]) > MAX_SAMPLES:
        del w[0][0], w[1][0]
        s.drop()


def add_newest(v: Slots, i: int, t: float, value: Any, keep: int) -> None:
    """Note an element of `last N`."""
    if value is None:
        return
    w = v[i]
    if w is None:
        v[i] = [[t], [value]]
        return
    _put(w, t, value)
    if len(w[0]) > keep:
        del w[0][0], w[1][0]


def _put(w: Samples, t: float, value: Any) -> None:
    at = bisect_right(w[0], t)
    w[0].insert(at, t)
    w[1].insert(at, value)


def sliding(w: Samples | None, span: float, now: float) -> list[Any]:
    """The values in the window at `now`, in order of time."""
    if w is None:
        return []
    if w[0] and w[0][0] + span <= now:
        left = gone(w[0], span, now)
        del w[0][:left], w[1][:left]
    alive_now: list[Any] = w[1]
    return alive_now


def values(w: Samples | None) -> list[Any]:
    return [] if w is None else w[1]


def first_sample_leaves(w: Samples | None, span: float, now: float) -> float:
    return w[0][0] + span if w and sliding(w, span, now) else inf


def average(values: list[Any]) -> float | None:
    return sum(values) / len(values) if values else None


def percentile(values: list[Any], share: float) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `share` of the values do not exceed."""
    if not values:
        return None
    ranked = sorted(values)
    return float(ranked[max(0, -int(-share * len(ranked) // 1) - 1)])


# -- peaks: samples, but only those that no later one outdoes: the first of them is the window's


def add_peak(v: Slots, i: int, t: float, value: Any, span: float, now: float, outdoes: Callable[[Any, Any], bool]) -> None:
    """Note an element. `outdoes(later, earlier)`: the earlier one can't matter any more. A late element takes its place, if no later one outdoes it."""
    if value is None:
        return
    w = v[i]
    if w is None:
        v[i] = [[t], [value]]
        return
    sliding(w, span, now)
    times, found = w
    at = first = bisect_right(times, t)
    if at < len(times) and outdoes(found[at], value):
        return
    while first and outdoes(value, found[first - 1]):
        first -= 1
    times[first:at], found[first:at] = [t], [value]


def newer(_later: Any, _earlier: Any) -> bool:
    """Of `last` each element outdoes all before it."""
    return True


def peak(w: Samples | None, span: float, now: float) -> Any:
    found = sliding(w, span, now)
    return found[0] if found else None


# -- ratios


def ratio(of: float, to: float, min_samples: int) -> float | None:
    """Unknown below `min_samples` decided events."""
    return of / to if to >= min_samples else None


def ratio_turns(of: list[float] | None, to: list[float] | None, span: float, least: int, bound: float, within: bool, now: float) -> float:  # noqa: FBT001 - generated code calls it
    """When time alone may bring the ratio of two counts to the other side of `bound`, or to too few samples; never later than it does, and inf where it can't.
    `within`: whatever counts as `of` counts as `to`, and leaves both at once. Only what is `of` brings it down as it leaves, and only what is `to` up."""
    if not to or len(to) < least or (unknown := to[-least] + span) <= now:
        return inf
    m, n = alive(of, span, now), alive(to, span, now)
    found = m / n  # as the condition has it: of 50, 29 are 58 %, and 58 % are less than 29
    if of and found > bound:
        together = within and bound < 1.0 and to[-n] <= of[-m]  # not where the ceiling of a state cut `to`
        falls = max(ceil((m - bound * n) / (1.0 - bound if together else 1.0) - _ROUNDING), 1)
        return min(unknown, of[falls - m - 1] + span) if falls <= m else unknown
    if found < bound:
        rises = max(ceil(n - m / bound - _ROUNDING), 1)
        return min(unknown, to[rises - n - 1] + span) if rises <= n else unknown
    return min(first_leaves(of, span, now), first_leaves(to, span, now))


def share(w: Samples | None, min_samples: int) -> float | None:
    """Of the newest events of a ratio, which are 1 or 0, how many are 1."""
    return ratio(sum(w[1]), len(w[1]), min_samples) if w is not None else None


# -- the time of the newest element, for the ages in evidence; None where there is none


def newest_sample(w: Samples | None) -> float | None:
    return w[0][-1] if w and w[0] else None


def newest(*times: float | None) -> float | None:
    return max([t for t in times if t is not None], default=None)
