"""Which fields an expression puts beside constants: what a word in a rule is compared with, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rulebook.names import BUILTINS, CALL_EXPANSIONS, Known, event_types, fields_of
from rulebook.scope import Scope, expand
from rulebook.syntax import (
    Aggregate,
    Arithmetic,
    Call,
    CohortPct,
    Comparison,
    Expr,
    Junction,
    Literal,
    Membership,
    MetricCall,
    Name,
    Not,
    Reference,
)
from rulebook.units import Unit

_KEEPS_VALUES = {"last", "min", "max", "avg", "p50", "p90"}


@dataclass(frozen=True, slots=True)
class Compared:
    """A field beside one constant. `event` is empty for what is known of the partner."""

    event: str
    field: str
    known: Known
    literal: Literal


def compared(expr: Expr, scope: Scope) -> Iterator[Compared]:
    """Every field that is compared with a constant, in reading order; those inside aggregates, metrics, `completed` and `used` too."""
    match expr:
        case Not(operand):
            yield from compared(operand, scope)
        case Junction(_, operands):
            for operand in operands:
                yield from compared(operand, scope)
        case Comparison(_, left, right):
            yield from _inside(left, scope)
            yield from _inside(right, scope)
            yield from _beside(left, (right,), scope)
            yield from _beside(right, (left,), scope)
        case Membership(operand, items):
            yield from _inside(operand, scope)
            yield from _beside(operand, items, scope)
        case _:
            yield from _inside(expr, scope)


def _inside(expr: Expr, scope: Scope) -> Iterator[Compared]:
    """Comparisons that stand within a reference."""
    match expr:
        case Arithmetic(_, left, right):
            yield from _inside(left, scope)
            yield from _inside(right, scope)
        case Aggregate(_, events, _, where) if where is not None:
            for event in events:
                yield from compared(where, scope.within(event))
        case Call(function, argument, _, place) if function in CALL_EXPANSIONS:
            longer = expand(expr, scope)
            assert longer is not None
            yield from (replace(c, literal=replace(c.literal, span=place)) for c in compared(longer, scope) if c.literal.value == argument)
        case CohortPct(metric):
            yield from _inside(metric, scope)
        case MetricCall() if (longer := expand(expr, scope)) is not None:
            yield from _inside(longer, scope)
        case Not() | Junction() | Comparison() | Membership():
            yield from compared(expr, scope)
        case _:
            return


def _beside(expr: Expr, others: tuple[Expr, ...], scope: Scope) -> Iterator[Compared]:
    for event, name, known in _fields(expr, scope):
        yield from (Compared(event, name, known, other) for other in others if isinstance(other, Literal))


def _fields(ref: Expr, scope: Scope) -> Iterator[tuple[str, str, Known]]:
    """The fields whose values a reference has: its event's own, one of what is known of the partner, or what an aggregate keeps."""
    longer = expand(ref, scope) if isinstance(ref, Reference) else None
    match longer or ref:
        case Name(name, _, "") as at if scope.is_event_field(at):
            yield scope.event, name, scope.event_fields[name]
        case Name(name, _, "") if name in BUILTINS:
            yield "", name, BUILTINS[name]
        case Aggregate(function, events, name) if function in _KEEPS_VALUES:
            for event in events:
                if event in event_types() and name in fields_of(event):
                    yield event, name, fields_of(event)[name]
        case _:
            return


def unusual(found: Compared) -> bool:
    """Whether the constant is a word, and none of those that the field usually has."""
    return found.literal.unit is Unit.TEXT and bool(found.known.usual) and found.literal.value not in found.known.usual
