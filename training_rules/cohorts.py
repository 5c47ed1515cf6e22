"""What the ranks of cohorts are compared with: figures that move a partner past none of these change nothing."""

from __future__ import annotations

from rulebook.checks.context import conditions
from rulebook.model import RuleSet
from rulebook.syntax import Aggregate, CohortPct, Comparison, Expr, Junction, Literal, Not, references


def thresholds(rules: RuleSet) -> dict[str, tuple[float, ...] | None]:
    """By the spelling of each cohort_pct; None where one is used in any other way than beside a constant."""
    found: dict[str, set[float]] = {}
    other = set[str]()
    for _, expr, _ in conditions(rules):
        _look(expr, found, other)
    return {name: None if name in other else tuple(sorted(found.get(name, ()))) for name in found.keys() | other}


def _look(expr: Expr, found: dict[str, set[float]], other: set[str]) -> None:
    match expr:
        case Not(operand):
            _look(operand, found, other)
        case Junction(_, operands):
            for operand in operands:
                _look(operand, found, other)
        case Comparison(_, CohortPct() as cohort, Literal(value)) | Comparison(_, Literal(value), CohortPct() as cohort):
            found.setdefault(str(cohort), set()).add(float(value))
        case _:
            for ref in references(expr):
                if isinstance(ref, CohortPct):
                    other.add(str(ref))
                elif isinstance(ref, Aggregate) and ref.where is not None:
                    _look(ref.where, found, other)
