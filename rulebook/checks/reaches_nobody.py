"""A rule that can reach nobody.

It is not off, and still nobody can have it: `rollout: 0%` or `seats: 0`. Say `mode: off`, or `mode: shadow` to see what it would do.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import Nudge, RuleSet
from rulebook.syntax import Literal

CODE, SEVERITY = "W424", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for nudge in rules.nudges.values():
        for key in _closed(nudge) if nudge.mode != "off" else ():
            where = nudge.places.get(key, nudge.span)
            yield fault(CODE, SEVERITY, f"with this `{key}` nobody gets it", where, f"nudge {nudge.name}", "write `mode: off`, or let somebody have it")


def _closed(nudge: Nudge) -> Iterator[str]:
    if nudge.rollout == 0:
        yield "rollout"
    if isinstance(nudge.seats, Literal) and isinstance(nudge.seats.value, float) and nudge.seats.value < 1:
        yield "seats"
