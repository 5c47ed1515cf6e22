"""What one moment brings to light, before policy has its say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from operator import attrgetter
from typing import Any

import msgspec

from segments.state import PartnerState

MAX_MOVES = 10_000
_TRIGGER = attrgetter("trigger")
Look = Callable[..., None]


class Match(msgspec.Struct):
    """One satisfaction of a trigger. `events`: the ids that made it, oldest first, of a pattern's event its trace; `args`: values of message holes taken from the event;
    `fields`: the event's fields that the condition read; `key`: the value of `same`; `queued_at`: when it was first held to wait, if it was,
    `until`: how long at most; `control`: it follows from a ghost, and can only be one; `span`: the silence that made it, from and to, which a late event may disprove."""

    trigger: int
    events: list[Any]
    args: dict[str, Any]
    fields: dict[str, Any]
    key: Any = ""
    queued_at: float | None = None
    control: bool = False
    until: float = inf
    span: list[float] | None = None


class Found:
    """Moves of segments (by number), matches (by trigger), episodes (by rule) that were cleared or are overdue, and sends (by rule) that turned out
    wrong, of one moment, in order."""

    __slots__ = ("closed", "matches", "moves", "overdue", "recalled")

    def __init__(self) -> None:
        self.moves: list[int] = []
        self.matches: list[Match] = []
        self.closed: list[tuple[int, list[Any]]] = []
        self.overdue: list[tuple[int, list[Any]]] = []
        self.recalled: list[tuple[int, list[Any]]] = []


def moved(found: Found | None, segment: int) -> Found:
    found = found or Found()
    found.moves.append(segment)
    return found


def matched(found: Found | None, trigger: int, events: list[Any], args: dict[str, Any], fields: dict[str, Any], key: Any = "") -> Found:
    found = found or Found()
    found.matches.append(Match(trigger, events, args, fields, key))
    return found


def in_order(found: Found, start: int) -> None:
    """The matches from number `start` on in the order of their triggers."""
    if start:
        found.matches[start:] = sorted(found.matches[start:], key=_TRIGGER)
    else:
        found.matches.sort(key=_TRIGGER)


def closed(found: Found | None, rule: int, episodes: list[list[Any]]) -> Found:
    found = found or Found()
    found.closed += [(rule, episode) for episode in episodes]
    return found


def fact(value: Any, seen: float | None, now: float) -> dict[str, Any]:
    """A value that decided, with its age in seconds (None where it has none)."""
    return {"value": value, "age": None if seen is None or seen == -inf else round(now - seen, 3)}


def net(moves: Sequence[int]) -> list[int]:
    """The segments that moved on the whole: one that went in and out again at one moment did not."""
    return [segment for segment in dict.fromkeys(moves) if moves.count(segment) % 2]


def settle(s: PartnerState, v: list[Any], now: float, found: Found, cause: str, moved_functions: Sequence[tuple[Look, Look]]) -> None:
    """Segments to a fix point: segments that read one that moved look again, in declared order; then all else that reads one that moved on the whole.
    A circle, which `check` refuses, ends here too."""
    at = 0
    while at < len(found.moves) <= MAX_MOVES:
        moved_functions[found.moves[at]][0](s, v, now, found, cause)
        at += 1
    found.moves = net(found.moves)
    for segment in found.moves:
        moved_functions[segment][1](s, v, now, found, cause)
