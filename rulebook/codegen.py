"""Expressions to Python source. Truth has three values: `true(x)` is code that holds only when x is *definitely* true, `false(x)` when it is
definitely false; negation is pushed to the leaves, and each leaf is false on unknown (Kleene's strong logic, split in its two faces)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

from rulebook.counts import needs
from rulebook.currency import IN_CURRENCY, guard_of, narrowed
from rulebook.scope import Scope, expand
from rulebook.syntax import (
    MIRRORED,
    OPPOSITE,
    Aggregate,
    Arithmetic,
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
    references,
)


@dataclass(frozen=True, slots=True)
class Value:
    """Python code that reads one reference. `changes`: code for the next moment (s) at which it can change by time alone, or inf.
    `outside`: others than the partner's own events fill it. `against`: what stands for `changes` in a comparison with a constant, which stands for {0}. `seen`: code for the time of the newest datum in it. `nth`: of a count
    over a sliding window of `span` seconds, code for the time of the {0}-th newest element, -inf where there are fewer."""

    code: str
    nullable: bool
    changes: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    seen: str = ""
    outside: bool = False
    nth: str = ""
    span: float = 0.0


class Resolver(Protocol):
    """Says how a reference is read: the rooms above own the slots."""

    def value(self, ref: Reference, scope: Scope) -> Value: ...


class Codegen:
    def __init__(self, resolver: Resolver, scope: Scope) -> None:
        self.resolver, self.scope, self._names = resolver, scope, count(1)

    def true(self, expr: Expr) -> str:
        """Code that is truthy iff `expr` is definitely true."""
        return self._truth(expr, positive=True)

    def false(self, expr: Expr) -> str:
        """Code that is truthy iff `expr` is definitely false."""
        return self._truth(expr, positive=False)

    def _truth(self, expr: Expr, *, positive: bool) -> str:
        match expr:
            case Not(operand):
                return self._truth(operand, positive=not positive)
            case Junction(word, operands):
                joint = " and " if (word == "and") is positive else " or "
                return "(" + joint.join(self._truth(o, positive=positive) for o in operands) + ")"
            case Comparison(operator):
                asked = narrowed(expr, self.scope)
                assert isinstance(asked, Comparison)
                asked = asked if positive else replace(asked, operator=OPPOSITE[operator])
                if (count := needs(asked, self.resolver, self.scope)) is not None:
                    return f"({count.test(count.newest)})"
                return self._guarded((asked.left, asked.right), asked.operator, self._currency(expr))
            case Membership(_, items):
                asked = narrowed(expr, self.scope)
                assert isinstance(asked, Membership)
                listed = "(" + ", ".join(repr(i.value) for i in items) + ",)"
                return self._guarded((asked.operand,), f"{'in' if positive else 'not in'} {listed}", self._currency(expr))
            case Call(function, currency) if function == IN_CURRENCY:
                return self._is_in(currency) if positive else f"(not {self._is_in(currency)})"
            case Literal(value):
                return repr(bool(value) is positive)
            case _:
                return self._flag(expr, positive=positive)

    def _flag(self, expr: Expr, *, positive: bool) -> str:
        if isinstance(expr, Reference) and (longer := expand(expr, self.scope)) is not None:
            return self._truth(longer, positive=positive)
        return f"({self.value(expr)} is {positive})"

    def _currency(self, expr: Expr) -> list[str]:
        """The guard of an amount of the event itself: in another currency it is unknown."""
        return [self._is_in(currency)] if (currency := guard_of(expr, self.scope)) else []

    def _is_in(self, currency: str) -> str:
        field = self.scope.event_fields.get("currency")
        return "True" if field is None else f"(e.currency in (None, {currency!r}))"

    def _guarded(self, sides: tuple[Expr, ...], operator: str, guards: list[str]) -> str:
        codes = [self._bound(side, guards) for side in sides]
        test = f"{codes[0]} {operator} {codes[1]}" if len(codes) == 2 else f"{codes[0]} {operator}"
        return "(" + " and ".join([*guards, test]) + ")"

    def _bound(self, expr: Expr, guards: list[str]) -> str:
        """Arithmetic over values that are known once the guards have passed."""
        match expr:
            case Literal(constant):
                return repr(constant)
            case Arithmetic(operator, left, right):
                return f"({self._bound(left, guards)} {operator} {self._bound(right, guards)})"
            case Name() | Aggregate() | MetricCall() | Call() | CohortPct():
                if (longer := expand(expr, self.scope)) is not None:
                    return self._bound(longer, guards) if isinstance(longer, Aggregate) else f"bool({self.true(longer)})"
                value = self.resolver.value(expr, self.scope)
                if not value.nullable:
                    return value.code
                name = f"x{next(self._names)}"
                guards.append(f"({name} := {value.code}) is not None")
                return name
            case _:
                return f"bool({self.true(expr)})"

    def value(self, expr: Expr) -> str:
        """Code that gives the value of `expr`, or None when it is unknown."""
        if isinstance(expr, Reference) and expand(expr, self.scope) is None:
            return self.resolver.value(expr, self.scope).code
        if isinstance(expr, Not | Junction | Comparison | Membership):
            return f"(True if {self.true(expr)} else False if {self.false(expr)} else None)"
        guards = self._currency(expr)
        code = self._bound(narrowed(expr, self.scope), guards)
        return f"({code} if {' and '.join(guards)} else None)" if guards else code

    def changes(self, expr: Expr) -> list[str]:
        """Code for each moment at which the truth of `expr` can next change by time alone."""
        match expr:
            case Not(operand):
                return self.changes(operand)
            case Junction(_, operands):
                return _unique([c for o in operands for c in self.changes(o)])
            case Comparison():
                asked = narrowed(expr, self.scope)
                assert isinstance(asked, Comparison)
                if (count := needs(asked, self.resolver, self.scope)) is not None:
                    return [count.changes()]
                return self._comparison_changes(asked.left, asked.right)
            case Arithmetic(_, left, right):
                return _unique([*self.changes(left), *self.changes(right)])
            case Membership():
                asked = narrowed(expr, self.scope)
                assert isinstance(asked, Membership)
                return self.changes(asked.operand)
            case Literal():
                return []
            case _:
                if (longer := expand(expr, self.scope)) is not None:
                    return self.changes(longer)
                return list(self.resolver.value(expr, self.scope).changes)

    def parted(self, expr: Expr) -> tuple[str, str]:
        """The code of `true` in two: what time alone can't make true, and the rest. The first is empty where there is none, or nothing else. As long as the
        first is not true, time alone can't make `expr` true."""
        operands = expr.operands if isinstance(expr, Junction) and expr.word == "and" else (expr,)
        steady, varying = list[str](), list[str]()
        for operand in operands:
            waits = (self.changes(operand) and not self._only_falls(operand)) or self._outside(operand)
            (varying if waits else steady).append(self.true(operand))
        return (" and ".join(steady), " and ".join(varying)) if steady and varying else ("", self.true(expr))

    def _only_falls(self, expr: Expr) -> bool:
        """Whether time alone can only make it false: so much today. Midnight makes nothing of it, and that is too little."""
        if not isinstance(expr, Comparison):
            return False
        operator, side, other = expr.operator, expr.left, expr.right
        if isinstance(side, Literal):
            operator, side, other = MIRRORED[operator], other, side
        longer = side if isinstance(side, Aggregate) else expand(side, self.scope) if isinstance(side, Reference) else None
        if not isinstance(longer, Aggregate) or longer.window is None or longer.window.kind != "today" or longer.function not in ("count", "sum", "distinct"):
            return False
        least = other.value if isinstance(other, Literal) else None
        return isinstance(least, int | float) and ((operator == ">=" and least > 0) or (operator == ">" and least >= 0))

    def _outside(self, expr: Expr) -> bool:
        """Whether it reads what others than the partner's own events fill."""
        for ref in references(expr):
            longer = expand(ref, self.scope)
            if self._outside(longer) if longer is not None and longer != ref else self.resolver.value(ref, self.scope).outside:
                return True
        return False

    def _comparison_changes(self, left: Expr, right: Expr) -> list[str]:
        for side, other in ((left, right), (right, left)):
            if not isinstance(side, Name | Call | MetricCall) or not isinstance(other, Literal) or expand(side, self.scope) is not None:
                continue
            if against := self.resolver.value(side, self.scope).against:
                return [moment.format(repr(other.value)) for moment in against]
        return _unique([*self.changes(left), *self.changes(right)])


def _unique(codes: list[str]) -> list[str]:
    return list(dict.fromkeys(codes))
