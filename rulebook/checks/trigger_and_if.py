"""`if` contradicts the trigger.

When the trigger matches, `if` can't be true: the nudge is never sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.intervals import both, possible
from rulebook.model import Crosses, Holds, Nudge, RuleSet
from rulebook.scope import Scope
from rulebook.syntax import Expr

CODE, SEVERITY = "E415", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for nudge in rules.nudges.values():
        trigger = _holds(nudge, rules)
        if trigger is not None and nudge.condition is not None and not possible(both(trigger, nudge.condition), Scope(rules)):
            yield fault(CODE, SEVERITY, "`if` can't be true when the trigger matches", nudge.condition.span, f"nudge {nudge.name}", "mend one of them", trigger.span)


def _holds(nudge: Nudge, rules: RuleSet) -> Expr | None:
    """What is true whenever the trigger matches."""
    match nudge.trigger:
        case Holds(when):
            return when
        case Crosses(segment, entered) if entered and segment in rules.segments:
            return rules.segments[segment].enter.when
        case _:
            return None
