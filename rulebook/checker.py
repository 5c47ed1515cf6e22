"""Types and units of expressions: every name must exist, and both sides of a comparison measure the same."""

from __future__ import annotations

from rulebook.faults import Faults, did_you_mean
from rulebook.names import BUILTINS, Known
from rulebook.scope import Scope, expand
from rulebook.source import place_of
from rulebook.syntax import (
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
    currencies,
    references,
)  # fmt: skip
from rulebook.units import Unit

_SAME = ({Unit.NUMBER, Unit.RATIO}, {Unit.NUMBER, Unit.MONEY})
_NUMERIC = {"sum", "avg", "min", "max", "p50", "p90"}
_UNKNOWN = Known(Unit.NUMBER)
TIMELY = ("tenure", "online_today")


def comparable(one: Unit, other: Unit) -> bool:
    """Whether values of two units can stand beside each other."""
    return one is other or {one, other} in _SAME


class Checker:
    """Checks expressions of one rule set; notes faults and goes on, so that one run shows all of them."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def condition(self, expr: Expr, scope: Scope) -> None:
        """`expr` must be true, false or unknown."""
        unit = self.unit(expr, scope)
        if unit is not None and unit is not Unit.BOOL:
            self.faults.error("E310", f"a condition is needed here, this is a {unit}", expr.span, help="compare it: `... > 3`")

    def unit(self, expr: Expr, scope: Scope) -> Unit | None:
        match expr:
            case Literal(_, unit):
                return unit
            case Not(operand):
                self.condition(operand, scope)
                return Unit.BOOL
            case Junction(_, operands):
                for operand in operands:
                    self.condition(operand, scope)
                return Unit.BOOL
            case Comparison():
                self._comparison(expr, scope)
                return Unit.BOOL
            case Membership():
                self._membership(expr, scope)
                return Unit.BOOL
            case Arithmetic():
                return self._arithmetic(expr, scope)
            case _:
                known = self.known(expr, scope)
                return known.unit if known is not None else None

    def known(self, ref: Expr, scope: Scope) -> Known | None:
        """What a reference measures; None, with its fault noted, when there is no such thing."""
        match ref:
            case Name():
                return self._name(ref, scope)
            case Aggregate():
                return self._aggregate(ref, scope)
            case MetricCall():
                return self._metric(ref, scope)
            case CohortPct(metric, by, span):
                self._metric(metric, scope)
                if by not in ("city", "zone", "vehicle", "language"):
                    self.faults.error("E201", f"no cohort by `{by}`", span, help="one of: city, language, vehicle, zone")
                return Known(Unit.RATIO)
            case Call():
                return self._call(ref, scope)
            case _:
                return None

    def _name(self, ref: Name, scope: Scope) -> Known | None:
        if ref.scope == "segment":
            if ref.name not in scope.rules.segments:
                self.faults.error("E201", f"unknown segment `{ref.name}`", ref.span, help=did_you_mean(ref.name, scope.rules.segments))
                return None
            return Known(Unit.BOOL, nullable=False)
        known = scope.event_fields.get(ref.name) or BUILTINS.get(ref.name)
        if known is None:
            hint = "it holds several words: `same:` can read them" if ref.name in scope.lists else did_you_mean(ref.name, scope.names())
            if ref.name in scope.rules.metrics:
                hint = f"a metric takes a window: `{ref.name}(2h)`"
            self.faults.error("E201", f"unknown field `{ref.name}`", ref.span, help=hint)
        return known

    def _aggregate(self, ref: Aggregate, scope: Scope) -> Known | None:
        for event in ref.events:
            if event not in scope.events:
                self.faults.error("E201", f"unknown event `{event}`", place_of(event, ref.span), help=did_you_mean(event, scope.events))
                return None
            if ref.where is not None:
                self.condition(ref.where, scope.within(event))
        if ref.window is None:
            self.faults.error("E311", "the window is missing", ref.span, help="add `over 2h`, `over today` or `over life`")
        return self._aggregated(ref, scope)

    def _aggregated(self, ref: Aggregate, scope: Scope) -> Known | None:
        if ref.function == "count":
            if ref.field:
                self.faults.error("E312", "`count` takes no field", ref.span, help=f"write `count({ref.events[0]} ...)`, or `distinct` for different values")
            return Known(Unit.NUMBER, nullable=False)
        known = [scope.within(event).event_fields.get(ref.field) for event in ref.events]
        for event, field in zip(ref.events, known, strict=True):
            if field is None:
                fields = scope.within(event).event_fields
                hint = did_you_mean(ref.field, fields) if ref.field else f"write `{ref.function}({event}.FIELD ...)`, with one of: {', '.join(fields)}"
                self.faults.error("E201", f"`{event}` has no field `{ref.field}`" if ref.field else f"`{ref.function}` needs a field", place_of(ref.field, ref.span), help=hint)
                return None
        unit = known[0].unit if known[0] else Unit.NUMBER
        if ref.function in _NUMERIC and unit in (Unit.TEXT, Unit.BOOL):
            self.faults.error("E312", f"`{ref.function}` needs numbers; `{ref.field}` is {unit}", ref.span)
        if ref.function == "distinct":
            return Known(Unit.NUMBER, nullable=False)
        return Known(unit, nullable=ref.function != "sum")

    def _metric(self, ref: MetricCall, scope: Scope) -> Known | None:
        metric = scope.rules.metrics.get(ref.name)
        if metric is None:
            self.faults.error("E201", f"unknown metric `{ref.name}`", ref.span, help=did_you_mean(ref.name, scope.rules.metrics))
            return None
        if metric.value is not None:
            expanded = expand(ref, scope)
            return self._aggregate(expanded, scope) if isinstance(expanded, Aggregate) else None
        if ref.window.kind == "last" and (apart := [e for e in metric.of if e not in metric.to]):
            hint = f"write a time, such as `{ref.name}(28d)`, or add `{apart[0]}` to `to` of the metric"
            self.faults.error("E314", f"`{ref.window}` asks of the newest events of `to` which are `of`; `{apart[0]}` is none of them", ref.span, help=hint)
        return Known(Unit.RATIO)

    def _call(self, ref: Call, scope: Scope) -> Known | None:
        if ref.function == "local_time":
            return Known(Unit.CLOCK, nullable=False)
        if not ref.argument:
            self.faults.error("E313", f"`{ref.function}` takes a name", ref.span)
            return None
        if ref.function in ("distance_to", "nearest", "inside"):
            if ref.argument not in scope.rules.places:
                self.faults.error("E201", f"unknown places `{ref.argument}`", ref.argument_span, help=did_you_mean(ref.argument, scope.rules.places))
                return None
            return Known({"distance_to": Unit.DISTANCE, "nearest": Unit.TEXT, "inside": Unit.BOOL}[ref.function])
        modules = scope.rules.modules
        if ref.function == "completed" and modules and ref.argument not in modules:
            self.faults.error("E201", f"unknown module `{ref.argument}`", ref.argument_span, help=did_you_mean(ref.argument, modules))
        return Known(Unit.BOOL, nullable=False)

    def _comparison(self, expr: Comparison, scope: Scope) -> None:
        left, right = self._side(expr.left, expr.right, scope), self._side(expr.right, expr.left, scope)
        self._one_currency(expr)
        if left is None or right is None:
            return
        if self._share(expr.left, left, expr.right, scope) or self._share(expr.right, right, expr.left, scope):
            return
        if left is not right and {left, right} not in _SAME:
            self.faults.error("E301", f"a {left} is compared with a {right}", expr.span, help=_unit_help(expr, left, right))
        elif left in (Unit.TEXT, Unit.BOOL) and expr.operator not in ("==", "!="):
            self.faults.error("E302", f"`{expr.operator}` does not order {left} values", expr.span, help="use `==`, `!=` or `in (a | b)`")
        self._values(expr.left, expr.right, scope)
        self._values(expr.right, expr.left, scope)
        self._timely(expr)

    def _side(self, side: Expr, other: Expr, scope: Scope) -> Unit | None:
        """The unit of one side; a bare word beside a text was meant as text."""
        if isinstance(side, Name) and not side.scope and side.name not in scope.names() and Checker(Faults()).unit(other, scope) is Unit.TEXT:
            self.faults.error("E201", f"unknown field `{side.name}`", side.span, help=f'text stands in quotes: `"{side.name}"`')
            return None
        return self.unit(side, scope)

    def _share(self, side: Expr, unit: Unit, other: Expr, scope: Scope) -> bool:
        """Whether a share stands beside a constant that is none, or the other way; the fault is noted."""
        if not isinstance(other, Literal) or isinstance(side, Literal) or not isinstance(other.value, float):
            return False
        if unit is Unit.NUMBER and other.unit is Unit.RATIO:
            self.faults.error("E301", f"a number is compared with the share `{other}`", other.span, help=f"write `{100 * other.value:g}` where a number is meant")
            return True
        if other.value > 1 and other.unit in (Unit.NUMBER, Unit.RATIO) and _at_most_all(side, scope):
            meant = f"write `{other.value:g}%`" if other.unit is Unit.NUMBER and other.value <= 100 else "the most is `100%`"
            self.faults.error("E306", f"this share is never more than 100%, and `{other}` is {other.value:,.0%}", other.span, help=meant)
            return True
        return False

    def _one_currency(self, expr: Expr) -> None:
        if len(named := currencies(expr)) > 1:
            self.faults.error("E301", f"{named[0]} and {named[1]} stand in one comparison", expr.span, help="compare each currency by itself: no rate is known")

    def _timely(self, expr: Comparison) -> None:
        """What changes by time alone is compared with a constant, so that the moment of change is known."""
        for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
            if _grows(side) and not (isinstance(side, Name | Call) and isinstance(other, Literal)):
                self.faults.error("E303", "what grows with time is compared with a constant only", expr.span, help="write `tenure < 30d` or `local_time() >= 17:30`")

    def _membership(self, expr: Membership, scope: Scope) -> None:
        unit = self.unit(expr.operand, scope)
        self._one_currency(expr)
        if _grows(expr.operand):
            self.faults.error("E303", "what grows with time is at one value for a moment only", expr.span, help="write `tenure >= 30d and tenure < 31d`, or `local_time() >= 17:30`")
        for item in expr.items:
            if unit is not None and item.unit is not unit and {item.unit, unit} not in _SAME:
                self.faults.error("E301", f"a {unit} is compared with a {item.unit}", item.span)
            self._values(expr.operand, item, scope)

    def _values(self, ref: Expr, value: Expr, scope: Scope) -> None:
        """A literal beside a field with a closed set of values must be one of them."""
        if isinstance(ref, Name) and isinstance(value, Literal) and value.unit is Unit.TEXT:
            known = scope.event_fields.get(ref.name) or BUILTINS.get(ref.name, _UNKNOWN)
            if known.values and value.value not in known.values:
                self.faults.error("E304", f"`{ref.name}` is never `{value.value}`", value.span, help=did_you_mean(str(value.value), known.values))

    def _arithmetic(self, expr: Arithmetic, scope: Scope) -> Unit | None:
        left, right = self.unit(expr.left, scope), self.unit(expr.right, scope)
        for unit in (left, right):
            if unit in (Unit.TEXT, Unit.BOOL, Unit.CLOCK):
                self.faults.error("E305", f"no arithmetic with a {unit}", expr.span)
                return None
        if expr.operator in "+-":
            if left and right and left is not right and {left, right} not in _SAME:
                self.faults.error("E301", f"a {left} and a {right} do not add up", expr.span)
            return left
        if not isinstance(expr.right, Literal) and not (expr.operator == "*" and isinstance(expr.left, Literal)):
            self.faults.error("E305", f"`{expr.operator}` takes a constant", expr.span, help="name a ratio as a metric to divide counts")
        if expr.operator == "/" and isinstance(expr.right, Literal) and expr.right.value == 0:
            self.faults.error("E305", "division by zero", expr.right.span)
        return right if isinstance(expr.left, Literal) else left


def _grows(expr: Expr) -> bool:
    """Whether it changes by time alone."""
    return any((isinstance(r, Name) and r.name in TIMELY) or (isinstance(r, Call) and r.function == "local_time") for r in references(expr))


def _at_most_all(expr: Expr, scope: Scope) -> bool:
    """Whether a share is of what it is a part of."""
    if isinstance(expr, CohortPct):
        return True
    metric = scope.rules.metrics.get(expr.name) if isinstance(expr, MetricCall) else None
    return metric is not None and metric.value is None and set(metric.of) <= set(metric.to)


def _unit_help(expr: Comparison, left: Unit, right: Unit) -> str:
    literal = next((s for s in (expr.right, expr.left) if isinstance(s, Literal)), None)
    if literal is None:
        return ""
    wanted = left if literal is expr.right else right
    if wanted is Unit.DISTANCE and literal.unit is Unit.DURATION:
        minutes = float(literal.value) / 60
        return f"`{literal}` is {minutes:g} minutes; write `{minutes / 1000:g}km`"
    examples = {Unit.DURATION: "30d", Unit.DISTANCE: "1km", Unit.CLOCK: "17:30", Unit.TEXT: '"text"', Unit.RATIO: "60%"}
    return f"write it as a {wanted}, such as `{examples[wanted]}`" if wanted in examples else ""
