"""Sequences of two events, the second without a condition: most of them. What came second is noted once for all such rules, and a rule is looked at
only when a first waits.

Slot of a rule: `[[[t, key, first_id], ...] open, oldest first, [[t, id], ...] seconds of the last minutes that it has consumed]`.
Slot of the seconds, by event and what `same` compares: `[[t, key, id], ...]` of the last minutes, for firsts that come late.
"""

from __future__ import annotations

from typing import Any

from segments.state import PartnerState
from training_rules.patterns import MAX_OPEN, expire, keep, put

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
                keep(used, [at, second])
                return [event_id, second]
    if opened:
        expire(opened, within, t)
        if len(opened) >= MAX_OPEN:
            del opened[0]
            s.drop()
    put(opened, [t, key, event_id])
    return None


def end_pair(v: Slots, number: int, key: str, t: float, event_id: str, within: float) -> list[str] | None:
    """A second event where firsts are open. It completes the oldest of its key; returns the ids of the match."""
    opened, used = v[number]
    if opened[0][0] + within <= t:
        expire(opened, within, t)
    for first in opened:
        if first[1] == key and first[0] <= t < first[0] + within:
            opened.remove(first)
            keep(used, [t, event_id])
            return [first[2], event_id]
    return None
