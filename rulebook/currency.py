"""Amounts of money are compared in the currency that a rule names: `earnings_today > 100 USD` counts what was posted in dollars, and nothing else.

An amount without a currency, or of an event that has none, is taken for one of the currency that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rulebook.names import fields_of
from rulebook.scope import Scope, expand
from rulebook.syntax import (
    Aggregate,
    Arithmetic,
    Call,
    Comparison,
    Expr,
    Junction,
    Membership,
    MetricCall,
    Name,
    Not,
    Reference,
    currencies,
    references,
)  # fmt: skip
from rulebook.units import Unit

#: How the guard of an aggregate is spelled; no rule can write it, since a text is no argument.
IN_CURRENCY = "in_currency"
_KEEPS_MONEY = {"sum", "avg", "min", "max", "last", "p50", "p90"}


def narrowed(expr: Expr, scope: Scope) -> Expr:
    """A comparison or a computed value with its aggregates of amounts over those of the currency that it names."""
    named = currencies(expr)
    return _narrow(expr, named[0], scope) if len(named) == 1 else expr


def _narrow(expr: Expr, currency: str, scope: Scope) -> Expr:
    match expr:
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return replace(expr, left=_narrow(left, currency, scope), right=_narrow(right, currency, scope))
        case Membership(operand):
            return replace(expr, operand=_narrow(operand, currency, scope))
        case Name() | Aggregate() | MetricCall():
            return in_currency(expr, currency, scope)
        case _:
            return expr


def in_currency(ref: Name | Aggregate | MetricCall, currency: str, scope: Scope) -> Reference:
    """A reference over amounts of one currency; as it is where it is about something else."""
    longer = expand(ref, scope) or ref
    if not isinstance(longer, Aggregate) or longer.function not in _KEEPS_MONEY or not any(has_currency(Scope(scope.rules, e), longer.field) for e in longer.events):
        return ref
    guard = Call(IN_CURRENCY, currency, ref.span, ref.span)
    return replace(longer, where=guard if longer.where is None else Junction("and", (longer.where, guard), ref.span))


def has_currency(scope: Scope, field: str) -> bool:
    """Whether a field of the scope's event is an amount beside its currency."""
    return scope.event not in scope.rules.patterns and bool(scope.event) and "currency" in (own := fields_of(scope.event)) and field in own and own[field].unit is Unit.MONEY


def guard_of(expr: Expr, scope: Scope) -> str:
    """The currency that the event itself has to be of, where a comparison reads an amount of it; else empty."""
    named = currencies(expr)
    if len(named) != 1 or not any(isinstance(r, Name) and not r.scope and has_currency(scope, r.name) for r in references(expr)):
        return ""
    return named[0]


def labelled(expr: Expr, scope: Scope) -> Iterator[tuple[str, str, Reference]]:
    """Every reference as it is written, with the currency in which it is asked for, if in one, and as it is read."""
    match expr:
        case Not(operand):
            yield from labelled(operand, scope)
        case Junction(_, operands):
            for operand in operands:
                yield from labelled(operand, scope)
        case _:
            named, written = currencies(expr), references(expr)
            read = references(narrowed(expr, scope)) if len(named) == 1 else written
            yield from ((str(ref), named[0] if read is not written else "", asked) for ref, asked in zip(written, read, strict=True))
