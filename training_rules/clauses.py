"""A condition clause by clause: what each came to, and the values that it read. The code of every clause is what the engine's own generator makes of it,
over the same slots: it can't say otherwise than the engine does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from rulebook.checker import Checker
from rulebook.codegen import Codegen
from rulebook.currency import labelled
from rulebook.faults import Faults
from rulebook.scope import Scope
from rulebook.syntax import Expr, Junction, Literal, Not, Reference
from rulebook.units import Unit
from segments.features import Features
from segments.samples import samples
from segments.slots import Slots
from segments.state import PartnerState
from training_rules.rules import Rules
from training_rules.unknowns import why_unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that was read: `value` is None where it is unknown, and `unknown` says why; `age` of its newest datum (s); `samples`: how many elements
    are in it, of a ratio how many decided events. Both are None where nobody keeps count."""

    name: str
    value: Any
    unit: Unit
    age: float | None = None
    samples: int | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """`truth`: true, false, or None for unknown. `word`: `and`, `or` or `not` of `parts`; empty for a clause that has none, and `readings` instead.
    `place`: where it stands, as file:line:column."""

    text: str
    truth: bool | None
    place: str
    word: str = ""
    parts: tuple[Clause, ...] = ()
    readings: tuple[Reading, ...] = ()

    def leaves(self) -> Iterator[Clause]:
        """The clauses that have no parts, in reading order."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


Look = Callable[[PartnerState, list[Any], float, Any], tuple[Any, ...]]


class Clauses:
    """Conditions of one rule set, each compiled when it is first asked for."""

    def __init__(self, rules: Rules) -> None:
        self._rules, self._slots, self._known = rules, Slots(), dict[tuple[Expr, str], _Tree]()
        for slot in rules.slots:
            self._slots.slot(slot.key)
        given = {name: value for name, value in rules.options.given.items() if isinstance(value, Literal)}
        self._features = Features(rules.ruleset, self._slots, given)
        self._features.segment_slots |= {code.name: code.slot for code in rules.segments}

    def look(self, expr: Expr, state: PartnerState, now: float, event: Any = None) -> Clause:
        """What a condition of these rules came to at a moment (s) and, in a `where`, for an event."""
        key = expr, "" if event is None else event.type
        tree = self._known.get(key)
        if tree is None:
            tree = self._known[key] = self._compiled(expr, Scope(self._rules.ruleset, key[1]))
        return tree.read(state, now, event)

    def _compiled(self, expr: Expr, scope: Scope) -> _Tree:
        tree = _Tree(expr, scope, self._features)
        source = compile(tree.source(), f"<clauses of {self._rules.version}>", "exec")
        assert len(self._slots.slots) == len(self._rules.slots), f"no rule of this set reads {expr}"
        space = dict(self._rules.read_features.__globals__)  # the names that the rules' own code calls
        exec(source, space)  # noqa: S102 - generated from checked trees: names are words, values are repr()
        tree.function = space["look"]
        return tree


class _Tree:
    """A condition with the function that gives all its truths and readings in one row."""

    function: Look

    def __init__(self, expr: Expr, scope: Scope, features: Features) -> None:
        self.expr, self.scope, self._features = expr, scope, features

    def source(self) -> str:
        row = [code for expr in _nodes(self.expr) for code in self._row(expr)]
        return f"def look(s, v, now, e):\n    return ({', '.join(row)},)"

    def _row(self, expr: Expr) -> Iterator[str]:
        code = Codegen(self._features, self.scope)
        yield f"(True if {code.true(expr)} else False if {code.false(expr)} else None)"
        for _, _, ref in self._read_by(expr):
            yield from (f"({code.value(ref)})", self._seen(ref) or "None", self._samples(ref) or "None")

    def _read_by(self, expr: Expr) -> list[tuple[str, str, Reference]]:
        return [] if isinstance(expr, Junction | Not) else list(labelled(expr, self.scope))

    def _seen(self, ref: Reference) -> str:
        return "" if self._own(ref) else self._features.seen(ref, self.scope)

    def _samples(self, ref: Reference) -> str:
        return "" if self._own(ref) else samples(self._features, ref, self.scope)

    def _own(self, ref: Reference) -> bool:
        """Whether it is a field of the event."""
        return getattr(ref, "name", "") in self.scope.event_fields and not getattr(ref, "scope", "")

    def read(self, state: PartnerState, now: float, event: Any) -> Clause:
        row, at = self.function(state, state.slots, now, event), count()
        return self._clause(self.expr, state, now, lambda: row[next(at)])

    def _clause(self, expr: Expr, state: PartnerState, now: float, take: Callable[[], Any]) -> Clause:
        truth = take()
        readings = tuple(self._reading(*read, state, now, (take(), take(), take())) for read in self._read_by(expr))
        parts = tuple(self._clause(part, state, now, take) for part in _parts(expr))
        word = expr.word if isinstance(expr, Junction) else "not" if isinstance(expr, Not) else ""
        return Clause(str(expr), truth, str(expr.span), word, parts, readings)

    def _reading(self, name: str, currency: str, ref: Reference, state: PartnerState, now: float, found: tuple[Any, Any, Any]) -> Reading:
        value, seen, samples = found
        age = None if seen is None or seen == float("-inf") else round(now - seen, 3)
        why = why_unknown(ref, self.scope, age, samples, own=self._own(ref)) if value is None else ""
        unit = Checker(Faults()).unit(ref, self.scope) or Unit.TEXT
        return Reading(f"{name} in {currency}" if currency else name, value, unit, age, samples, why)


def _parts(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Junction(_, operands):
            return operands
        case Not(operand):
            return (operand,)
        case _:
            return ()


def _nodes(expr: Expr) -> Iterator[Expr]:
    """An expression and what it is made of, each before its parts."""
    yield expr
    for part in _parts(expr):
        yield from _nodes(part)
