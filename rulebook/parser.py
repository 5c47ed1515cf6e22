"""A Pratt parser (Pratt 1973, "Top down operator precedence") for expressions. No loops, no user functions, no attribute access: nothing dangerous can be spelled."""

from __future__ import annotations

import re

from rulebook import units
from rulebook.faults import Faults, Span
from rulebook.hints import WORDS, meant, unit_meant
from rulebook.lexer import Token, tokens
from rulebook.source import Scalar, Word, expression_text
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
    Window,
)
from rulebook.units import Unit

AGGREGATES = ("count", "sum", "avg", "min", "max", "last", "distinct", "p50", "p90")
FUNCTIONS = ("distance_to", "nearest", "inside", "local_time", "completed", "used")
_BINDING = {"or": 10, "and": 20, "in": 40, "<": 40, "<=": 40, ">": 40, ">=": 40, "==": 40, "!=": 40, "+": 50, "-": 50, "*": 60, "/": 60}
_COMPARE = 40
LARGEST = 1e15
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(.*)\Z")
#: How deep brackets go, how much arithmetic there is, and how long the text is (characters): whoever walks the tree does so by recursion.
MAX_NESTING, MAX_ARITHMETIC, MAX_TEXT = 60, 60, 20_000


class _Stop(Exception):
    """Parsing cannot go on in this expression; the fault is already noted."""


def parse(scalar: Scalar, faults: Faults) -> Expr | None:
    """The expression of a YAML scalar, or None with its fault noted."""
    text, offset = expression_text(scalar)
    return parse_text(text, scalar.span, offset, faults)


def parse_text(text: str, span: Span, offset: int, faults: Faults) -> Expr | None:
    if len(text) > MAX_TEXT:
        faults.error("E112", f"an expression of more than {MAX_TEXT:,} characters", span, help="name parts of it as segments, or write `x in (a | b)`")
        return None
    parser = _Parser(tokens(text, span.file, offset), faults)
    try:
        return parser.whole()
    except _Stop:
        return None


class _Parser:
    def __init__(self, stream: list[Token], faults: Faults) -> None:
        self.stream, self.faults, self.at, self.depth, self.sums = stream, faults, 0, 0, 0

    @property
    def token(self) -> Token:
        return self.stream[self.at]

    def take(self) -> Token:
        token = self.token
        self.at += token.kind != "end"
        return token

    def fail(self, code: str, message: str, span: Span, help: str = "") -> _Stop:
        self.faults.error(code, message, span, help=help)
        return _Stop()

    def whole(self) -> Expr:
        if self.token.kind == "end":
            raise self.fail("E110", "the expression is empty", self.token.span)
        expr = self.expression(0)
        if self.token.kind != "end":
            raise self.unexpected("an operator such as `and`, `<` or `==`")
        return expr

    def unexpected(self, wanted: str) -> _Stop:
        token = self.token
        if token.kind == "end":
            return self.fail("E111", f"the expression ends here; {wanted} should follow", token.span)
        return self.fail("E111", f"unexpected `{token.text}`; {wanted} should stand here", token.span, self.hint(token))

    def hint(self, token: Token) -> str:
        """What was probably meant by a token that cannot stand where it does."""
        return meant(token, self.stream[max(self.at - 1, 0)], self.stream[min(self.at + 1, len(self.stream) - 1)])

    def expect(self, text: str) -> Token:
        if self.token.text != text:
            raise self.unexpected(f"`{text}`")
        return self.take()

    def expression(self, binding: int) -> Expr:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fail("E112", "nested too deeply", self.token.span, "name parts of it as segments")
        left = self.prefix()
        while (power := _BINDING.get(self.token.text, 0) if self.token.kind != "text" else 0) > binding:
            left = self.infix(left, power)
        self.depth -= 1
        return left

    def infix(self, left: Expr, power: int) -> Expr:
        operator = self.take()
        if operator.text == "in":
            return self.membership(left)
        right = self.expression(power)
        span = _join(left.span, right.span)
        if operator.text in ("and", "or"):
            operands = (*_operands(left, operator.text), *_operands(right, operator.text))
            return Junction(operator.text, operands, span)
        if power == _COMPARE:
            if self.token.kind == "operator" and _BINDING.get(self.token.text) == _COMPARE:
                raise self.fail("E113", "comparisons do not chain", self.token.span, "write `a < b and b < c`")
            return Comparison(operator.text, left, right, span)
        self.sums += 1
        if self.sums > MAX_ARITHMETIC:
            raise self.fail("E112", f"more than {MAX_ARITHMETIC} sums and products", operator.span, "name what is counted as a metric")
        return Arithmetic(operator.text, left, right, span)

    def membership(self, operand: Expr) -> Expr:
        self.expect("(")
        items = [self.item()]
        while self.token.text == "|":
            self.take()
            items.append(self.item())
        return Membership(operand, tuple(items), _join(operand.span, self.expect(")").span))

    def item(self) -> Literal:
        token = self.token
        if token.kind == "word" and token.text not in WORDS:
            self.take()
            return Literal(token.text, Unit.TEXT, token.span)
        literal = self.prefix()
        if not isinstance(literal, Literal):
            raise self.fail("E114", "a list holds only values", literal.span)
        return literal

    def prefix(self) -> Expr:
        token = self.token
        if token.text == "(":
            self.take()
            inner = self.expression(0)
            self.expect(")")
            return inner
        if token.text == "not":
            self.take()
            operand = self.expression(30)
            return Not(operand, _join(token.span, operand.span))
        if token.text == "-":
            self.take()
            if self.token.kind != "number":
                raise self.fail("E115", "only a number can be negative", self.token.span)
            literal = self.number(self.take())
            assert not isinstance(literal.value, str)
            return Literal(-literal.value, literal.unit, _join(token.span, literal.span), literal.currency)
        if token.kind in ("number", "clock", "text"):
            return self.literal()
        if token.kind == "word" and token.text not in WORDS - {"true", "false"}:
            return self.word()
        raise self.unexpected("a name or a value")

    def literal(self) -> Literal:
        token = self.take()
        if token.kind == "text":
            return Literal(token.text[1:-1], Unit.TEXT, token.span)
        if token.kind == "clock":
            if (seconds := units.clock(token.text)) is None:
                raise self.fail("E116", f"`{token.text}` is no time of day", token.span, "write HH:MM, from 00:00 to 24:00")
            return Literal(seconds, Unit.CLOCK, token.span)
        return self.number(token)

    def number(self, token: Token) -> Literal:
        m = _NUMBER.match(token.text)
        assert m is not None
        value, suffix = float(m[1]), m[2]
        if value > LARGEST:
            raise self.fail("E122", "this number is too large", token.span, f"the largest is {LARGEST:,.0f}")
        if suffix == "":
            if self.token.kind == "word" and re.fullmatch("[A-Z]{3}", self.token.text):
                currency = self.take()
                return Literal(value, Unit.MONEY, _join(token.span, currency.span), currency.text)
            return Literal(value, Unit.NUMBER, token.span)
        if suffix == "%":
            return Literal(float(f"{m[1]}e-2"), Unit.RATIO, token.span)
        if suffix == "km":
            return Literal(value, Unit.DISTANCE, token.span)
        if suffix in units.SECONDS:
            return Literal(value * units.SECONDS[suffix], Unit.DURATION, token.span)
        raise self.fail("E117", f"unknown unit `{suffix}`", token.span, unit_meant(m[1], suffix))

    def word(self) -> Expr:
        token = self.take()
        if token.text in ("true", "false"):
            return Literal(token.text == "true", Unit.BOOL, token.span)
        if self.token.text == ".":
            self.take()
            name = self.name("a segment's name")
            if token.text != "segment":
                raise self.fail("E118", f"`{token.text}.{name.text}`: only `segment.NAME` has a dot here", _join(token.span, name.span))
            return Name(name.text, _join(token.span, name.span), "segment")
        if self.token.text != "(":
            return Name(token.text, token.span)
        self.take()
        if token.text in AGGREGATES:
            return self.aggregate(token)
        if token.text == "cohort_pct":
            return self.cohort(token)
        return self.call(token)

    def name(self, wanted: str) -> Token:
        if self.token.kind != "word" or self.token.text in WORDS:
            raise self.unexpected(wanted)
        return self.take()

    def aggregate(self, function: Token) -> Expr:
        events, field = self.events(), ""
        if self.token.text == ".":
            self.take()
            name = self.name("a field's name")
            field = Word(name.text, name.span)
        where = window = None
        if self.token.text == "where":
            self.take()
            where = self.expression(0)
        if self.token.text == "over":
            self.take()
            window = self.window()
        if self.token.text == ",":
            raise self.fail("E111", "unexpected `,`; `)` should stand here", self.token.span, f"a window follows `over`: `{function.text}({events[0]} over 2h)`")
        return Aggregate(function.text, events, field, where, window, _join(function.span, self.expect(")").span))

    def events(self) -> tuple[str, ...]:
        if self.token.text != "(":
            return (self.event(),)
        self.take()
        names = [self.event()]
        while self.token.text == "|":
            self.take()
            names.append(self.event())
        self.expect(")")
        return tuple(names)

    def event(self) -> str:
        token = self.name("an event's name")
        return Word(token.text, token.span)

    def window(self) -> Window:
        token = self.take()
        if token.text in ("session", "today", "life"):
            return Window(token.text)
        if token.text == "last":
            count = self.take()
            if count.kind != "number" or units.whole(count.text, 1, 1000) is None:
                raise self.fail("E119", "`last` takes a whole number from 1 to 1000", count.span)
            return Window("last", float(count.text))
        seconds = units.duration(token.text) if token.kind == "number" else None
        if not seconds:
            raise self.fail("E119", f"`{token.text}` is no window", token.span, "write `20m`, `2h`, `28d`, `session`, `today`, `life` or `last 50`")
        return Window("sliding", seconds)

    def cohort(self, function: Token) -> Expr:
        metric = self.word()
        if not isinstance(metric, MetricCall):
            raise self.fail("E120", "`cohort_pct` ranks a metric over a window", metric.span, "write `cohort_pct(acceptance_rate(2h) by zone)`")
        self.expect("by")
        by = self.name("a profile field").text
        return CohortPct(metric, by, _join(function.span, self.expect(")").span))

    def call(self, function: Token) -> Expr:
        if function.text not in FUNCTIONS:
            window = self.window()
            return MetricCall(function.text, window, _join(function.span, self.expect(")").span))
        argument = self.take() if self.token.text != ")" else None
        close = self.expect(")")
        if argument is not None and argument.kind not in ("word", "text"):
            raise self.fail("E121", f"`{function.text}` takes a name", argument.span)
        text = "" if argument is None else argument.text[1:-1] if argument.kind == "text" else argument.text
        return Call(function.text, text, _join(function.span, close.span), argument.span if argument else close.span)


def _join(a: Span, b: Span) -> Span:
    return Span(a.file, a.start, b.end)


def _operands(expr: Expr, word: str) -> tuple[Expr, ...]:
    return expr.operands if isinstance(expr, Junction) and expr.word == word else (expr,)
