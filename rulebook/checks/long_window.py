"""A window longer than what is kept.

After a change of rules a window fills from events that come, or that are still in the topics: one that is longer than the retention of those is too small for long. `check --retention` says how long yours is.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, conditions, fault, windows
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet
from rulebook.units import spell

CODE, SEVERITY = "W420", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for where, expr, _ in conditions(rules):
        for size, span in windows(expr):
            if size > context.retention:
                yield fault(CODE, SEVERITY, f"a window of {spell(size)} looks back further than {spell(context.retention)}", span, where, "shorten it, or use `life`")
