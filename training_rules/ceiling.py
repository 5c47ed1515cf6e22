"""A ceiling for what one partner's state may hold: beyond it the oldest partial matches and window elements go, and are counted.

Each kind of slot has a bound of its own, or what it holds grows with the events of a time: an app that sends thousands of events a second fills
those. They are cut where most lies, so that other rules of the same partner lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

import msgspec

from segments.state import PartnerState
from training_rules.bounds import spelled
from training_rules.rules import Rules

#: What a part may hold in any case (bytes); of one that is larger a quarter goes at a time, and the state is cut to this share of the ceiling.
SPARED, SHARE = 256, 7 / 8
SHOWN = 3

_size = msgspec.msgpack.Encoder().encode
Columns = tuple[Any, ...]
"""Lists, or dicts, whose first elements are the oldest and belong together."""


class Cut(NamedTuple):
    """The state as bytes, how many elements went, and what was largest before: (what it is part of, bytes)."""

    raw: bytes
    dropped: int
    largest: list[tuple[str, int]]


class _Part(NamedTuple):
    """Smallest first in a heap: `order` is minus its bytes."""

    order: int
    number: int
    name: str
    columns: Columns


def cut(state: PartnerState, rules: Rules, most: int) -> Cut:
    """Drop the oldest elements until the state is well under `most` bytes, or nothing is left that may go."""
    raw = rules.dump(state)
    parts = [_Part(-len(_size(columns)), n, name, columns) for n, (name, columns) in enumerate(_parts(state, rules))]
    heapify(parts)
    largest = [(part.name, -part.order) for part in sorted(parts)[:SHOWN]]
    excess, dropped = len(raw) - int(most * SHARE), 0
    while excess > 0 and parts and -parts[0].order > SPARED:
        part = heappop(parts)
        dropped += _drop_oldest(part.columns)
        left = part._replace(order=-len(_size(part.columns)))
        excess -= left.order - part.order
        heappush(parts, left)
    state.drop(dropped)
    return Cut(rules.dump(state), dropped, largest)


def _drop_oldest(columns: Columns) -> int:
    count = max(1, len(columns[0]) // 4)
    for column in columns:
        if isinstance(column, dict):
            for key in list(column)[:count]:
                del column[key]
        else:
            del column[:count]
    return count


def _parts(state: PartnerState, rules: Rules) -> Iterator[tuple[str, Columns]]:
    """What may be cut, with names for people."""
    for slot, value in zip(rules.slots, state.slots, strict=True):
        for columns in _columns(slot.key, value) if value is not None else ():
            if columns[0]:
                yield spelled(slot.key), columns
    if state.recent:
        yield "ids of events, by which copies are known", (state.recent,)


def _columns(key: str, value: Any) -> Iterator[Columns]:
    """What of a slot's value is a row of elements, oldest first. Totals, memberships, waits and sends are none: they are bounded."""
    match key.partition(":")[0]:
        case "times" | "recent" | "ends" | "seconds":
            yield (value,)
        case "samples" | "peaks" | "share":
            yield tuple(value)
        case "values" | "all":
            yield (value[2],)
        case "nudge" | "pattern" if isinstance(value, dict):  # times, in a row: entries by the value of `same`
            yield from ((entries,) for entries in value.values())
        case "nudge" | "pattern" if len(value) == 2:  # sequences and pairs: open ones, and events of the last minutes
            yield from ((entries,) for entries in value)
