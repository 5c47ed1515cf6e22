"""A live rule without an owner.

When it misbehaves somebody has to be asked. Begin the file with `owner: TEAM`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault, live
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "W433", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for nudge in live(rules):
        if not rules.owners.get(nudge.span.file.path):
            yield fault(CODE, SEVERITY, "nobody owns this live rule", nudge.span, f"nudge {nudge.name}", "write `owner: TEAM` below `version: 1`")
