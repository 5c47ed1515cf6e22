"""What follows is off.

`clears: else:` names a nudge with `mode: off`: those who are not helped by the first get nothing instead. Turn the follower on, or end the chain here.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet
from rulebook.source import place_of

CODE, SEVERITY = "W434", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for nudge in rules.nudges.values():
        follower = rules.nudges.get(nudge.clears.otherwise) if nudge.clears else None
        if nudge.clears and follower is not None and follower.mode == "off" and nudge.mode != "off":
            at = place_of(nudge.clears.otherwise, nudge.span)
            yield fault(CODE, SEVERITY, f"`{follower.name}` is off: nothing follows", at, f"nudge {nudge.name}", "turn it on, or leave `else` out", follower.span)
