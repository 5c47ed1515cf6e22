"""Errors of the rulebook.

NudgelineError            (events.errors)
└── RuleErrors            a rule set that cannot run: mend the places that it lists; the last good set stays
"""

from __future__ import annotations

from collections.abc import Sequence

from events.errors import NudgelineError
from rulebook.faults import Fault, Severity
from rulebook.units import counted


class RuleErrors(NudgelineError):
    """A rule set with faults; `str()` is the whole report, each fault with its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(report(self.faults))


def report(faults: Sequence[Fault]) -> str:
    """All faults, one after the other, and a closing line that counts them."""
    errors = sum(f.severity is Severity.ERROR for f in faults)
    numbers = {"error": errors, "warning": len(faults) - errors}
    listed = ", ".join(counted(count, what) for what, count in numbers.items() if count)
    return "\n\n".join([*(str(f) for f in faults), listed]) if faults else ""
