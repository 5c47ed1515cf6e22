"""`for` is as long as the window that it watches.

What a window of 20 minutes holds is gone after 20 minutes: a condition on it that has to hold for so long needs new events all the time. One of the two spans is meant. A condition that an empty window fulfils too, such as `count(order_offered over 20m) == 0`, is not meant here.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import eq, ge, gt, le, lt, ne

from rulebook.checks.context import Context, definitions, fault, windows
from rulebook.faults import Fault, Severity, Span
from rulebook.model import Holds, RuleSet
from rulebook.syntax import Aggregate, Comparison, Expr, Junction, Literal, Not
from rulebook.units import spell

CODE, SEVERITY = "W421", Severity.WARNING
_COMPARED = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for where, expr, hold, span in _held(rules):
        for size, at in _filled(expr, positive=True):
            if hold >= size:
                message = f"it has to hold for {spell(hold)}, and looks back {spell(size)} only"
                yield fault(CODE, SEVERITY, message, at, where, "shorten `for`, or lengthen the window", span)


def _filled(expr: Expr, *, positive: bool) -> Iterator[tuple[float, Span]]:
    """The windows that have to have something in them for `expr` to be true, or false where `positive` is not."""
    match expr:
        case Not(operand):
            yield from _filled(operand, positive=not positive)
        case Junction(_, operands):
            for operand in operands:
                yield from _filled(operand, positive=positive)
        case Comparison(operator, Aggregate("count" | "sum" | "distinct"), Literal(value)) if _of_nothing(0.0, operator, value) is positive:
            return
        case Comparison(operator, Literal(value), Aggregate("count" | "sum" | "distinct")) if _of_nothing(value, operator, 0.0) is positive:
            return
        case _:
            yield from windows(expr)


def _of_nothing(left: object, operator: str, right: object) -> bool | None:
    """How a comparison comes out; None where it is not one of numbers."""
    if not (isinstance(left, float) and isinstance(right, float)):
        return None
    return bool(_COMPARED[operator](left, right))


def _held(rules: RuleSet) -> Iterator[tuple[str, Expr, float, Span]]:
    for segment in rules.segments.values():
        for edge in (segment.enter, segment.exit):
            if edge.when is not None and edge.hold:
                yield f"segment {segment.name}", edge.when, edge.hold, edge.hold_at or segment.span
    for definition in definitions(rules):
        if isinstance(definition.trigger, Holds) and definition.trigger.wait:
            yield f"{type(definition).__name__.lower()} {definition.name}", definition.trigger.when, definition.trigger.wait, definition.trigger.wait_at or definition.span
