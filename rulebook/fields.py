"""Reading values out of YAML nodes: each reader returns a value or notes a fault that says what was wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from rulebook import units
from rulebook.faults import Faults, Span, did_you_mean
from rulebook.parser import parse
from rulebook.source import Mapping, Node, Scalar, Sequence, Word
from rulebook.syntax import Expr

T = TypeVar("T")


class Fields:
    """The keys of one mapping, each read once; `close()` notes keys that nobody knows."""

    def __init__(self, mapping: Mapping, faults: Faults, known: Iterable[str]) -> None:
        self.mapping, self.faults, self.known = mapping, faults, tuple(known)
        for key, value in mapping:
            if key.value not in self.known:
                cut = isinstance(value, Scalar) and not value.value and not value.quoted
                advice = "inside `{ }` a comma ends a value: put the text in quotes" if cut else did_you_mean(key.value, self.known)
                faults.error("E200", f"unknown key `{key.value}`", key.span, help=advice)

    def node(self, key: str, *, required: bool = False) -> Node | None:
        node = self.mapping.get(key)
        if node is None and required:
            self.faults.error("E202", f"`{key}` is missing", self.mapping.named or self.mapping.span, help=f"add `{key}:`")
        return node

    def scalar(self, key: str, *, required: bool = False) -> Scalar | None:
        node = self.node(key, required=required)
        if node is None or isinstance(node, Scalar):
            return node
        self.faults.error("E203", f"`{key}` takes a single value", node.span)
        return None

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        scalar = self.scalar(key, required=required)
        return scalar.value if scalar is not None else default

    def name(self, key: str, *, required: bool = False) -> str:
        """A text that names something: it knows where it stands."""
        scalar = self.scalar(key, required=required)
        return Word(scalar.value, scalar.span) if scalar is not None else ""

    def places(self) -> dict[str, Span]:
        """Where the value of each key stands."""
        return {key.value: node.span for key, node in self.mapping}

    def place(self, key: str) -> Span | None:
        node = self.mapping.get(key)
        return node.span if node is not None else None

    def mapping_of(self, key: str) -> Mapping | None:
        return as_mapping(self.node(key), self.faults, f"`{key}`")

    def parsed(self, key: str, read: Callable[[str], T | None], wanted: str, default: T, *, required: bool = False) -> T:
        scalar = self.scalar(key, required=required)
        if scalar is None:
            return default
        if (value := read(scalar.value)) is None:
            self.faults.error("E204", f"`{key}: {scalar.value}`: {wanted}", scalar.span, help=_minutes_hint(scalar.value, wanted))
            return default
        return value

    def duration(self, key: str, default: float = 0.0, *, required: bool = False) -> float:
        """Nothing, or a second at least: two waits shorter than what moments can tell apart would begin each other for ever."""
        return self.parsed(key, _noticeable, DURATION, default, required=required)

    def span_of_time(self, key: str, *, required: bool = False) -> float:
        """A duration that is not nothing."""
        return self.parsed(key, lambda t: _noticeable(t) or None, DURATION, 0.0, required=required)

    def optional_duration(self, key: str) -> float | None:
        return self.duration(key) if self.mapping.get(key) is not None else None

    def share(self, key: str, default: float) -> float:
        return self.parsed(key, _share, "a share such as `25%`, from 0% to 100%", default)

    def integer(self, key: str, low: int, high: int, default: int, *, required: bool = False) -> int:
        return self.parsed(key, lambda t: units.whole(t, low, high), f"a whole number from {low} to {high}", default, required=required)

    def flag(self, key: str) -> bool:
        return self.parsed(key, {"true": True, "false": False}.get, "`true` or `false`", default=False)

    def choice(self, key: str, options: Iterable[str], default: str, *, required: bool = False) -> str:
        scalar = self.scalar(key, required=required)
        if scalar is None:
            return default
        if scalar.value not in options:
            self.faults.error("E205", f"unknown {key} `{scalar.value}`", scalar.span, help=did_you_mean(scalar.value, options))
            return default
        return scalar.value

    def expression(self, key: str, *, required: bool = False) -> Expr | None:
        scalar = self.scalar(key, required=required)
        return parse(scalar, self.faults) if scalar is not None else None

    def scalars(self, key: str, *, required: bool = False) -> list[Scalar]:
        """One value or a list of values."""
        node = self.node(key, required=required)
        if isinstance(node, Scalar):
            return [node]
        return as_scalars(node, self.faults, f"`{key}`") if node is not None else []

    def words(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        return tuple(Word(s.value, s.span) for s in self.scalars(key, required=required))


DURATION = "a duration such as `90s`, `15m`, `2h` or `7d`, of a second at least"


def _noticeable(text: str) -> float | None:
    seconds = units.duration(text)
    return seconds if seconds is not None and (seconds >= 1.0 or not seconds) else None


def as_mapping(node: Node | None, faults: Faults, what: str) -> Mapping | None:
    if node is None or isinstance(node, Mapping):
        return node
    faults.error("E203", f"{what} takes names with values under it", node.span)
    return None


def as_sequence(node: Node | None, faults: Faults, what: str) -> Sequence | None:
    if node is None or isinstance(node, Sequence):
        return node
    faults.error("E203", f"{what} takes a list", node.span)
    return None


def as_scalars(node: Node | None, faults: Faults, what: str) -> list[Scalar]:
    sequence = as_sequence(node, faults, what)
    if sequence is None:
        return []
    for item in sequence.items:
        if not isinstance(item, Scalar):
            faults.error("E203", f"{what} takes a list of single values", item.span)
    return [item for item in sequence.items if isinstance(item, Scalar)]


def _share(text: str) -> float | None:
    value = units.percent(text)
    return value if value is not None and value <= 1 else None


def _minutes_hint(text: str, wanted: str) -> str:
    return f"write `{text}m` for minutes" if wanted is DURATION and text.isdigit() else ""
