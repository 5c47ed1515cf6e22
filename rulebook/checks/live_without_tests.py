"""A live rule without a test.

No `expect` of the set names it as `nudge`, `held`, `shadow`, `cleared` or `not_cleared`: nobody will notice when a change breaks it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault, live
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet
from rulebook.source import Mapping, Scalar, Sequence
from rulebook.timeline import OF_NUDGES

CODE, SEVERITY = "W432", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    named = {name for test in rules.tests for name in _expected(test.body.get("timeline"))}
    for nudge in live(rules):
        if nudge.name not in named:
            yield fault(CODE, SEVERITY, "no test expects this live rule", nudge.span, f"nudge {nudge.name}", "add one under `tests:`, with one that it must not send too")


def _expected(timeline: object) -> Iterator[str]:
    for item in timeline.items if isinstance(timeline, Sequence) else ():
        expect = item.get("expect") if isinstance(item, Mapping) else None
        for key, value in expect if isinstance(expect, Mapping) else ():
            if key.value in OF_NUDGES and isinstance(value, Scalar):
                yield value.value
