"""A segment that nobody leaves.

What is true of its members once can't become untrue: a count over a lifetime and `tenure` only grow, a lesson stays completed. Where that is meant, snooze it; else measure over a window, or mend the exit. A segment with `stale_after` is left when its data grow old.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.intervals import both, possible
from rulebook.model import RuleSet
from rulebook.scope import Scope, expand
from rulebook.syntax import Aggregate, Call, Comparison, Expr, Junction, Literal, MetricCall, Name, Not

CODE, SEVERITY = "W413", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    scope = Scope(rules)
    for segment in rules.segments.values():
        enter = segment.enter.when
        if enter is None or segment.stale_after is not None:
            continue
        leave, lasting = segment.exit.when or Not(enter, enter.span), list(_lasting(enter, scope))
        if lasting and possible(enter, scope) and possible(leave, scope) and not possible(both(*lasting, leave), scope):
            said = "who is in it once never leaves: what brought them in stays true"
            yield fault(CODE, SEVERITY, said, leave.span, f"segment {segment.name}", "measure over a window such as 28d, or let the exit ask for something else")


def _lasting(expr: Expr, scope: Scope) -> Iterator[Expr]:
    """The parts of a condition that stay true once they are, all of which it needs."""
    match expr:
        case Junction("and", operands):
            for operand in operands:
                yield from _lasting(operand, scope)
        case Comparison(">" | ">=" | "==", ref, Literal() as least) if _only_grows(ref, scope):
            yield expr if expr.operator != "==" else Comparison(">=", ref, least, expr.span)
        case Comparison("<" | "<=" | "==", Literal() as least, ref) if _only_grows(ref, scope):
            yield expr if expr.operator != "==" else Comparison(">=", ref, least, expr.span)
        case Call(function="completed" | "used"):
            yield expr


def _only_grows(ref: Expr, scope: Scope) -> bool:
    longer = expand(ref, scope) if isinstance(ref, Name | MetricCall) else None
    match longer or ref:
        case Name("tenure", scope=""):
            return True
        case Aggregate("count" | "distinct" | "max", window=window) if window is not None:
            return window.kind == "life"
        case _:
            return False
