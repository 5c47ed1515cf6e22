"""Nudges that follow each other in a circle.

`clears: else:` escalates: tip, lesson, incentive, human. A circle would go on for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.circles import in_a_circle
from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "E404", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    reads = {n.name: {n.clears.otherwise} if n.clears and n.clears.otherwise else set() for n in rules.nudges.values()}
    for name in in_a_circle(reads):
        yield fault(CODE, SEVERITY, f"the escalation of `{name}` leads back to it", rules.nudges[name].span, f"nudge {name}", "end the chain with a nudge that has no `else`")
