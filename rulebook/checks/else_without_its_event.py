"""A nudge that follows has no event to read from.

What comes by `clears: else:` comes by time, without the event of its own trigger. A hole that reads a field of that event would have no value, and every such nudge would be held.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import Happens, InSequence, RuleSet
from rulebook.scope import Scope
from rulebook.syntax import Name, references

CODE, SEVERITY = "E416", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    followers = {n.clears.otherwise for n in rules.nudges.values() if n.clears}
    for nudge in (n for n in rules.nudges.values() if n.name in followers):
        trigger = nudge.trigger
        step = trigger.step if isinstance(trigger, Happens) else trigger.steps[-1] if isinstance(trigger, InSequence) else None
        scope = Scope(rules).within(step.event) if step is not None else Scope(rules)
        for hole, expr in nudge.args.items():
            if any(isinstance(r, Name) and scope.is_event_field(r) for r in references(expr)):
                message = f"`{{{hole}}}` reads a field of the event, and there is none when this nudge follows another"
                yield fault(CODE, SEVERITY, message, expr.span, f"nudge {nudge.name}", "give the follower a message of its own")
