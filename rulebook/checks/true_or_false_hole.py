"""A hole that holds true or false.

The partner would read `true`, in any language. Say it with two rules, or leave it to `if`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.hole_values import PLAIN, measured
from rulebook.holes import template
from rulebook.model import RuleSet
from rulebook.units import Unit

CODE, SEVERITY = "W446", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for nudge in rules.nudges.values():
        message = rules.messages.get(nudge.message)
        units = measured(nudge, rules) if message is not None else {}
        for hole in dict.fromkeys(h for t in (message.texts.values() if message else ()) for _, part in t.parts() for h in template(part).names()):
            if units.get(hole, PLAIN).unit is Unit.BOOL:
                said = f"the partner would read `true` or `false` for `{{{hole}}}`"
                yield fault(CODE, SEVERITY, said, nudge.span, f"nudge {nudge.name}", "two rules with an `if` each can say it in words")
