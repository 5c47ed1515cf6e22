"""What the compiler asks of a rule's definition: the conditions that it reads, where its event's fields are seen, which family it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events import FAMILIES
from rulebook.currency import labelled
from rulebook.model import Crosses, Happens, Holds, InSequence, Nudge, Pattern, RuleSet, Segment, Trigger
from rulebook.names import BUILTINS
from rulebook.scope import Scope
from rulebook.syntax import Expr, Name, Not, Reference
from segments.membership import exit_condition

Placed = tuple[Expr, Scope]


def event_scope(trigger: Trigger, scope: Scope) -> Scope:
    """Where message arguments are read: beside the fields of the event that completed the match, or began the wait."""
    match trigger:
        case Happens(step):
            return scope.within(step.event)
        case InSequence(steps):
            return scope.within(steps[-1].event)
        case _:
            return scope


def conditions_of(definition: Nudge | Pattern, scope: Scope) -> list[Placed]:
    """Every condition that decides whether a rule fires, with the scope in which it is read."""
    found: list[Placed] = []
    match definition.trigger:
        case Happens(step):
            found += [(step.where, scope.within(step.event))] if step.where is not None else []
        case InSequence(steps):
            found += [(s.where, scope.within(s.event)) for s in steps if s.where is not None]
        case Holds(when):
            found.append((when, scope))
        case Crosses(segment):
            found += _segment_conditions(scope.rules.segments[segment], scope)
    if isinstance(definition, Nudge) and definition.condition is not None:
        found.append((definition.condition, scope))
    return found


def _segment_conditions(segment: Segment, scope: Scope) -> list[Placed]:
    assert segment.enter.when is not None
    return [(segment.enter.when, scope), (exit_condition(segment), scope)]


def distinct(placed: Iterable[Placed]) -> list[tuple[str, Reference, Scope]]:
    """The references in the expressions, each once and by its spelling; those to an event's own fields are left out: they are gone when it is. One that
    is asked for in two currencies is there twice, the second time `in` the other one."""
    found: dict[str, tuple[Reference, Scope]] = {}
    for expr, scope in placed:
        for name, currency, ref in labelled(expr, scope):
            if not (isinstance(ref, Name) and scope.is_event_field(ref)):
                taken = name in found and str(found[name][0]) != str(ref)
                found.setdefault(f"{name} in {currency or 'all'}" if taken else name, (ref, scope))
    return [(name, ref, scope) for name, (ref, scope) in found.items()]


def features_of(definitions: Sequence[Nudge | Pattern], segments: Sequence[Segment], scope: Scope) -> list[Placed]:
    """What `partner.features` shows: all that the rules read, and the plain facts."""
    placed = [p for s in segments for p in _segment_conditions(s, scope)] + [p for d in definitions for p in conditions_of(d, scope)]
    span = next(iter([*(s.span for s in segments), *(d.span for d in definitions)]), None)
    if span is not None:
        placed += [(Name(name, span), scope) for name in ("online", "on_order", "tenure", "zone", "city") if name in BUILTINS]
    return placed


def still_condition(trigger: Trigger) -> Expr | None:
    """What has to be true still when a nudge waited for the end of quiet hours; None for what happened, and stays so."""
    match trigger:
        case Holds(when):
            return when
        case Crosses(segment, entered, span):
            inside = Name(segment, span, "segment")
            return inside if entered else Not(inside, span)
        case _:
            return None


def family_of(trigger: Trigger, rules: RuleSet) -> str:
    """The family of the event that a trigger begins with; empty where it is about more than one."""
    match trigger:
        case Happens(step):
            event = step.event
        case InSequence(steps):
            event = steps[0].event
        case _:
            return ""
    if event in rules.patterns:
        return family_of(rules.patterns[event].trigger, rules)
    return next((f.name for f in FAMILIES.values() if event in f.types), "")
