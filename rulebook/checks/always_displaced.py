"""Another rule always wins.

Both have the same trigger; the other one has the higher priority and nothing that ever holds it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import permutations
from typing import Any

from rulebook.checks.context import Context, fault, live
from rulebook.faults import Fault, Severity, Span
from rulebook.model import Nudge, RuleSet

CODE, SEVERITY = "W431", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for loser, winner in permutations(live(rules), 2):
        if winner.priority > loser.priority and _unchecked(winner) and _shape(loser.trigger) == _shape(winner.trigger):
            message = f"`{winner.name}` has the same trigger and a higher priority: this one is never sent"
            yield fault(CODE, SEVERITY, message, loser.span, f"nudge {loser.name}", "give it a trigger or a priority of its own", winner.span)


def _unchecked(nudge: Nudge) -> bool:
    """Nothing but policy for all can hold it back."""
    bounds = (nudge.condition, nudge.max, nudge.hours, nudge.seats, nudge.offer)
    return not nudge.cooldown and nudge.rollout == 1 and not nudge.days and not nudge.expires and all(b is None for b in bounds)


def _shape(node: Any) -> Any:
    """What a trigger says, without its places in files."""
    if isinstance(node, Span):
        return None
    if is_dataclass(node):
        return type(node).__name__, *(_shape(getattr(node, f.name)) for f in fields(node))
    return tuple(map(_shape, node)) if isinstance(node, tuple) else node
