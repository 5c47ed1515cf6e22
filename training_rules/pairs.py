"""Sequences of two events, the second without a condition: most of them. What came second is noted once for all such rules, and a rule is looked at
only when a first waits.

Slot of a rule: `[[[t, key, first_id], ...] open, oldest first, [[t, id], ...] seconds of the last minutes that it has consumed]`.
Slot of the seconds, by event and what `same` compares: `[[t, key, id], ...]` of the last minutes, for firsts that come late.
"""

from __future__ import annotations

from typing import Any

from segments.state import PartnerState
from training_rules.patterns import LATENESS, MAX_OPEN, put

Slots = list[Any]


def begin_pair(s: PartnerState, number: int, key: str, t: float, now: float, event_id: str, within: float, seconds: int) -> list[str] | None:
    """A first event. Returns the ids of a match when it comes late, and its second is known."""
    slot = s.slots[number]
    if slot is None:
        slot = s.slots[number] = [[], []]
    opened, used = slot
    if t < now:
        for at, other, second in s.slots[seconds] or ():
            if other == key and t < at < t + within and [at, second] not in used:
                _use(used, at, second)
                return [event_id, second]
    _expire(opened, within, t)
    if len(opened) >= MAX_OPEN:
        del opened[0]
        s.drop()
    put(opened, [t, key, event_id])
    return None


def end_pair(v: Slots, number: int, key: str, t: float, event_id: str, within: float) -> list[str] | None:
    """A second event where firsts are open. It completes the oldest of its key; returns the ids of the match."""
    opened, used = v[number]
    _expire(opened, within, t)
    for first in opened:
        if first[1] == key and first[0] <= t < first[0] + within:
            opened.remove(first)
            _use(used, t, event_id)
            return [first[2], event_id]
    return None


def note_second(v: Slots, number: int, key: str, t: float, event_id: str) -> None:
    """Remember a second event for firsts that come late."""
    w = v[number]
    if w is None:
        v[number] = [[t, key, event_id]]
        return
    put(w, [t, key, event_id])
    while w[0][0] < w[-1][0] - LATENESS:
        del w[0]


def _use(used: list[list[Any]], t: float, event_id: str) -> None:
    put(used, [t, event_id])
    while used[0][0] < used[-1][0] - LATENESS:
        del used[0]


def _expire(opened: list[list[Any]], within: float, t: float) -> None:
    while opened and opened[0][0] + within + LATENESS <= t:
        del opened[0]
