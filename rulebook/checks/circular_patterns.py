"""Patterns that chain in a circle.

A pattern is an event for others; one that is made of itself would never happen, or never end.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.circles import in_a_circle
from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import Happens, InSequence, RuleSet, Trigger

CODE, SEVERITY = "E403", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    reads = {p.name: _chained(p.trigger) & set(rules.patterns) for p in rules.patterns.values()}
    for name in in_a_circle(reads):
        yield fault(CODE, SEVERITY, f"pattern `{name}` is made of itself", rules.patterns[name].span, f"pattern {name}", "begin the chain with an event")


def _chained(trigger: Trigger) -> set[str]:
    match trigger:
        case Happens(step):
            return {step.event}
        case InSequence(steps):
            return {s.event for s in steps}
        case _:
            return set()
