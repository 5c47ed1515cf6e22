"""Two live rules of the same priority wait for the same event.

Or for the same time: of the same silence, or of the same condition that holds. When both match, the name decides. Say which one is more important.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from rulebook.checks.context import Context, fault, live, moments_of
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "W430", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for first, second in combinations(live(rules), 2):
        if first.priority == second.priority and moments_of(first.trigger) & moments_of(second.trigger):
            message = f"`{first.name}` and `{second.name}` can match at once, with the same priority {first.priority}: the name decides"
            yield fault(CODE, SEVERITY, message, second.span, f"nudge {second.name}", "give them different priorities", first.span)
