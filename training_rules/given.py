"""What in-file tests give: a constant for a reference, and for whatever that reference is short for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rulebook.currency import in_currency
from rulebook.faults import Faults
from rulebook.model import RuleSet
from rulebook.parser import parse_text
from rulebook.scope import Scope, expand
from rulebook.syntax import Aggregate, Call, Comparison, Literal, MetricCall, Name
from rulebook.units import Unit


def written_out(given: Mapping[str, Literal], ruleset: RuleSet) -> dict[str, Literal]:
    """By canonical spelling, as the compiler asks for them."""
    found = dict(given)
    for text, literal in given.items():
        found |= _longer(text, literal, ruleset)
    return found


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
