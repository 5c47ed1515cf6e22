"""Small changes of a rule set, one at a time: of a threshold, a window, a clause or an event. A good test notices each (mutation testing:
DeMillo, Lipton & Sayward 1978, "Hints on Test Data Selection").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from events import FAMILIES
from rulebook.checks.context import conditions
from rulebook.faults import Span
from rulebook.model import Clears, Crosses, Edge, Happens, Holds, InSequence, Metric, Nudge, RuleSet, Segment, Step
from rulebook.names import fields_of, words_of
from rulebook.syntax import (
    Aggregate,
    Arithmetic,
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
    references,
)
from rulebook.timeline import Timeline
from rulebook.units import DAY, HOUR, Unit, spell
from training_rules.timelines import run_tests

_KINDS = ("metrics", "segments", "patterns", "nudges")
Change = tuple[str, Span, Any]


@dataclass(frozen=True)
class Mutant:
    """A rule set with one change. `definition`: what was changed, such as "nudge welcome_coaching"; `change`: how, in words."""

    definition: str
    change: str
    span: Span
    ruleset: RuleSet


def mutants(ruleset: RuleSet) -> Iterator[Mutant]:
    """All changes, in order of definition. Rules with `mode: off` are left out, and metrics that no condition reads."""
    read = _metrics_read(ruleset)
    for kind in _KINDS:
        definitions = getattr(ruleset, kind)
        for name, definition in definitions.items():
            if getattr(definition, "mode", "") == "off" or (kind == "metrics" and name not in read):
                continue
            for change, span, changed in _changes(_effective(definition), definition.span):
                yield Mutant(f"{kind[:-1]} {name}", change, span, _with(ruleset, kind, {**definitions, name: changed}))


def _metrics_read(ruleset: RuleSet) -> set[str]:
    """A metric that is a goal alone changes no decision."""
    values = [expr for nudge in ruleset.nudges.values() for expr in (*nudge.args.values(), nudge.seats) if expr is not None]
    refs = [ref for expr in (*(expr for _, expr, _ in conditions(ruleset)), *values) for ref in references(expr)]
    return {ref.metric.name if isinstance(ref, CohortPct) else ref.name for ref in refs if isinstance(ref, MetricCall | CohortPct)}


def _effective(definition: Any) -> Any:
    """Without what has no effect: a nudge in shadow is not sent, so there is nothing to be cleared."""
    return replace(definition, clears=None) if isinstance(definition, Nudge) and definition.mode == "shadow" else definition


def _with(node: Any, field: str, value: Any) -> Any:
    return replace(node, **{field: value})


def noticed(mutant: Mutant, timelines: Sequence[Timeline]) -> bool:
    """Whether a test fails, or the rules can't even be compiled; tests of the same file first."""
    nearest = sorted(timelines, key=lambda timeline: timeline.span.file.path != mutant.span.file.path)
    try:
        return any(not result.passed for result in run_tests(mutant.ruleset, nearest))
    except (KeyError, AssertionError, TypeError):
        return True


def _changes(node: Any, span: Span) -> Iterator[Change]:
    """Every change of a node or of what is in it; `span` is the nearest place that is known."""
    span = getattr(node, "span", span)
    for words, changed in _own(node):
        yield words, span, changed
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            for at, item in enumerate(value):
                for words, where, changed in _changes(item, span):
                    yield words, where, _with(node, field.name, (*value[:at], changed, *value[at + 1 :]))
        elif is_dataclass(value) and not isinstance(value, Span):
            for words, where, changed in _changes(value, span):
                yield words, where, _with(node, field.name, changed)


def _own(node: Any) -> Iterator[tuple[str, Any]]:
    """The changes of a node itself."""
    match node:
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            for side, literal, beside in (("left", left, right), ("right", right, left)):
                if isinstance(literal, Literal):
                    for other in (*_thresholds(literal), *_words(literal, beside)):
                        changed = _with(node, side, other)
                        yield f"`{node}` becomes `{changed}`", changed
        case Junction(word, operands):
            for at, operand in enumerate(operands):
                rest = (*operands[:at], *operands[at + 1 :])
                yield f"without `{word} {operand}`", rest[0] if len(rest) == 1 else replace(node, operands=rest)
        case Not(operand):
            yield f"`{node}` becomes `{operand}`", operand
        case Membership(_, items) if len(items) > 1:
            for at, item in enumerate(items):
                yield f"`{node}` without `{item}`", replace(node, items=(*items[:at], *items[at + 1 :]))
        case Aggregate() | MetricCall():
            yield from _reference(node)
        case Happens() | InSequence() | Holds() | Crosses() | Step():
            yield from _trigger(node)
        case Metric() | Segment() | Edge() | Nudge() | Clears():
            yield from _definition(node)


def _thresholds(literal: Literal) -> Iterator[Literal]:
    value = literal.value
    if isinstance(value, bool | str):
        return
    match literal.unit:
        case Unit.RATIO:
            others = ((1 + value) / 2, value / 2)
        case Unit.CLOCK:
            others = ((value + 2 * HOUR) % DAY, (value - 2 * HOUR) % DAY)
        case _:
            others = (value * 2, value / 2) if value not in (0, 1) else (value + 1, value - 1)
    for other in others:
        if other != value:
            yield replace(literal, value=other)


def _words(literal: Literal, beside: Any) -> Iterator[Literal]:
    """Another word in the place of one: another that the field usually has, else one that it never has."""
    if literal.unit is Unit.TEXT and literal.value:
        usual = words_of(beside.name) if isinstance(beside, Name) else ()
        yield replace(literal, value=next((word for word in usual if word != literal.value), f"not {literal.value}"))


def _longer_and_shorter(node: Any, field: str, words: str) -> Iterator[tuple[str, Any]]:
    span = getattr(node, field)
    if span:
        for other in (span * 2, span / 2):
            yield f"`{words} {spell(span)}` becomes `{words} {spell(other)}`", _with(node, field, other)


def _without(node: Any, field: str, words: str) -> Iterator[tuple[str, Any]]:
    """One name less in a list of events."""
    names = getattr(node, field)
    for at, name in enumerate(names):
        yield f"`{words}` without `{name}`", _with(node, field, (*names[:at], *names[at + 1 :]))


def _reference(node: Aggregate | MetricCall) -> Iterator[tuple[str, Any]]:
    window = node.window
    if window is not None and window.kind in ("sliding", "last"):
        for size in (window.size * 2, window.size / 2 if window.kind == "sliding" else max(1, window.size // 2)):
            if size != window.size:
                yield f"`{node}` over `{Window(window.kind, size)}`", replace(node, window=replace(window, size=size))
    if isinstance(node, Aggregate):
        if len(node.events) > 1:
            yield from _without(node, "events", str(node))
        elif (other := _sibling(node.events[0], node.where, node.field)) is not None:
            changed = replace(node, events=(other,))
            yield f"`{node}` becomes `{changed}`", changed
        if node.where is not None:
            yield f"`{node}` without its `where`", replace(node, where=None)


def _trigger(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Step):
        if node.where is not None:
            yield f"without `where: {node.where}`", replace(node, where=None)
        if (other := _sibling(node.event, node.where)) is not None:
            yield f"`{node.event}` becomes `{other}`", replace(node, event=other)
        return
    if isinstance(node, Crosses):
        yield "the other way", replace(node, entered=not node.entered)
        return
    if isinstance(node, Happens) and node.times > 1:
        for times in (node.times + 1, node.times - 1):
            yield f"`times: {node.times}` becomes `times: {times}`", replace(node, times=times)
    if not isinstance(node, Holds):
        yield from _longer_and_shorter(node, "within", "within:")
        if node.same:
            yield f"without `same: {node.same}`", replace(node, same="")
    if not isinstance(node, InSequence):
        yield from _longer_and_shorter(node, "wait", "for:")
    if isinstance(node, Holds | InSequence) or len(node.without) > 1:
        yield from _without(node, "without", "without:")


def _sibling(event: str, where: Expr | None, field: str = "") -> str | None:
    """Another event of the family, in which the condition and the field can be read."""
    wanted = {r.name for r in references(where) if isinstance(r, Name) and r.name in _fields(event)} if where is not None else set()
    wanted |= {field} if field else set()
    family = next((f for f in FAMILIES.values() if event in f.types), None)
    others = [t for t in family.types if t != event and wanted <= set(_fields(t))] if family is not None else []
    return others[0] if others else None


def _fields(event: str) -> dict[str, Any]:
    return dict(fields_of(event)) if any(event in f.types for f in FAMILIES.values()) else {}


def _definition(node: Any) -> Iterator[tuple[str, Any]]:
    match node:
        case Metric():
            for field in ("of", "to"):
                if len(getattr(node, field)) > 1:
                    yield from _without(node, field, f"{field}:")
            if node.min_samples > 1:
                for samples in (node.min_samples * 2, node.min_samples // 2):
                    yield f"`min_samples: {node.min_samples}` becomes `min_samples: {samples}`", replace(node, min_samples=samples)
        case Segment():
            if node.exit.when is not None:
                yield "without `exit`: out as soon as `enter` is not true", replace(node, exit=replace(node.exit, when=None))
            yield from _longer_and_shorter(node, "stale_after", "stale_after:")
        case Edge():
            yield from _longer_and_shorter(node, "hold", "for:")
        case Clears():
            yield from _longer_and_shorter(node, "within", "clears: within:")
        case Nudge():
            if node.condition is not None:
                yield f"without `if: {node.condition}`", replace(node, condition=None)
            if node.cooldown:
                yield "without `cooldown`", replace(node, cooldown=0.0)
            if node.max is not None:
                yield "without `max`", replace(node, max=None)
            if node.hours is not None:
                yield "without `hours`", replace(node, hours=None)
            if node.days:
                yield "without `days`", replace(node, days=())
