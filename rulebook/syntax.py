"""The tree of an expression, as parsed: what is spelled, before anyone knows what it means."""

from __future__ import annotations

from dataclasses import dataclass

from rulebook.faults import Span
from rulebook.units import Unit, spell


def quoted(text: str) -> str:
    """Text as an expression spells it: no text holds both kinds of quotes, for there would be no way to write it."""
    return f"'{text}'" if '"' in text else f'"{text}"'


@dataclass(frozen=True, slots=True)
class Window:
    """`20m` (sliding), `session`, `today`, `life` or `last N`."""

    kind: str
    size: float = 0.0

    def __str__(self) -> str:
        if self.kind == "sliding":
            return spell(self.size)
        return f"last {self.size:g}" if self.kind == "last" else self.kind


@dataclass(frozen=True, slots=True)
class Literal:
    value: float | str | bool
    unit: Unit
    span: Span
    currency: str = ""

    def __str__(self) -> str:
        match self.unit:
            case Unit.TEXT:
                return quoted(str(self.value))
            case Unit.BOOL:
                return str(self.value).lower()
            case Unit.DURATION:
                return spell(float(self.value))
            case Unit.RATIO:
                return f"{float(self.value) * 100:g}%"
            case Unit.DISTANCE:
                return f"{self.value:g}km"
            case Unit.CLOCK:
                return f"{int(float(self.value)) // 3600:02d}:{int(float(self.value)) % 3600 // 60:02d}"
            case _:
                return f"{self.value:g}" + (f" {self.currency}" if self.currency else "")


@dataclass(frozen=True, slots=True)
class Name:
    """A field, or `segment.NAME` with `scope` = "segment"."""

    name: str
    span: Span
    scope: str = ""

    def __str__(self) -> str:
        return f"{self.scope}.{self.name}" if self.scope else self.name


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`sum(earning_posted.amount where kind == "tip" over 7d)`."""

    function: str
    events: tuple[str, ...]
    field: str
    where: Expr | None
    window: Window | None
    span: Span

    def __str__(self) -> str:
        events = self.events[0] if len(self.events) == 1 else f"({' | '.join(self.events)})"
        field = f".{self.field}" if self.field else ""
        where = f" where {self.where}" if self.where is not None else ""
        window = f" over {self.window}" if self.window is not None else ""
        return f"{self.function}({events}{field}{where}{window})"


@dataclass(frozen=True, slots=True)
class MetricCall:
    name: str
    window: Window
    span: Span

    def __str__(self) -> str:
        return f"{self.name}({self.window})"


@dataclass(frozen=True, slots=True)
class Call:
    """`distance_to(hotspots)`, `completed(module)`, `local_time()`; `argument` is a bare word or empty."""

    function: str
    argument: str
    span: Span
    argument_span: Span

    def __str__(self) -> str:
        return f"{self.function}({self.argument})"


@dataclass(frozen=True, slots=True)
class CohortPct:
    metric: MetricCall
    by: str
    span: Span

    def __str__(self) -> str:
        return f"cohort_pct({self.metric} by {self.by})"


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expr
    span: Span

    def __str__(self) -> str:
        return f"not {_grouped(self.operand)}"


@dataclass(frozen=True, slots=True)
class Junction:
    """`and` or `or` of two or more operands."""

    word: str
    operands: tuple[Expr, ...]
    span: Span

    def __str__(self) -> str:
        return f" {self.word} ".join(_grouped(o) for o in self.operands)


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: Expr
    right: Expr
    span: Span

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True)
class Membership:
    """`reason in (far | busy)`."""

    operand: Expr
    items: tuple[Literal, ...]
    span: Span

    def __str__(self) -> str:
        return f"{self.operand} in ({' | '.join(str(i) for i in self.items)})"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: str
    left: Expr
    right: Expr
    span: Span

    def __str__(self) -> str:
        return f"{_term(self.left)} {self.operator} {_term(self.right)}"


Reference = Name | Aggregate | MetricCall | Call | CohortPct
#: What a comparison says when its sides change places, and what it says when it is not so.
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
Expr = Literal | Reference | Not | Junction | Comparison | Membership | Arithmetic


def _grouped(expr: Expr) -> str:
    return f"({expr})" if isinstance(expr, Junction) else str(expr)


def _term(expr: Expr) -> str:
    return f"({expr})" if isinstance(expr, Arithmetic) else str(expr)


def references(expr: Expr) -> list[Reference]:
    """Every reference in an expression, in reading order; those inside an aggregate's `where` belong to the aggregate."""
    match expr:
        case Literal():
            return []
        case Not(operand):
            return references(operand)
        case Junction(_, operands):
            return [r for o in operands for r in references(o)]
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return [*references(left), *references(right)]
        case Membership(operand):
            return references(operand)
        case _:
            return [expr]


def currencies(expr: Expr) -> tuple[str, ...]:
    """The currencies of the amounts in an expression, each once; those inside an aggregate's `where` are its own."""
    match expr:
        case Literal(currency=currency):
            return (currency,) if currency else ()
        case Not(operand):
            return currencies(operand)
        case Junction(_, operands):
            return tuple(dict.fromkeys(c for o in operands for c in currencies(o)))
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return tuple(dict.fromkeys((*currencies(left), *currencies(right))))
        case Membership(operand, items):
            return tuple(dict.fromkeys(c for o in (operand, *items) for c in currencies(o)))
        case _:
            return ()
