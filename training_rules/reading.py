"""What a rule reads, and how its trigger is said in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rulebook.model import Crosses, Happens, Holds, InSequence, Nudge, RuleSet, Trigger
from rulebook.syntax import Aggregate, Expr, Name, references
from rulebook.units import spell
from training_rules.triggers import describe


def steps_of(trigger: Trigger) -> list[tuple[str, Expr | None]]:
    """The events that a trigger waits for, each with its `where`."""
    match trigger:
        case Happens(step):
            return [(step.event, step.where)]
        case InSequence(steps):
            return [(step.event, step.where) for step in steps]
        case _:
            return []


def patterns_read(trigger: Trigger, rules: RuleSet) -> list[str]:
    """The patterns that a trigger waits for, and those that they wait for, each once."""
    pending, found = [event for event, _ in steps_of(trigger)], list[str]()
    while pending:
        name = pending.pop(0)
        if name in rules.patterns and name not in found:
            found.append(name)
            pending += [event for event, _ in steps_of(rules.patterns[name].trigger)]
    return found


def segments_read(nudge: Nudge, rules: RuleSet) -> list[str]:
    """The segments that decide about a nudge, and those that decide about them, each once."""
    pending, found = list(_segments_in(_conditions(nudge, rules))), list[str]()
    if isinstance(nudge.trigger, Crosses):
        pending.insert(0, nudge.trigger.segment)
    while pending:
        name = pending.pop(0)
        if name not in found:
            found.append(name)
            segment = rules.segments[name]
            pending += _segments_in([segment.enter.when, segment.exit.when])
    return found


def _conditions(nudge: Nudge, rules: RuleSet) -> Iterator[Expr | None]:
    """All conditions of a nudge and of the patterns that it waits for."""
    yield from (nudge.condition, nudge.clears.when if nudge.clears is not None else None)
    for trigger in (nudge.trigger, *(rules.patterns[name].trigger for name in patterns_read(nudge.trigger, rules))):
        yield trigger.when if isinstance(trigger, Holds) else None
        yield from (where for _, where in steps_of(trigger))


def _segments_in(exprs: Iterable[Expr | None]) -> Iterator[str]:
    for expr in exprs:
        for ref in references(expr) if expr is not None else ():
            if isinstance(ref, Name) and ref.scope == "segment":
                yield ref.name
            elif isinstance(ref, Aggregate):
                yield from _segments_in([ref.where])


def spelled(trigger: Trigger) -> str:
    """A trigger in one line, as a rule file would say it."""
    match trigger:
        case Happens(step, _, times, within, row, without, wait, keep, same):
            parts = [f"happens: {step.event}", f"where: {step.where}" if step.where is not None else "", f"times: {times}" if times > 1 else ""]
            parts += ["in_a_row: true" if row else "", f"within: {spell(within)}" if within and not row else ""]
            parts += [f"without: {_several(without)}" if without else "", f"for: {spell(wait)}" if wait else ""]
            parts += ["keep_on_logout: true" if keep else "", f"same: {same}" if same else ""]
            return ", ".join(filter(None, parts))
        case InSequence(steps, within, _, without, same):
            listed = ", then ".join(s.event + (f" where {s.where}" if s.where is not None else "") for s in steps)
            more = [f"within: {spell(within)}", f"without: {_several(without)}" if without else "", f"same: {same}" if same else ""]
            return ", ".join(filter(None, [f"sequence: {listed}", *more]))
        case Holds(when, _, wait, without):
            return ", ".join(filter(None, [f"holds: {when}", f"for: {spell(wait)}" if wait else "", f"without: {_several(without)}" if without else ""]))
        case _:
            return describe(trigger).replace(" ", ": ", 1)


def _several(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"
