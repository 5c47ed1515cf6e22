"""Entry and exit can both be true.

Members would go in and out with every event (a `for` on an edge only slows that). Leave a gap between the two: in under 60 %, out over 70 %.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context
from rulebook.faults import Fault, Severity
from rulebook.intervals import both, possible
from rulebook.model import RuleSet
from rulebook.scope import Scope

CODE, SEVERITY = "W412", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    scope = Scope(rules)
    for segment in rules.segments.values():
        enter, leave = segment.enter.when, segment.exit.when
        if enter is not None and leave is not None and possible(both(enter, leave), scope):
            message = "a partner can fulfil `enter` and `exit` at once, and would go in and out"
            yield Fault(CODE, message, enter.span, f"segment {segment.name}", "leave a gap between the two conditions", SEVERITY, leave.span)
