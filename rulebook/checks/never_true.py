"""A condition that can never be true.

No value of what it reads fulfils all of it at once. What it guards is dead. (Found by intervals: what is said here is certain.)
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, conditions, fault
from rulebook.faults import Fault, Severity
from rulebook.intervals import possible
from rulebook.model import RuleSet

CODE, SEVERITY = "E410", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for where, expr, scope in conditions(rules):
        if not possible(expr, scope):
            yield fault(CODE, SEVERITY, "this is never true", expr.span, where, "one of its parts excludes another: mend one of them")
