"""What in-file tests give: a constant for a reference, and for whatever that reference is short for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from rulebook.checker import Checker
from rulebook.checks.context import conditions
from rulebook.currency import in_currency
from rulebook.faults import Faults, SourceFile, Span
from rulebook.model import RuleSet
from rulebook.parser import parse_text
from rulebook.scope import Scope, expand
from rulebook.syntax import Aggregate, Call, CohortPct, Comparison, Expr, Literal, MetricCall, Name, Reference, quoted, references
from rulebook.units import Unit
from training_rules.messages import holes_of


def written_out(given: Mapping[str, Literal], ruleset: RuleSet) -> dict[str, Literal]:
    """By canonical spelling, as the compiler asks for them."""
    found = dict(given)
    for text, literal in given.items():
        found |= _longer(text, literal, ruleset)
    return found


def unread(given: Mapping[str, Literal], ruleset: RuleSet) -> Iterator[tuple[str, Literal]]:
    """What is given, and read by no rule: it would change nothing."""
    asked = set(_asked(ruleset)) if given else set()
    for text, literal in given.items():
        if not asked & {text, *_longer(text, literal, ruleset)}:
            yield text, literal


def _asked(ruleset: RuleSet) -> Iterator[str]:
    """Every reference that a decision or a message can depend on, as it is written and as what it is short for."""
    scope = Scope(ruleset)
    values = [(expr, scope) for nudge in ruleset.nudges.values() for expr in (*nudge.args.values(), nudge.seats) if expr is not None]
    for expr, where in (*((expr, where) for _, expr, where in conditions(ruleset)), *values):
        yield from _spellings(expr, where)
    for message in ruleset.messages.values():
        yield from holes_of(message)
    yield from (f"completed({module})" for nudge in ruleset.nudges.values() for module in nudge.best_of)


def _spellings(expr: Expr, scope: Scope) -> Iterator[str]:
    for ref in references(expr):
        longer = expand(ref, scope)
        yield from (str(ref), *([str(longer)] if longer is not None else []))
        if longer is not None and not isinstance(longer, Aggregate):
            yield from map(str, references(longer))
        for inner in (ref, longer):
            if isinstance(inner, Aggregate) and inner.where is not None:
                yield from _spellings(inner.where, scope)
        if isinstance(ref, CohortPct):
            yield from _spellings(ref.metric, scope)


def _longer(text: str, literal: Literal, ruleset: RuleSet) -> dict[str, Literal]:
    """What a short name stands for is given with it: the aggregate of `rating`, the count of `completed(MODULE)`."""
    scope, ref = Scope(ruleset), parse_text(text, literal.span, literal.span.start, Faults())
    match expand(ref, scope) or ref if isinstance(ref, Name | Call | MetricCall | Aggregate) else None:
        case Aggregate() as aggregate:
            return {str(aggregate): literal} | ({str(in_currency(aggregate, literal.currency, scope)): literal} if literal.currency else {})
        case Comparison(left=Aggregate() as count):
            return {str(count): replace(literal, value=float(bool(literal.value)), unit=Unit.NUMBER)}
        case _:
            return {}


def spelling(label: str, value: Any, ruleset: RuleSet) -> Iterator[tuple[str, str]]:
    """A `given`: how a reference is written, and its value; nothing where that can't be spelled."""
    name, _, currency = label.partition(" in ")
    faults = Faults()
    source = SourceFile("given", name)
    ref = parse_text(name, Span(source, 0, len(name)), 0, faults)
    unit = Checker(faults).unit(ref, Scope(ruleset)) if isinstance(ref, Reference) else None
    if unit is None or ref is None or faults.found or (isinstance(value, float) and not isfinite(value)):
        return
    text = _literal(value, unit, currency)
    if text and not any(unread({str(ref): Literal(0.0, unit, ref.span)}, ruleset)):
        yield name, text


def _literal(value: Any, unit: Unit, currency: str) -> str:
    match unit:
        case Unit.BOOL:
            return str(bool(value)).lower()
        case Unit.TEXT:
            return f"'{quoted(value)}'" if "'" not in str(value) and '"' not in str(value) else ""
        case Unit.RATIO:
            return f"{value * 100:.12g}%"
        case Unit.MONEY:
            return f"{value:.15g} {currency}" if currency else ""
        case Unit.NUMBER:
            return f"{value:.15g}"
        case _:
            return ""  # times and distances change as time goes on
