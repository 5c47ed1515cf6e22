"""More partners than there are.

`rollout` and `holdout` together are over 100 %: they are drawn apart from each other, so a part of the holdout is outside of the rollout, and the control group is smaller than it seems.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "W435", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for nudge in rules.nudges.values():
        if nudge.rollout < 1 and nudge.rollout + nudge.holdout > 1:
            message = f"rollout {nudge.rollout:.0%} and holdout {nudge.holdout:.0%} are more than all partners"
            yield fault(CODE, SEVERITY, message, nudge.span, f"nudge {nudge.name}", "make one of them smaller")
