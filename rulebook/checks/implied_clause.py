"""A clause that says nothing new.

The other clauses imply it (in an `and`), or it implies one of them (in an `or`). Often a threshold was meant otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, conditions, fault
from rulebook.faults import Fault, Severity
from rulebook.intervals import implied, possible
from rulebook.model import RuleSet
from rulebook.syntax import Expr, Junction, Not

CODE, SEVERITY = "W414", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for where, expr, scope in conditions(rules):
        for junction in _junctions(expr) if possible(expr, scope) else ():
            for clause in implied(junction, scope):
                yield fault(CODE, SEVERITY, f"`{clause}` says nothing new beside the other clauses", clause.span, where, "leave it out, or mend it")


def _junctions(expr: Expr) -> Iterator[Junction]:
    match expr:
        case Not(operand):
            yield from _junctions(operand)
        case Junction(_, operands):
            yield expr
            for operand in operands:
                yield from _junctions(operand)
        case _:
            pass
