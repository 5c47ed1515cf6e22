"""Which triggers an event reaches. What several of them ask of it is read once, a threshold that is not passed spares all that are higher, and of
those that ask for one value each only the one with that value is looked at: many rules on one event type cost little more than a few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby
from typing import Any, NamedTuple

from rulebook.codegen import Codegen, Resolver, Value
from rulebook.counts import needs
from rulebook.currency import guard_of, narrowed
from rulebook.scope import Scope, expand
from rulebook.syntax import MIRRORED, Aggregate, Comparison, Expr, Junction, Literal, Name, Reference

_ORDERED = ("<", "<=", ">", ">=", "==")
#: Levels of `if` in one another; Python takes a hundred.
_DEEPEST = 40
_FEW_CASES = 4


@dataclass(frozen=True)
class Block:
    """Code of one trigger for one event type: `lines` run where `guard` is definitely true, or always. Blocks don't depend on each other's order, but for those that
    end what is open: they go `first`, or the event would end what it opens itself."""

    lines: tuple[str, ...]
    guard: Expr | None = None
    first: bool = False


class _Test(NamedTuple):
    """What a comparison with a constant asks of what the code `read` gives. Those of one `key` are weaker or stronger than each other, or exclude each
    other (`==`, with `constant`). `test`: the comparison, over {0}; of two the one of lower `rank` is weaker; `free`: it costs nothing to read."""

    key: tuple[str, str]
    read: str
    nullable: bool
    test: str
    rank: tuple[float, bool]
    constant: Any
    free: bool = False


class _Open(NamedTuple):
    """A block with what is still to be asked of it."""

    asked: tuple[Expr, ...]
    lines: tuple[str, ...]


class Dispatch:
    """For the handler of one event type; `shares` is true once blocks have left their order."""

    def __init__(self, resolver: Resolver, scope: Scope) -> None:
        self._resolver, self._scope, self._names, self.shares = resolver, scope, count(1), False

    def source(self, blocks: Iterable[Block]) -> list[str]:
        return self._lines([_Open(_conjuncts(b.guard), b.lines) for b in blocks], {})

    def _lines(self, blocks: Sequence[_Open], known: Mapping[str, str]) -> list[str]:
        key = self._commonest(blocks)
        if key is None:
            return self._one_by_one(blocks, known)
        self.shares = True
        pairs = [(self._test_of(b, key), b) for b in blocks]
        inside = [(test, _without(b, expr)) for found, b in pairs if found is not None for test, expr in [found]]
        outside = [b for found, b in pairs if found is None]
        known, read = self._read_once([inside[0][0].read], known)
        cases = self._switch if key[1] == "==" else self._ladder
        return [*read, *cases(inside, known), *(self._lines(outside, known) if outside else [])]

    def _commonest(self, blocks: Sequence[_Open]) -> tuple[str, str] | None:
        """What most blocks ask, if two do; fields of the event first, which cost nothing to read."""
        asked = Counter[tuple[str, str]]()
        free = set[tuple[str, str]]()
        for block in blocks:
            tests = {test.key: test for expr in block.asked for test in self._tests(expr)}
            asked.update(tests.keys())
            free |= {key for key, test in tests.items() if test.free}
        best = max(asked, key=lambda key: (asked[key], key in free), default=None)
        return best if best is not None and asked[best] > 1 else None

    def _tests(self, expr: Expr) -> list[_Test]:
        """The ways to ask it. One that counts is a threshold for its count, and one for the age of an element: the longer the window, the weaker."""
        if guard_of(expr, self._scope):
            return []  # an amount in another currency is neither more nor less
        expr = narrowed(expr, self._scope)
        found = []
        if (count := needs(expr, self._resolver, self._scope)) is not None:
            rank = -count.span if count.met else count.span
            found.append(_Test((count.newest, ">" if count.met else "<"), count.newest, False, count.test("{0}"), (rank, False), None))
        match expr:
            case Comparison(operator, left, Literal(constant)) if operator in _ORDERED and not isinstance(left, Literal):
                found += self._against(left, operator, constant)
            case Comparison(operator, Literal(constant), right) if operator in _ORDERED and not isinstance(right, Literal):
                found += self._against(right, MIRRORED[operator], constant)
        return found

    def _against(self, side: Expr, operator: str, constant: Any) -> list[_Test]:
        if not isinstance(side, Reference):
            return []
        longer = expand(side, self._scope)
        reference = longer if isinstance(longer, Aggregate) else side
        if (longer is not None and reference is side) or not (operator == "==" or isinstance(constant, int | float)):
            return []
        value, free = self._resolver.value(reference, self._scope), isinstance(reference, Name) and self._scope.is_event_field(reference)
        key, rank = (str(reference), operator[:1] if operator != "==" else operator), -constant if operator[0] == "<" else 0.0 if operator == "==" else constant
        return [_Test(key, value.code, value.nullable, f"{{0}} {operator} {constant!r}", (rank, len(operator) == 1), constant, free)]

    def _test_of(self, block: _Open, key: tuple[str, str]) -> tuple[_Test, Expr] | None:
        return next(((test, expr) for expr in block.asked for test in self._tests(expr) if test.key == key), None)

    # -- shapes

    def _ladder(self, members: Sequence[tuple[_Test, _Open]], known: Mapping[str, str]) -> list[str]:
        """Weakest first, each rung inside the one before."""
        ranked = sorted(members, key=lambda m: m[0].rank)
        value, nullable, lines, depth = known[members[0][0].read], members[0][0].nullable, list[str](), 0
        for test, rung in groupby(ranked, key=lambda m: m[0].test):
            unknown = f"{value} is not None and " if nullable and not depth else ""
            lines += indented([f"if {unknown}{test.format(value)}:", *indented(self._lines([b for _, b in rung], known))], depth)
            depth = min(depth + 1, _DEEPEST)
        return lines

    def _switch(self, members: Sequence[tuple[_Test, _Open]], known: Mapping[str, str]) -> list[str]:
        """One of several values, found by halves."""
        ranked = sorted(members, key=lambda m: m[0].constant)
        cases = [(constant, [b for _, b in case]) for constant, case in groupby(ranked, key=lambda m: m[0].constant)]
        value = known[members[0][0].read]
        lines = self._cases(cases, value, known)
        return [f"if {value} is not None:", *indented(lines)] if members[0][0].nullable else lines

    def _cases(self, cases: Sequence[tuple[Any, list[_Open]]], code: str, known: Mapping[str, str]) -> list[str]:
        if len(cases) <= _FEW_CASES:
            words = ["if", *["elif"] * len(cases)]
            return [line for word, (constant, blocks) in zip(words, cases, strict=False) for line in [f"{word} {code} == {constant!r}:", *indented(self._lines(blocks, known))]]
        half = len(cases) // 2
        lower, upper = self._cases(cases[:half], code, known), self._cases(cases[half:], code, known)
        return [f"if {code} < {cases[half][0]!r}:", *indented(lower), "else:", *indented(upper)]

    def _one_by_one(self, blocks: Sequence[_Open], known: Mapping[str, str]) -> list[str]:
        counting = _Counting(self._resolver)
        for block in blocks:
            for expr in block.asked:
                Codegen(counting, self._scope).true(expr)
        known, lines = self._read_once(counting.repeated(), known)
        code = Codegen(_Known(self._resolver, known), self._scope)
        for block in blocks:
            test = " and ".join(map(code.true, block.asked))
            lines += [f"if {test}:", *indented(block.lines)] if test else block.lines
        return lines

    # -- reading once

    def _read_once(self, codes: Iterable[str], known: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
        """Variables for what is not in one yet, and the lines that set them."""
        more, lines = dict(known), list[str]()
        for code in codes:
            if code not in more:
                more[code] = f"r{next(self._names)}"
                lines.append(f"{more[code]} = {code}")
        return more, lines


class _Known:
    """A resolver that takes what was read already from its variable."""

    def __init__(self, inner: Resolver, known: Mapping[str, str]) -> None:
        self._inner, self._known = inner, known

    def value(self, ref: Reference, scope: Scope) -> Value:
        value = self._inner.value(ref, scope)
        return replace(value, code=self._known[value.code], nth="") if value.code in self._known else value


class _Counting:
    """A resolver that notes what is read."""

    def __init__(self, inner: Resolver) -> None:
        self._inner, self._read = inner, Counter[str]()

    def value(self, ref: Reference, scope: Scope) -> Value:
        value = self._inner.value(ref, scope)
        self._read[value.code] += 1
        return value

    def repeated(self) -> list[str]:
        return [code for code, times in self._read.items() if times > 1]


def _conjuncts(guard: Expr | None) -> tuple[Expr, ...]:
    match guard:
        case None:
            return ()
        case Junction("and", operands):
            return tuple(e for operand in operands for e in _conjuncts(operand))
        case _:
            return (guard,)


def _without(block: _Open, expr: Expr) -> _Open:
    return block._replace(asked=tuple(e for e in block.asked if e is not expr))


def indented(lines: Iterable[str], depth: int = 1) -> list[str]:
    return [f"{'    ' * depth}{line}" for line in lines]
