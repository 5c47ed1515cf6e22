"""Segments to Python source: one function a segment, which looks at it at a moment and says whether the partner moved in or out.

A membership is `[member, edge_since, since]`: whether the partner is in, since when the condition of the other edge has been true (None: it is
not), and since when the partner is in or out; with `stale_after` also the time of the newest event that the segment reads. Its timer is due when
the edge has held long enough, when time alone can change the condition, or when its data grow too old.
"""

from __future__ import annotations

from typing import Any

from rulebook.codegen import Codegen
from rulebook.model import RuleSet, Segment
from rulebook.scope import Scope, expand
from rulebook.syntax import Expr, Name, Not, references
from segments.features import Features

NOBODY, UNSEEN = "[False, None, None]", "[False, None, None, -inf]"


def is_in(membership: list[Any] | None) -> bool:
    return membership is not None and membership[0]


def moved_at(membership: list[Any] | None) -> float | None:
    """Since when the partner is in or out."""
    return None if membership is None else membership[2]


def exit_condition(segment: Segment) -> Expr:
    """The condition of the way out; by default *definitely not* the one of the way in."""
    assert segment.enter.when is not None
    return segment.exit.when or Not(segment.enter.when, segment.enter.when.span)


def reads(exprs: list[Expr], features: Features, scope: Scope) -> frozenset[str]:
    """Event types, and `segment:NAME`, whose arrival can change the truth of any of the expressions."""
    found: set[str] = set()
    pending = [r for e in exprs for r in references(e)]
    while pending:
        ref = pending.pop()
        if str(ref) not in features.given and (longer := expand(ref, scope)) is not None:
            pending += references(longer)
        elif not (isinstance(ref, Name) and scope.is_event_field(ref)):
            found |= features.reads(ref, scope)
    return frozenset(found)


def segment_source(segment: Segment, number: int, timer: int, features: Features, rules: RuleSet) -> list[str]:
    """The lines of `seg_<number>(s, v, now) -> bool`."""
    scope = Scope(rules)
    code, leave = Codegen(features, scope), exit_condition(segment)
    assert segment.enter.when is not None
    slot = features.segment_slots[segment.name]
    enter_true, leave_true = " and ".join(filter(None, code.parted(segment.enter.when))), code.true(leave)
    return [
        f"def seg_{number}(s, v, now):  # {segment.name}",
        f"    m = v[{slot}]",
        f"    if m is None: m = v[{slot}] = {NOBODY if segment.stale_after is None else UNSEEN}",
        "    moved = False",
        *_stale(segment.stale_after),
        f"    {'elif' if segment.stale_after else 'if'} m[0]:",
        *_edge(leave_true, segment.exit.hold, "False", enter_true if segment.enter.hold else ""),
        "    else:",
        *_edge(enter_true, segment.enter.hold, "True", leave_true if segment.exit.hold else ""),
        *_due(segment, timer, code),
        "    return moved",
    ]


def seen_source(segment: Segment, features: Features) -> list[str]:
    """Code that notes an event of time `t` which a segment with `stale_after` reads."""
    slot = features.segment_slots[segment.name]
    return [f"if v[{slot}] is None: v[{slot}] = {UNSEEN}", f"if t > v[{slot}][3]: v[{slot}][3] = t"]


def _stale(after: float | None) -> list[str]:
    """Data that are too old make nobody a member: an edge that waits begins anew, a membership ends."""
    if after is None:
        return []
    return [
        f"    if now >= m[3] + {after!r}:",
        "        if m[0]: m[0], m[2], moved = False, now, True",
        "        m[1] = None",
    ]


def _edge(condition: str, hold: float, member: str, other: str) -> list[str]:
    """The way to `member`; where the opposite way takes time, its clock starts at once if its condition holds already."""
    crossed = [f"m[0], m[1], m[2], moved = {member}, None, now, True"]
    if other:
        crossed.append(f"if {other}: m[1] = now")
    if not hold:
        return [f"        if {condition}:", *(f"            {line}" for line in crossed)]
    return [
        f"        if {condition}:",
        "            if m[1] is None: m[1] = now",
        f"            if now >= m[1] + {hold!r}:",
        *(f"                {line}" for line in crossed),
        "        else: m[1] = None",
    ]


def _due(segment: Segment, timer: int, code: Codegen) -> list[str]:
    """Code that sets the timer: who is in waits for the way out, who is out for the way in, if time alone can open it. Right after a move both count."""
    assert segment.enter.when is not None
    enter, leave = code.changes(segment.enter.when), code.changes(exit_condition(segment))
    both, wait = list(dict.fromkeys([*enter, *leave])), list[str]()
    if segment.enter.hold or segment.exit.hold:
        wait.append(f"inf if m[1] is None else m[1] + ({segment.exit.hold!r} if m[0] else {segment.enter.hold!r})")
    if segment.stale_after is not None:
        wait.append(f"m[3] + {segment.stale_after!r} if now < m[3] + {segment.stale_after!r} else inf")
    steady, _ = code.parted(segment.enter.when)
    if not both or not (steady or set(enter) != set(leave)):
        return due_source(timer, [*both, *wait]) if both or wait else []
    outside = [("elif", f"{steady}", enter), ("else", "", [])] if steady else [("else", "", enter)]
    ways = [("if", "moved", both), ("elif", "m[0]", leave), *outside]
    lines = [f"    {word}{' ' if test else ''}{test}: due = {_earliest([*moments, *wait])}" for word, test, moments in ways]
    return [*lines, *_noted(f"s.dues[{timer}] = due")]


def _earliest(moments: list[str]) -> str:
    return "inf" if not moments else moments[0] if len(moments) == 1 else f"min({', '.join(moments)})"


def due_source(timer: int, moments: list[str]) -> list[str]:
    """Code that sets a timer. `next_due` may be earlier than all timers, never later: what is put off is seen when it comes."""
    return _noted(f"due = s.dues[{timer}] = {_earliest(moments)}")


def _noted(assignment: str) -> list[str]:
    return [f"    {assignment}", "    if due < s.next_due: s.next_due = due"]
