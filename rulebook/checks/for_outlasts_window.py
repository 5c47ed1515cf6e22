"""`for` is as long as the window that it watches.

What a window of 20 minutes holds is gone after 20 minutes: a condition on it that has to hold for so long needs new events all the time. One of the two spans is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, definitions, fault, windows
from rulebook.faults import Fault, Severity, Span
from rulebook.model import Holds, RuleSet
from rulebook.syntax import Expr
from rulebook.units import spell

CODE, SEVERITY = "W421", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for where, expr, hold, span in _held(rules):
        for size, at in windows(expr):
            if hold >= size:
                message = f"it has to hold for {spell(hold)}, and looks back {spell(size)} only"
                yield fault(CODE, SEVERITY, message, at, where, "shorten `for`, or lengthen the window", span)


def _held(rules: RuleSet) -> Iterator[tuple[str, Expr, float, Span]]:
    for segment in rules.segments.values():
        for edge in (segment.enter, segment.exit):
            if edge.when is not None and edge.hold:
                yield f"segment {segment.name}", edge.when, edge.hold, edge.hold_at or segment.span
    for definition in definitions(rules):
        if isinstance(definition.trigger, Holds) and definition.trigger.wait:
            yield f"{type(definition).__name__.lower()} {definition.name}", definition.trigger.when, definition.trigger.wait, definition.trigger.wait_at or definition.span
