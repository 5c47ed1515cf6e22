"""A word that its field usually does not have.

Text such as `reason` takes any word; the contract says which ones it usually has, and a rule that asks for another may wait for ever. Take one of them. Where your events do have that word, snooze this.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, conditions, fault
from rulebook.compared import Compared, compared, unusual
from rulebook.faults import Fault, Severity, Span, close_word
from rulebook.model import RuleSet

CODE, SEVERITY = "W417", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    told: set[Span] = set()
    for where, expr, scope in conditions(rules):
        for found in compared(expr, scope):
            at = found.literal.span
            if unusual(found) and at not in told:
                told.add(at)
                yield fault(CODE, SEVERITY, f"`{found.field}` is usually not `{found.literal.value}`", at, where, _help(found))


def _help(found: Compared) -> str:
    close = close_word(str(found.literal.value), found.known.usual)
    listed = f"usually it is one of: {', '.join(found.known.usual)}"
    return f"did you mean `{close}`? {listed}" if close else listed
