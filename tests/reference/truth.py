"""Expressions by walking their tree, in Kleene's three-valued logic: True, False, and None for unknown."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any

from rulebook.model import RuleSet
from rulebook.syntax import Aggregate, Arithmetic, Call, CohortPct, Comparison, Junction, Literal, Membership, MetricCall, Name, Not, Window
from tests.reference.partner import Partner, aggregate

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
_COMPUTE = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_PROFILE, _FIX, _LOGS = ("profile_updated",), ("position",), ("logged_in", "logged_out")
_ORDERS = ("order_accepted", "order_delivered", "order_cancelled")
#: The events that state a fact.
STATED_BY = {
    "online": _LOGS, "online_today": _LOGS, "on_order": _ORDERS, "riding": (*_ORDERS, *_FIX), "speed": _FIX,
    "zone": (*_FIX, "logged_in"), "zone_demand": (*_FIX, *_LOGS, *_PROFILE), "zone_gap": (*_FIX, *_LOGS, *_PROFILE),
}  # fmt: skip
_SHORT = {
    "orders_accepted_today": ("count", "order_accepted", "", Window("today")),
    "orders_delivered_today": ("count", "order_delivered", "", Window("today")),
    "earnings_today": ("sum", "earning_posted", "amount", Window("today")),
    "rating": ("avg", "rating_received", "stars", Window("last", 50)),
    "modules_completed": ("distinct", "module_completed", "module", Window("life")),
}
_AMOUNTS = ("amount", "pay")
_EVER = {"completed": ("module_completed", "module"), "used": ("feature_used", "feature")}


@dataclass(frozen=True)
class Counted:
    """An aggregate over the event list of a partner: `key` names the list. Of a `share` each element says whether its event is `of`. `currency`:
    only amounts of it, or of none, are in it."""

    function: str
    events: tuple[str, ...]
    field: str
    where: Any
    window: Window
    of: tuple[str, ...] = ()
    currency: str = ""

    @property
    def key(self) -> str:
        return f"{self.function}({self.events}.{self.field} where {self.where} over {self.window}) {self.of} {self.currency}"


def counted(ref: Any, rules: RuleSet, currency: str = "") -> list[Counted]:
    """The aggregates that a reference reads: two for a ratio over a time. What is asked for in a currency reads amounts of that one."""
    return [replace(c, currency=currency) if c.field in _AMOUNTS else c for c in _counted(ref, rules)]


def _counted(ref: Any, rules: RuleSet) -> list[Counted]:
    match ref:
        case Aggregate(function, events, field, where, window):
            return [Counted(function, events, field, where, window)]
        case MetricCall(name, window):
            metric = rules.metrics[name]
            if metric.value is not None:
                value = metric.value
                return [Counted(value.function, value.events, value.field, value.where, window)]
            if window.kind == "last":
                return [Counted("share", metric.to, "", None, window, metric.of)]
            return [Counted("count", metric.of, "", None, window), Counted("count", metric.to, "", None, window)]
        case Name(name, _, "") if name in _SHORT:
            function, event, field, window = _SHORT[name]
            return [Counted(function, (event,), field, None, window)]
        case CohortPct(metric):
            return _counted(metric, rules)
        case Call(function, argument) if function in _EVER:
            event, field = _EVER[function]
            return [Counted("count", (event,), "", (field, argument), Window("life"))]
        case _:
            return []


class Truth:
    def __init__(self, rules: RuleSet, partner: Partner, now: float, event: Any = None) -> None:
        self.rules, self.partner, self.now, self.event = rules, partner, now, event

    def of(self, expr: Any, currency: str = "") -> Any:
        """The value of an expression; for conditions True, False or None. `currency` is that of the amounts beside it."""
        if isinstance(expr, Comparison | Membership | Arithmetic):
            currency = currency or next(iter(_currencies(expr)), "")
        match expr:
            case Literal(value):
                return value
            case Not(operand):
                truth = self.of(operand)
                return None if truth is None else not truth
            case Junction(word, operands):
                found = [self.of(o) for o in operands]
                decisive = word == "or"
                return decisive if decisive in found else None if None in found else not decisive
            case Comparison(sign, left, right):
                a, b = self.of(left, currency), self.of(right, currency)
                return None if a is None or b is None else _COMPARE[sign](a, b)
            case Membership(operand, items):
                value = self.of(operand, currency)
                return None if value is None else value in [i.value for i in items]
            case Arithmetic(sign, left, right):
                a, b = self.of(left, currency), self.of(right, currency)
                return None if a is None or b is None else _COMPUTE[sign](a, b)
            case _:
                return self.read(expr, currency)

    def read(self, ref: Any, currency: str) -> Any:
        if isinstance(ref, CohortPct):
            return self.partner.world.rank(str(ref), self.partner.fact(ref.by, self.now), self.read(ref.metric, ""), self.now)
        if aggregates := counted(ref, self.rules, currency):
            values = [self.partner.in_window(c.key, c.window, c.function, self.now) for c in aggregates]
            if aggregates[0].function == "share":
                return sum(values[0]) / len(values[0]) if len(values[0]) >= self.rules.metrics[ref.name].min_samples else None
            if len(values) == 2:
                enough = len(values[1]) >= self.rules.metrics[ref.name].min_samples
                return len(values[0]) / len(values[1]) if enough else None
            value = aggregate(aggregates[0].function, values[0])
            return value > 0 if isinstance(ref, Call) else value
        match ref:
            case Name(name, _, "segment"):
                return self.partner.members.get(name, False)
            case Name(name) if self.event is not None and name in self.event.__struct_fields__ and name not in ("event_id", "partner_id", "occurred_at"):
                foreign = currency and name in _AMOUNTS and not of_currency(self.event, currency)
                return None if foreign else getattr(self.event, name)
            case Name(name):
                return self.partner.fact(name, self.now)
            case Call("local_time"):
                return self.partner.clock(self.now)
            case Call(function, argument):
                return self.partner.place(function, self.rules.places[argument].places, self.now)
            case _:
                return None


def of_currency(event: Any, currency: str) -> bool:
    """Whether an event's amount is of a currency; one that says none is of any."""
    return getattr(event, "currency", None) in (None, currency)


def _currencies(expr: Any) -> list[str]:
    match expr:
        case Literal(currency=currency):
            return [currency] if currency else []
        case Membership(operand, items):
            return [c for side in (operand, *items) for c in _currencies(side)]
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return [*_currencies(left), *_currencies(right)]
        case _:
            return []


def asked_in(expr: Any) -> list[tuple[Any, str]]:
    """Every reference in an expression, with the currency of the comparison that it stands in."""
    match expr:
        case None:
            return []
        case Not(operand):
            return asked_in(operand)
        case Junction(_, operands):
            return [pair for o in operands for pair in asked_in(o)]
        case _:
            return [(leaf, next(iter(_currencies(expr)), "")) for leaf in leaves_of(expr)]


def leaves_of(expr: Any) -> list[Any]:
    """Every reference in an expression; those inside an aggregate's `where` are the aggregate's own."""
    match expr:
        case None | Literal():
            return []
        case Not(operand) | Membership(operand):
            return leaves_of(operand)
        case Junction(_, operands):
            return [leaf for o in operands for leaf in leaves_of(o)]
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return [*leaves_of(left), *leaves_of(right)]
        case _:
            return [expr]


def events_read(exprs: list[Any], rules: RuleSet) -> set[str]:
    """The event types that an expression reads, by way of other segments too."""
    found: set[str] = set()
    pending, seen = [leaf for e in exprs for leaf in leaves_of(e)], set()
    while pending:
        ref = pending.pop()
        if isinstance(ref, CohortPct):
            found |= set(STATED_BY.get(ref.by, _PROFILE))
        if aggregates := counted(ref, rules):
            for c in aggregates:
                found |= {*c.events, *(("logged_in",) if c.window.kind == "session" else ())}
            continue
        match ref:
            case Name(name, _, "segment"):
                if name not in seen:
                    seen.add(name)
                    edge = rules.segments[name]
                    pending += [*leaves_of(edge.enter.when), *leaves_of(edge.exit.when)]
            case Name(name):
                found |= set(STATED_BY.get(name, _PROFILE))
            case Call("local_time"):
                pass
            case Call():
                found |= set(_FIX)
    return found
