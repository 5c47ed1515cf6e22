"""A count over a sliding window that is compared with a constant needs no counting: it is at least k as long as the k-th newest element is in the window.
So it is known, too, when time alone can change the comparison: when that element leaves."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from rulebook.scope import Scope, expand
from rulebook.syntax import MIRRORED, Aggregate, Comparison, Expr, Literal, Reference

if TYPE_CHECKING:
    from rulebook.codegen import Resolver

_AT_LEAST = {">=": (ceil, True), "<": (ceil, False), ">": (lambda c: floor(c) + 1, True), "<=": (lambda c: floor(c) + 1, False)}


class Needs(NamedTuple):
    """The comparison is true iff the count is at least `number` (`met`), or is not. `newest`: code for the time of the element of that number, from
    the newest on, -inf where there are fewer; `span`: how long an element counts (s)."""

    newest: str
    number: int
    span: float
    met: bool

    def test(self, newest: str) -> str:
        """Code of the comparison over code, or a variable, that holds what `newest` gives."""
        return f"{newest} + {self.span!r} {'>' if self.met else '<='} now"

    def changes(self) -> str:
        """Code for the next moment at which time alone changes it; inf where it can't."""
        return f"leaves({self.newest}, {self.span!r}, now)"


def needs(expr: Expr, resolver: Resolver, scope: Scope) -> Needs | None:
    """What a comparison asks of a count, if that is all it asks."""
    if not isinstance(expr, Comparison):
        return None
    operator, side, other = expr.operator, expr.left, expr.right
    if isinstance(side, Literal):
        operator, side, other = MIRRORED[operator], other, side
    if operator not in _AT_LEAST or not isinstance(other, Literal) or not isinstance(side, Reference):
        return None
    reference = side if isinstance(side, Aggregate) else expand(side, scope)
    if not isinstance(reference, Aggregate) or reference.function != "count":
        return None
    value = resolver.value(reference, scope)
    number, met = _AT_LEAST[operator]
    least = number(other.value)
    return Needs(value.nth.format(least), least, value.span, met) if value.nth and least > 0 else None
