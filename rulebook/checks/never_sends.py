"""All of its hours are quiet.

A rule with `hours` inside the quiet hours is always held, unless it is urgent; so is every rule where the whole day is quiet.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "E422", Severity.ERROR
WHOLE_DAY = (0.0, 86_400.0)


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    quiet = rules.policy.quiet_hours
    if quiet is None:
        return
    for nudge in rules.nudges.values():
        if nudge.mode != "off" and not nudge.urgent and _inside(nudge.hours or WHOLE_DAY, quiet):
            at, other = nudge.places.get("hours", nudge.span), rules.policy.places.get("quiet_hours", rules.policy.span)
            yield fault(CODE, SEVERITY, "all of its `hours` are quiet hours: it is never sent", at, f"nudge {nudge.name}", "choose other hours, or `urgent: true`", other)


def _inside(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
    """Whether a range of the day lies in another; both may cross midnight."""
    day = 86_400.0
    length, room = (inner[1] - inner[0]) % day or day, (outer[1] - outer[0]) % day or day
    return (inner[0] - outer[0]) % day + length <= room
