"""Feeds of a rule that concludes nothing from silence.

`feeds` says which families have to be heard of before time that went by proves something. This rule waits for nothing: what it is about is an event, a sequence, or a
move of a segment, which has its own feeds. Leave it out.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import Happens, Holds, Nudge, RuleSet

CODE, SEVERITY = "W425", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for nudge in rules.nudges.values():
        if nudge.feeds and not _waits(nudge):
            at = nudge.places.get("feeds", nudge.span)
            yield fault(CODE, SEVERITY, "`feeds` has no effect: nothing is concluded from silence here", at, f"nudge {nudge.name}", "leave it out")


def _waits(nudge: Nudge) -> bool:
    trigger = nudge.trigger
    return nudge.clears is not None or isinstance(trigger, Holds) or (isinstance(trigger, Happens) and bool(trigger.without))
