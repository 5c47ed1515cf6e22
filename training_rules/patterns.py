"""Patterns over a partner's events: what the generated handlers call. Matching is relaxed (other events may come between), earliest first and
non-overlapping (a match consumes its events). All open matches are plain lists in a slot.

Late events take their place by event time; what they complete is decided now.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from math import inf
from typing import Any

from segments.state import PartnerState

#: Open partial matches of one rule and partner; the oldest is dropped, and counted.
MAX_OPEN = 8
#: Out-of-order events may refer this far back (s); the engine refuses later ones.
LATENESS = 120.0

Slots = list[Any]
Events = list[str]
Steps = Sequence[int]


def times(s: PartnerState, number: int, key: str, t: float, event_id: str, need: int, within: float) -> Events | None:
    """`times: N within: D`. Slot: {key: [[t, id], ...]}. Returns the ids of a match's events, oldest first."""
    entries = _entries(s, number, key)
    put(entries, [t, event_id])
    keep = entries[-1][0] - within - LATENESS
    while entries[0][0] <= keep:
        del entries[0]
    if len(entries) < need:
        return None
    for first in range(len(entries) - need + 1):
        if entries[first][0] + within > entries[first + need - 1][0]:
            matched = [e[1] for e in entries[first : first + need]]
            del entries[first : first + need]
            return matched
    return None


def in_a_row(s: PartnerState, number: int, key: str, t: float, event_id: str, ok: bool, need: int, recent: list[float] | None) -> Events | None:  # noqa: FBT001 - generated code calls it
    """`times: N in_a_row: true`. Slot: {key: [[t, id], ...]}; an event that does not count stands in the row with an empty id.

    The slot is None as long as no event has counted that a late one could still join: then the `recent` times of the event's type say what broke rows.
    """
    if s.slots[number] is None and recent and key == "":
        s.slots[number] = {key: [[at, ""] for at in recent]}
    entries = _entries(s, number, key)
    entry = [t, event_id if ok else ""]
    put(entries, entry)
    if len(entries) > 2 and entries[1][0] < entries[-1][0] - LATENESS:
        _forget(entries)
    if not ok:
        if key == "" and not any(e[1] for e in entries):
            s.slots[number] = None
        return None
    last = len(entries) - 1
    while entries[last] is not entry:
        last -= 1
    first = last
    while first and entries[first - 1][1]:
        first -= 1
    while last + 1 < len(entries) and entries[last + 1][1]:
        last += 1
    if last - first + 1 < need:
        return None
    matched = [e[1] for e in entries[first : first + need]]
    for e in entries[first : first + need]:
        e[1] = ""
    return matched


def note_time(v: Slots, number: int, t: float) -> None:
    """Remember when an event happened, for rows: the times of the last minutes, and the newest from before them. (The common case is written out
    where the handlers are generated.)"""
    w = v[number]
    if w is None:
        v[number] = [t]
    else:
        insort(w, t)
        trim_times(w)


def trim_times(w: list[float]) -> None:
    horizon = w[-1] - LATENESS
    while len(w) > 1 and w[1] < horizon:
        del w[0]


def put(entries: list[Any], entry: list[Any]) -> None:
    """Put an entry, whose first element is its time, in its place by time; of those of one time the one that came later stands later."""
    if not entries or entries[-1][0] <= entry[0]:
        entries.append(entry)
    else:
        insort(entries, entry, key=_time)


def note(v: Slots, number: int, entry: list[Any]) -> None:
    """Remember an event, `[t, ...]`, in a slot that all who may need it share, for events that come late."""
    if v[number] is None:
        v[number] = [entry]
    else:
        keep(v[number], entry)


def keep(entries: list[Any], entry: list[Any]) -> None:
    """Put an entry in its place, and forget those that are too old for any late event."""
    put(entries, entry)
    oldest = entries[-1][0] - LATENESS
    while entries[0][0] < oldest:
        del entries[0]


def expire(opened: list[list[Any]], within: float, t: float) -> None:
    """Forget open matches, `[t of the first, ...]`, that no event can complete any more."""
    while opened and opened[0][0] + within + LATENESS <= t:
        del opened[0]


def _time(entry: list[Any]) -> float:
    at: float = entry[0]
    return at


def _forget(entries: list[list[Any]]) -> None:
    """What stands before a broken row, and is too old for a late event to mend, is not needed."""
    horizon = entries[-1][0] - LATENESS
    if entries[0][0] >= horizon:
        return
    at = bisect_left(entries, horizon, key=_time) - 1
    while at and entries[at][1]:
        at -= 1
    if at:
        del entries[:at]


def _entries(s: PartnerState, number: int, key: str) -> list[list[Any]]:
    entries: list[list[Any]] | None
    slot = s.slots[number]
    if slot is None:
        entries = []
        s.slots[number] = {key: entries}
        return entries
    entries = slot.get(key)
    if entries is None:
        if len(slot) >= MAX_OPEN:
            del slot[min(slot, key=lambda k: slot[k][-1][0] if slot[k] else -inf)]
            s.drop()
        entries = slot[key] = []
    return entries


# -- without ... for: [[t, key, first_id, ids, args], ...] open, oldest first; beside them, for all waits that it ends, [[t, key], ...] of an event


def wait(
    s: PartnerState, number: int, timer: int, key: str, t: float, now: float, events: Events, args: dict[str, Any], span: float, ends: Sequence[int]
) -> None:
    """Open a wait that ends in a match at t + span, unless an end with the same key comes before. `ends`: slots of those that came already."""
    if t < now and (t + span <= now or any(t < at < t + span and k in (key, None) for end in ends for at, k in s.slots[end] or ())):
        return
    opened = s.slots[number]
    if opened is None:
        opened = s.slots[number] = []
    put(opened, [t, key, events[0], events, args])
    if len(opened) > MAX_OPEN:
        del opened[0]
        s.drop()
    due = s.dues[timer] = opened[0][0] + span
    s.next_due = min(s.next_due, due)


def end_waits(s: PartnerState, number: int, timer: int, key: str | None, t: float, span: float) -> None:
    """An event that a wait is without: waits of its key (None: of any) that began at or before it end in silence; not those whose time was over by then, and
    which nobody has looked at yet."""
    left = s.slots[number] = [w for w in s.slots[number] if w[0] > t or w[0] + span <= t or not (key is None or w[1] == key)] or None
    s.dues[timer] = left[0][0] + span if left else inf


def due_waits(s: PartnerState, number: int, timer: int, now: float, span: float) -> list[list[Any]]:
    """The waits whose time is over, oldest first; they are matches now."""
    opened = s.slots[number] or []
    over = [w for w in opened if w[0] + span <= now]
    rest = s.slots[number] = opened[len(over) :] or None
    s.dues[timer] = rest[0][0] + span if rest else inf
    return over


# -- sequences: [[[t of the first, key, next step, ids, t of the last], ...] open, oldest first, [[t, key, id, steps, args], ...] recent]
#
# `recent` are the events of the last minutes that moved no match, and the ends (without steps): a late event that begins or moves a match is
# followed by those of them that happened after it.


def sequence(
    s: PartnerState, number: int, key: str, t: float, now: float, event_id: str, steps: Steps, length: int, within: float, args: Any
) -> tuple[Events, Any] | None:
    """An event that may be any of `steps` (numbers from 0). It moves the oldest open match that waits for it, or begins one.
    Returns the ids, and the `args` of the last event, of a match that is complete."""
    opened, recent = _sequences(s, number, t)
    expire(opened, within, t)
    match = next((m for m in opened if _waits_for(m, key, t, steps, within)), None)
    if match is not None:
        _move(match, t, event_id)
    elif 0 in steps:
        match = _begin(s, opened, [t, key, 1, [event_id], t])
    else:
        put(recent, [t, key, event_id, steps, args])
        return None
    if t < now:
        args = _follow(opened, recent, match, length, within, args)
    if match[2] < length:
        return None
    opened.remove(match)
    return match[3], args


def _waits_for(match: list[Any], key: str, t: float, steps: Steps, within: float) -> bool:
    return match[1] == key and match[2] in steps and match[4] <= t < match[0] + within


def _move(match: list[Any], t: float, event_id: str) -> None:
    match[2] += 1
    match[3].append(event_id)
    match[4] = t


def _begin(s: PartnerState, opened: list[Any], match: list[Any]) -> list[Any]:
    if len(opened) >= MAX_OPEN:
        del opened[0]
        s.drop()
    put(opened, match)
    return match


def _follow(opened: list[Any], recent: list[Any], match: list[Any], length: int, within: float, args: Any) -> Any:
    """What came before a late event, and happened after it, moves its match on, or ends it. Returns the `args` of the last event."""
    for entry in [r for r in recent if r[0] > match[4] and r[1] == match[1]]:
        if match[2] == length:
            break
        at, key, event_id, steps, later_args = entry
        if not steps:
            opened.remove(match)
            break
        if _waits_for(match, key, at, steps, within):
            _move(match, at, event_id)
            recent.remove(entry)
            args = later_args
    return args


def end_sequences(s: PartnerState, number: int, key: str, t: float) -> None:
    """An event that a sequence is without: open matches of its key that began at or before it end in silence."""
    opened, recent = _sequences(s, number, t)
    _end_open(opened, key, t)
    put(recent, [t, key, "", (), None])


def _sequences(s: PartnerState, number: int, t: float) -> list[Any]:
    slot: list[Any] | None = s.slots[number]
    if slot is None:
        slot = s.slots[number] = [[], []]
    recent = slot[1]
    while recent and recent[0][0] < t - LATENESS:
        del recent[0]
    return slot


def _end_open(opened: list[Any], key: str, t: float) -> None:
    opened[:] = [m for m in opened if m[0] > t or m[1] != key]
