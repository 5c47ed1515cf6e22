"""Can a condition ever be true? Sound, not complete: `possible` says no only where nothing could make it true.

A condition is brought to a disjunction of conjunctions; in each, what is compared with a constant is narrowed to an interval or a set of
texts (interval analysis: Moore 1966), and everything else counts as free, but not as both true and false.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from math import ceil, floor, inf
from typing import Any

from rulebook.scope import Scope, expand
from rulebook.syntax import (
    MIRRORED,
    OPPOSITE,
    Aggregate,
    Call,
    CohortPct,
    Comparison,
    Expr,
    Junction,
    Literal,
    Membership,
    MetricCall,
    Name,
    Not,
    Reference,
    currencies,
    references,
)

MOST = 256  # conjunctions; a condition with more is taken for possible
WIDEST = 60  # operands that are compared with each other: the work grows with their square

#: Least and greatest value of what has bounds by nature; the last says whether it counts in whole numbers.
_NATURAL = {
    "tenure": (0.0, inf, False), "online_today": (0.0, 90_000.0, False), "speed": (0.0, inf, False), "stars": (1.0, 5.0, True),
    "battery": (0.0, 100.0, False), "distance_km": (0.0, 1000.0, False), "minutes": (0.0, inf, False), "score": (0.0, 100.0, False),
}  # fmt: skip


@dataclass(frozen=True)
class Atom:
    """`ref` beside a constant or a set of them, or anything else as a whole; `truth` False where it is denied."""

    key: str
    operator: str = ""
    value: float | str | bool | None = None
    items: frozenset[object] = frozenset()
    truth: bool = True
    bounds: tuple[float, float, bool] = (-inf, inf, False)


def possible(expr: Expr, scope: Scope) -> bool:
    """Whether anything could make `expr` true."""
    cases = _cases(expr, scope, positive=True)
    return cases is None or any(_consistent(case) for case in cases)


def _cases(expr: Expr, scope: Scope, *, positive: bool) -> list[tuple[Atom, ...]] | None:
    """The disjunction of conjunctions; None where there are too many."""
    match expr:
        case Not(operand):
            return _cases(operand, scope, positive=not positive)
        case Junction(word, operands):
            parts = [_cases(o, scope, positive=positive) for o in operands]
            known = [p for p in parts if p is not None]
            if len(known) < len(parts):
                return None
            return _joined(known) if (word == "and") is positive else [case for part in known for case in part][: MOST + 1]
        case Literal(value) if isinstance(value, bool):
            return [()] if value is positive else []
        case _:
            if isinstance(expr, Reference) and (longer := expand(expr, scope)) is not None and not isinstance(longer, Aggregate):
                return _cases(longer, scope, positive=positive)
            return [(_atom(expr, scope, positive=positive),)]


def _joined(parts: list[list[tuple[Atom, ...]]]) -> list[tuple[Atom, ...]] | None:
    size = 1
    for part in parts:
        size *= max(len(part), 1)
        if size > MOST:
            return None
    return [tuple(atom for case in combination for atom in case) for combination in product(*parts)]


def _atom(expr: Expr, scope: Scope, *, positive: bool) -> Atom:
    match expr:
        case Comparison(operator, left, Literal() as literal) if isinstance(left, Reference):
            return _against(left, operator, literal, scope, positive=positive)
        case Comparison(operator, Literal() as literal, right) if isinstance(right, Reference):
            return _against(right, MIRRORED[operator], literal, scope, positive=positive)
        case Comparison(operator, left, right):
            return Atom(f"{left} {operator} {right}", truth=positive)
        case Membership(operand, items) if isinstance(operand, Reference):
            return Atom(_key(operand, scope) + "".join(f" {c}" for c in currencies(expr)), "in" if positive else "not in", items=frozenset(i.value for i in items))
        case _:
            return Atom(_key(expr, scope), truth=positive)


def _key(expr: Expr, scope: Scope) -> str:
    longer = expand(expr, scope) if isinstance(expr, Reference) else None
    return str(longer or expr)


def _against(ref: Expr, operator: str, literal: Literal, scope: Scope, *, positive: bool) -> Atom:
    """Amounts of different currencies say nothing of each other."""
    value, key = literal.value, f"{_key(ref, scope)} {literal.currency}".rstrip()
    return Atom(key, operator if positive else OPPOSITE[operator], value, bounds=_bounds(ref, scope))


def _bounds(ref: Expr, scope: Scope) -> tuple[float, float, bool]:
    longer = expand(ref, scope) if isinstance(ref, Reference) else None
    match longer or ref:
        case Aggregate("count" | "distinct"):
            return 0.0, inf, True
        case Aggregate(function, _, name) if function in ("min", "max", "last", "avg", "p50", "p90") and name in _NATURAL:
            least, most, whole = _NATURAL[name]
            return least, most, whole and function in ("min", "max", "last")
        case MetricCall() | CohortPct():
            return 0.0, inf, False  # a ratio may exceed 1 where one event of `to` brings several of `of`
        case Call("distance_to"):
            return 0.0, inf, False
        case Call("local_time"):
            return 0.0, 86_400.0, False
        case Name(name):
            return _NATURAL.get(name, (-inf, inf, False))
        case _:
            return -inf, inf, False


@dataclass
class _Range:
    """What is left of one reference's values in a conjunction."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False
    only: frozenset[object] | None = None
    never: set[object] = field(default_factory=set)
    truths: set[bool] = field(default_factory=set)

    def take(self, atom: Atom) -> None:
        least, most, whole = atom.bounds
        self._at_least(least, open_=False)
        self._at_most(most, open_=False)
        self.whole = self.whole or whole
        value = atom.value
        match atom.operator:
            case "":
                self.truths.add(atom.truth)
            case "in":
                self.only = atom.items if self.only is None else self.only & atom.items
            case "not in":
                self.never |= atom.items
            case "==" | "!=" if isinstance(value, str | bool):
                self._equal(value, atom.operator)
            case "==":
                self._at_least(_number(value), open_=False)
                self._at_most(_number(value), open_=False)
            case "!=":
                self.never.add(value)
            case ">" | ">=":
                self._at_least(_number(value), open_=atom.operator == ">")
            case _:
                self._at_most(_number(value), open_=atom.operator == "<")

    def _equal(self, value: Any, operator: str) -> None:
        if operator == "==":
            self.only = frozenset({value}) if self.only is None else self.only & {value}
        else:
            self.never.add(value)

    def _at_least(self, value: float, *, open_: bool) -> None:
        self.low, self.low_open = max((self.low, self.low_open), (value, open_))

    def _at_most(self, value: float, *, open_: bool) -> None:
        if (value, not open_) < (self.high, not self.high_open):
            self.high, self.high_open = value, open_

    @property
    def empty(self) -> bool:
        if len(self.truths) == 2 or (self.only is not None and not self.only - self.never):
            return True
        low, high = self.low, self.high
        if self.whole and low > -inf:
            low = floor(low) + 1 if self.low_open and low == floor(low) else ceil(low)
        if self.whole and high < inf:
            high = ceil(high) - 1 if self.high_open and high == ceil(high) else floor(high)
        if self.whole:
            return low > high or (low == high and low in self.never)
        return low > high or (low == high and (self.low_open or self.high_open or low in self.never))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _consistent(case: tuple[Atom, ...]) -> bool:
    ranges: dict[str, _Range] = {}
    for atom in case:
        ranges.setdefault(atom.key, _Range()).take(atom)
    return not any(r.empty for r in ranges.values())


def both(*exprs: Expr) -> Expr:
    """All of them at once."""
    return exprs[0] if len(exprs) == 1 else Junction("and", exprs, exprs[0].span)


def implied(expr: Junction, scope: Scope) -> Iterator[Expr]:
    """Operands that say nothing new beside the others: of an `and` what the others imply, of an `or` what implies one of the others.

    Only where the others read everything that it reads: otherwise it also asks that something is known.
    """
    for at, operand in enumerate(expr.operands if len(expr.operands) <= WIDEST else ()):
        rest = (*expr.operands[:at], *expr.operands[at + 1 :])
        if {str(r) for r in references(operand)} <= {str(r) for o in rest for r in references(o)}:
            others = rest[0] if len(rest) == 1 else Junction(expr.word, rest, expr.span)
            question = both(others, Not(operand, operand.span)) if expr.word == "and" else both(operand, Not(others, expr.span))
            if not possible(question, scope):
                yield operand
