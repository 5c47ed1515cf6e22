"""What the holes of a nudge's message measure: that decides how their values are spelled."""

from __future__ import annotations

from typing import NamedTuple

from rulebook.checker import Checker
from rulebook.faults import Faults
from rulebook.model import Happens, InSequence, Nudge, RuleSet
from rulebook.names import BUILTINS
from rulebook.scope import Scope
from rulebook.syntax import Expr, currencies
from rulebook.units import Unit


class Quantity(NamedTuple):
    """The unit of a value; `currency` where an expression names the one of its money."""

    unit: Unit
    currency: str = ""


PLAIN = Quantity(Unit.TEXT)


def measured(nudge: Nudge, rules: RuleSet) -> dict[str, Quantity]:
    """By hole: its own arguments, and what is known of every partner. What can't be told is left out: its fault is noted elsewhere."""
    scope = _args_scope(nudge, rules)
    found = {hole: quantity for hole, expr in nudge.args.items() if (quantity := _quantity(expr, scope)) is not None}
    return {name: Quantity(known.unit) for name, known in BUILTINS.items() if name not in nudge.args} | found


def _quantity(expr: Expr, scope: Scope) -> Quantity | None:
    unit = Checker(Faults()).unit(expr, scope)
    named = currencies(expr)
    return None if unit is None else Quantity(unit, named[0] if unit is Unit.MONEY and len(named) == 1 else "")


def _args_scope(nudge: Nudge, rules: RuleSet) -> Scope:
    """Arguments may read the fields of the event that completed the match, or began the wait."""
    match nudge.trigger:
        case Happens(step):
            return Scope(rules).within(step.event)
        case InSequence(steps):
            return Scope(rules).within(steps[-1].event)
        case _:
            return Scope(rules)
