"""`if` contradicts the trigger.

When the trigger matches, `if` can't be true: the nudge is never sent. `where` counts too, where nothing is waited for after its event; so does the segment that is entered or left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.intervals import both, possible
from rulebook.model import Crosses, Happens, Holds, Nudge, RuleSet, Segment
from rulebook.scope import Scope
from rulebook.syntax import Arithmetic, Comparison, Expr, Junction, Membership, Name, Not

CODE, SEVERITY = "E415", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    followers = {n.clears.otherwise for n in rules.nudges.values() if n.clears}
    for nudge in (n for n in rules.nudges.values() if n.name not in followers):
        trigger = _holds(nudge, rules)
        if trigger is not None and nudge.condition is not None and not possible(both(trigger, nudge.condition), Scope(rules)):
            yield fault(CODE, SEVERITY, "`if` can't be true when the trigger matches", nudge.condition.span, f"nudge {nudge.name}", "mend one of them", trigger.span)


def _holds(nudge: Nudge, rules: RuleSet) -> Expr | None:
    """What is true whenever the trigger matches."""
    match nudge.trigger:
        case Holds(when):
            return when
        case Happens(step, without=()) if step.where is not None:
            return _set_apart(step.where, Scope(rules).within(step.event))
        case Crosses(segment, entered) if segment in rules.segments:
            return _moved(rules.segments[segment], entered=entered)
        case _:
            return None


def _moved(segment: Segment, *, entered: bool) -> Expr | None:
    """What is true at the moment of a move. Out of one with `stale_after` a partner may come by time alone."""
    enter = segment.enter.when
    if enter is None:
        return None
    inside = Name(segment.name, enter.span, "segment")
    if entered:
        return both(inside, enter)
    outside = Not(inside, enter.span)
    return outside if segment.stale_after is not None else both(outside, segment.exit.when or Not(enter, enter.span))


def _set_apart(expr: Expr, scope: Scope) -> Expr:
    """The condition with the event's own fields under names of their own: `if` means the partner's of the same name."""
    match expr:
        case Name() if scope.is_event_field(expr):
            return replace(expr, scope=scope.event)
        case Not(operand) | Membership(operand):
            return replace(expr, operand=_set_apart(operand, scope))
        case Junction(_, operands):
            return replace(expr, operands=tuple(_set_apart(o, scope) for o in operands))
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return replace(expr, left=_set_apart(left, scope), right=_set_apart(right, scope))
        case _:
            return expr
