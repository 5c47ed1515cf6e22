"""The same rule set with other values in one place: `--sweep stuck_at_restaurant.trigger.for=10m,15m,20m`.

The place is the name of a definition and the keys that lead to the value in its file. A value within an expression is named by how it stands there:
`slow_trips.trigger.where[45]=30,45,60`. Each variation is checked as a file with that text would be, so that faults are shown with their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from analysis.errors import BacktestError
from rulebook.errors import RuleErrors
from rulebook.faults import Faults, Severity, SourceFile, Span, did_you_mean
from rulebook.loader import load_sources, read_sources
from rulebook.model import RuleSet
from rulebook.source import Mapping, Node, Scalar, compose
from rulebook.units import counted

SECTIONS = ("nudges", "segments", "patterns", "metrics")
MOST = 24  # variations of one backtest: each is a rule set more
_ASKED = re.compile(r"(?P<place>[^=\[\]]+?)\s*(?:\[(?P<literal>[^\]]+)\])?\s*=\s*(?P<values>.+)", re.DOTALL)
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'|(?<![\w.:])\d[\d.:]*(?:%|[A-Za-z]+)?(?: [A-Z]{3}\b)?")
USAGE = "write NAME.KEY=VALUE,VALUE such as stuck_at_restaurant.trigger.for=10m,15m,20m, or NAME.KEY[LITERAL]=.. for a value within an expression"


@dataclass(frozen=True)
class Sweep:
    """What is to be varied: the place (a definition's name, then keys), the value within it if it is an expression, and the values to try."""

    name: str
    keys: tuple[str, ...]
    literal: str
    values: tuple[str, ...]

    @property
    def place(self) -> str:
        path = ".".join((self.name, *self.keys))
        return f"{path}[{self.literal}]" if self.literal else path


@dataclass(frozen=True)
class Variation:
    """A rule set with one value for each sweep, in words such as `stuck_at_restaurant.trigger.for = 10m`; `usual`: it is the set as it stands."""

    values: tuple[tuple[Sweep, str], ...]
    ruleset: RuleSet
    usual: bool

    @property
    def told(self) -> str:
        return ", ".join(f"{sweep.place} = {value}" for sweep, value in self.values)


def read_sweep(text: str) -> Sweep:
    """Raises BacktestError for what is no sweep."""
    found = _ASKED.fullmatch(text.strip())
    if found is None:
        raise BacktestError(f"--sweep {text!r} can't be read: {USAGE}")
    name, *keys = (key.strip() for key in found["place"].split("."))
    values = tuple(value.strip() for value in found["values"].split(","))
    if not keys or not name or not all(values) or not all(keys):
        raise BacktestError(f"--sweep {text!r} can't be read: {USAGE}")
    return Sweep(name, tuple(keys), (found["literal"] or "").strip(), tuple(dict.fromkeys(values)))


def variations(paths: Sequence[str | Path], asked: Sequence[str]) -> list[Variation]:
    """Every combination of values. Raises BacktestError where a place can't be found or there are too many, RuleErrors where a variation is no rule set."""
    sweeps, files = [read_sweep(text) for text in asked], load_sources(paths)
    spans = [_span(files, sweep) for sweep in sweeps]
    if len(set(spans)) < len(spans):
        raise BacktestError("two --sweep are of the same place: give all its values to one")
    combinations = list(product(*(sweep.values for sweep in sweeps)))
    if len(combinations) > MOST:
        raise BacktestError(f"the sweeps have {counted(len(combinations), 'combination')} of values; at most {MOST} are run at once")
    return [_variation(files, list(zip(sweeps, spans, values, strict=True))) for values in combinations]


def _variation(files: Sequence[SourceFile], changes: Sequence[tuple[Sweep, Span, str]]) -> Variation:
    texts = {file.path: file.text for file in files}
    for _, span, value in sorted(changes, key=lambda change: change[1].start, reverse=True):
        text = texts[span.file.path]
        texts[span.file.path] = text[: span.start] + value + text[span.end :]
    try:
        ruleset, _ = read_sources([replace(file, text=texts[file.path], parsed={}) for file in files])
    except RuleErrors as error:
        told = ", ".join(f"{sweep.place} = {value}" for sweep, _, value in changes)
        errors = [f for f in error.faults if f.severity is Severity.ERROR]
        raise BacktestError(f"with {told} the rules can't run:\n\n" + "\n\n".join(map(str, errors))) from None
    usual = all(span.file.text[span.start : span.end] == value for _, span, value in changes)
    return Variation(tuple((sweep, value) for sweep, _, value in changes), ruleset, usual)


def _span(files: Sequence[SourceFile], sweep: Sweep) -> Span:
    """Where the value stands that is varied."""
    node: Node = _definition(files, sweep)
    for number, key in enumerate(sweep.keys, 1):
        so_far = ".".join((sweep.name, *sweep.keys[:number]))
        if not isinstance(node, Mapping):
            raise BacktestError(f"--sweep {sweep.place}: {so_far} is nowhere: {_where(node)} is one value and has no keys")
        found = node.get(key)
        if found is None:
            known = [k.value for k, _ in node]
            hint = did_you_mean(key, known) or f"there are {', '.join(known)}"
            raise BacktestError(f"--sweep {sweep.place}: there is no `{key}` at {_where(node)}; {hint}")
        node = found
    if not isinstance(node, Scalar):
        keys = f"; go on with one of {', '.join(k.value for k, _ in node)}" if isinstance(node, Mapping) else ""
        raise BacktestError(f"--sweep {sweep.place}: {_where(node)} is no single value{keys}")
    return _literal(node, sweep) if sweep.literal else node.span


def _definition(files: Sequence[SourceFile], sweep: Sweep) -> Node:
    """The definition by its name, in whichever section it stands; `policy` too."""
    names: list[str] = []
    for section, name, node in _definitions(files):
        if sweep.name in (name, f"{section}.{name}"):
            return node
        names.append(name)
    hint = did_you_mean(sweep.name, names) or f"there are {', '.join(sorted(names))}"
    raise BacktestError(f"--sweep {sweep.place}: nothing is called `{sweep.name}`; {hint}")


def _definitions(files: Sequence[SourceFile]) -> Iterator[tuple[str, str, Node]]:
    for root in (compose(file, Faults()) for file in files):
        for section in SECTIONS if root else ():
            listed = root.get(section) if root else None
            yield from ((section, key.value, node) for key, node in (listed if isinstance(listed, Mapping) else ()))
        if root and (policy := root.get("policy")) is not None:
            yield "", "policy", policy


def _literal(node: Scalar, sweep: Sweep) -> Span:
    """The place of the literal within the expression. Raises BacktestError where it does not stand there exactly once."""
    text, start = node.span.file.text, node.span.start
    found = [m for m in _LITERAL.finditer(text, start, node.span.end) if m[0] == sweep.literal]
    if len(found) == 1:
        return Span(node.span.file, found[0].start(), found[0].end())
    if found:
        raise BacktestError(f"--sweep {sweep.place}: `{sweep.literal}` stands {counted(len(found), 'time')} at {_where(node)}; write the values apart in the file first")
    known = dict.fromkeys(m[0] for m in _LITERAL.finditer(text, start, node.span.end))
    said = f"its values are {', '.join(f'`{k}`' for k in known)}" if known else "it has no values"
    raise BacktestError(f"--sweep {sweep.place}: there is no `{sweep.literal}` at {_where(node)}; {said}")


def _where(node: Node) -> str:
    return str(node.span)
