"""A condition that is always true.

It excludes nobody of whom anything is known. Leave it out, or mend it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, conditions, fault
from rulebook.faults import Fault, Severity
from rulebook.intervals import possible
from rulebook.model import RuleSet
from rulebook.syntax import Not

CODE, SEVERITY = "W411", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for where, expr, scope in conditions(rules):
        if not possible(Not(expr, expr.span), scope):
            yield fault(CODE, SEVERITY, "this is always true, once it is known", expr.span, where, "leave it out, or mend it")
