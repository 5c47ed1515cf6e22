"""Where an expression stands: which names it can see there, and what they measure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from rulebook.faults import Faults, Span
from rulebook.model import Happens, InSequence, RuleSet
from rulebook.names import BUILTINS, CALL_EXPANSIONS, EXPANSIONS, Known, event_types, fields_of, lists_of
from rulebook.parser import parse_text
from rulebook.syntax import Aggregate, Call, Expr, MetricCall, Name, Reference, Window, quoted
from rulebook.units import Unit


@dataclass(frozen=True)
class Scope:
    """The names of a rule set and, inside a `where`, the fields of its event (the event's own field wins)."""

    rules: RuleSet
    event: str = ""

    @cached_property
    def event_fields(self) -> dict[str, Known]:
        if self.event in self.rules.patterns:
            return pattern_fields(self.rules, self.event)
        return fields_of(self.event) if self.event else {}

    @cached_property
    def lists(self) -> frozenset[str]:
        return lists_of(self.event) if self.event and self.event not in self.rules.patterns else frozenset()

    @cached_property
    def events(self) -> tuple[str, ...]:
        return (*event_types(), *self.rules.patterns)

    def names(self) -> set[str]:
        return {*BUILTINS, *self.event_fields}

    def within(self, event: str) -> Scope:
        return Scope(self.rules, event) if event in self.events else Scope(self.rules)

    def is_event_field(self, name: Name) -> bool:
        return not name.scope and name.name in self.event_fields


def pattern_fields(rules: RuleSet, name: str) -> dict[str, Known]:
    """What the event of a pattern carries: the value that its `same` compares, by that name. A circle of patterns, which `check` refuses, carries nothing."""
    seen, event, same = {name}, *_first(rules, name)
    while event in rules.patterns and event not in seen:
        seen.add(event)
        event, inner = _first(rules, event)
        if inner != same:
            return {}
    if same in (lists_of(event) if event in event_types() else ()):
        return {same: Known(Unit.TEXT, nullable=False)}
    known = fields_of(event).get(same) if event in event_types() else None
    return {same: replace(known, nullable=False)} if known is not None else {}


def _first(rules: RuleSet, pattern: str) -> tuple[str, str]:
    """The event that a pattern begins with, and its `same`; empty where it has none."""
    match rules.patterns[pattern].trigger:
        case Happens(step, same=same):
            return step.event, same
        case InSequence(steps, same=same):
            return steps[0].event, same
        case _:
            return "", ""


def expand(reference: Reference, scope: Scope) -> Expr | None:
    """What a short name stands for, as an expression; None when it stands for itself."""
    match reference:
        case Name(name, span, "") if name in EXPANSIONS and not scope.is_event_field(reference):
            return _parsed(EXPANSIONS[name], span)
        case Call(function, argument, span) if function in CALL_EXPANSIONS:
            return _parsed(CALL_EXPANSIONS[function].format(quoted(argument)), span)
        case MetricCall(name, window, span) if name in scope.rules.metrics:
            value = scope.rules.metrics[name].value
            return Aggregate(value.function, value.events, value.field, value.where, window, span) if value is not None else None
        case _:
            return None


def ratio_parts(call: MetricCall, scope: Scope) -> tuple[Aggregate, Aggregate, int]:
    """Counts of numerator and denominator, and min_samples, of a ratio metric over the call's window."""
    metric = scope.rules.metrics[call.name]
    return _count(metric.of, call.window, call.span), _count(metric.to, call.window, call.span), metric.min_samples


def _count(events: tuple[str, ...], window: Window, span: Span) -> Aggregate:
    return Aggregate("count", events, "", None, window, span)


def _parsed(text: str, span: Span) -> Expr:
    """The tree of a text that is ours, standing at a place of the rule file; its faults would be ours too."""
    known, key = span.file.parsed, (text, span.start, span.end)
    if key not in known:
        known[key] = parse_text(text, span, span.start, faults := Faults())
        assert known[key] is not None, faults.found
    expr: Expr = known[key]
    return expr
