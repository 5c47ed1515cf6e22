"""What checks know beside the rule set, and what several of them ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rulebook.faults import Fault, Severity, Span
from rulebook.model import Clears, Crosses, Edge, Happens, Holds, InSequence, Nudge, Pattern, RuleSet, Trigger
from rulebook.scope import Scope
from rulebook.syntax import Aggregate, CohortPct, Expr, MetricCall, references

DAY = 86_400.0


@dataclass(frozen=True)
class Context:
    """`today` as YYYY-MM-DD, empty where nobody asks; `languages` that every message has to have; `retention` of what windows look back on (s)."""

    today: str = ""
    languages: tuple[str, ...] = ()
    retention: float = 90 * DAY


def fault(module_code: str, severity: Severity, message: str, span: Span, where: str, help: str = "", other: Span | None = None) -> Fault:
    return Fault(module_code, message, span, where, help, severity, other)


def live(rules: RuleSet) -> Iterator[Nudge]:
    return (n for n in rules.nudges.values() if n.mode == "live")


def conditions(rules: RuleSet) -> Iterator[tuple[str, Expr, Scope]]:
    """Every condition of a rule set: whose it is, the expression, and where it stands."""
    scope = Scope(rules)
    for segment in rules.segments.values():
        for edge in (segment.enter, segment.exit):
            if edge.when is not None:
                yield f"segment {segment.name}", edge.when, scope
    for pattern in rules.patterns.values():
        yield from ((f"pattern {pattern.name}", e, s) for e, s in of_trigger(pattern.trigger, scope))
    for nudge in rules.nudges.values():
        where = f"nudge {nudge.name}"
        yield from ((where, e, s) for e, s in of_trigger(nudge.trigger, scope))
        for part in (nudge.condition, nudge.clears.when if nudge.clears else None):
            if part is not None:
                yield where, part, scope


def of_trigger(trigger: Trigger, scope: Scope) -> Iterator[tuple[Expr, Scope]]:
    match trigger:
        case Happens(step) if step.where is not None:
            yield step.where, scope.within(step.event)
        case InSequence(steps):
            yield from ((s.where, scope.within(s.event)) for s in steps if s.where is not None)
        case Holds(when):
            yield when, scope


def windows(expr: Expr) -> Iterator[tuple[float, Span]]:
    """The sliding windows that an expression reads: length (s) and place."""
    for ref in references(expr):
        if isinstance(ref, CohortPct):
            ref = ref.metric  # noqa: PLW2901 - its window is the metric's
        if isinstance(ref, Aggregate | MetricCall) and ref.window is not None and ref.window.kind == "sliding":
            yield ref.window.size, ref.span
        if isinstance(ref, Aggregate) and ref.where is not None:
            yield from windows(ref.where)


def definitions(rules: RuleSet) -> list[Pattern | Nudge]:
    """Whatever has a trigger."""
    return [*rules.patterns.values(), *rules.nudges.values()]


def moments_of(trigger: Trigger) -> frozenset[str]:
    """What a trigger can match at: event types, moves, and the ends of the same stretch of time. Two that share one can match at once."""
    match trigger:
        case Happens(step, without=without, wait=wait):
            return frozenset({f"{wait:g} s after {step.event}" if without else step.event})
        case Holds(when, _, wait):
            return frozenset({f"{when} for {wait:g} s"})
        case InSequence(steps):
            return frozenset({steps[-1].event})
        case Crosses(segment, entered):
            return frozenset({f"{'enters' if entered else 'exits'} {segment}"})


__all__ = ["DAY", "Clears", "Context", "Edge", "conditions", "definitions", "fault", "live", "moments_of", "of_trigger", "windows"]
