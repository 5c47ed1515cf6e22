"""Defined, and used by nobody.

A place, metric, pattern, message, module or argument that nothing refers to is a leftover, or a rule refers to it by another name. Remove it, or use it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, conditions, definitions, fault
from rulebook.faults import Fault, Severity, close_word
from rulebook.holes import template
from rulebook.model import Happens, Holds, InSequence, Nudge, RuleSet
from rulebook.source import place_of
from rulebook.syntax import Aggregate, Call, CohortPct, Expr, MetricCall, references

CODE, SEVERITY = "W401", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    used = {name for _, expr, _ in conditions(rules) for name in _names(expr, rules)}
    used |= {name for n in rules.nudges.values() for expr in (*n.args.values(), n.seats) if expr is not None for name in _names(expr, rules)}
    used |= {name for n in rules.nudges.values() for name in (n.message, *n.best_of, n.goal[0] if n.goal else "")} | _triggering(rules)
    for kind in ("places", "metrics", "patterns", "messages", "modules"):
        for name, definition in getattr(rules, kind).items():
            if name not in used:
                where = f"{kind.removesuffix('s')} {name}"
                yield fault(CODE, SEVERITY, f"`{name}` is used by nobody", definition.span, where, "remove it, or use it")
    for nudge in rules.nudges.values():
        yield from _unread(nudge, rules)


def _unread(nudge: Nudge, rules: RuleSet) -> Iterator[Fault]:
    """Arguments for which the message has no hole."""
    message = rules.messages.get(nudge.message)
    if message is None and not nudge.best_of:
        return
    holes = {hole for t in (message.texts.values() if message else ()) for _, part in t.parts() for hole in template(part).names()}
    for name in nudge.args:
        if name not in holes:
            close = close_word(name, holes)
            advice = f"did you mean `{close}`?" if close else "remove it, or write its hole into the message"
            yield fault(CODE, SEVERITY, f"no text of `{nudge.message or 'a module'}` has a hole `{{{name}}}`", place_of(name, nudge.span), f"nudge {nudge.name}", advice)


def _names(expr: Expr, rules: RuleSet) -> Iterator[str]:
    """Names of places, metrics, modules and patterns that an expression reads."""
    for ref in references(expr):
        match ref:
            case Call(_, argument):
                yield argument
            case MetricCall(name):
                yield name
                value = rules.metrics[name].value if name in rules.metrics else None
                yield from _names(value, rules) if value is not None else ()
            case CohortPct(metric):
                yield metric.name
            case Aggregate(_, events, _, where):
                yield from events
                yield from _names(where, rules) if where is not None else ()
            case _:
                pass


def _triggering(rules: RuleSet) -> set[str]:
    """Events that triggers wait for, patterns among them."""
    found: set[str] = set()
    for definition in definitions(rules):
        match definition.trigger:
            case Happens(step, without=without):
                found |= {step.event, *without}
            case InSequence(steps, without=without):
                found |= {*(s.event for s in steps), *without}
            case Holds(without=without):
                found |= set(without)
            case _:
                pass
    return found | {e for m in rules.metrics.values() for e in (*m.of, *m.to)}
