"""The rule is over.

Its `expires` is past: every match is held. Remove it, or give it a new date.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "W423", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for nudge in rules.nudges.values():
        if nudge.mode != "off" and context.today and nudge.expires and nudge.expires < context.today:
            yield fault(CODE, SEVERITY, f"it expired on {nudge.expires}", nudge.span, f"nudge {nudge.name}", "remove it, or give it a new date")
