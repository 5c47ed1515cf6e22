"""YAML as a tree of nodes that know where they stand. Scalars stay text: what they mean is decided by the schema, never by YAML's guess
(`on` is no boolean, `22:30` no number in base 60)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import yaml

from rulebook.faults import Faults, SourceFile, Span

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES, MAX_DEPTH, MAX_NODES = 4_000_000, 40, 400_000


@dataclass(frozen=True, slots=True)
class Scalar:
    value: str
    span: Span
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    items: list[Node]
    span: Span


@dataclass(frozen=True, slots=True)
class Mapping:
    """`named` is where the key stands that it is the value of; None for the root and for items of lists."""

    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    span: Span = field(default=None)  # type: ignore[assignment]
    named: Span | None = None

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.entries.values())

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry[1] if entry else None


Node = Scalar | Sequence | Mapping


def compose(file: SourceFile, faults: Faults) -> Mapping | None:
    """The root mapping of a file, or None with a fault that says where it can't be read."""
    whole = Span(file, 0, min(1, len(file.text)))
    if len(file.text) > MAX_BYTES:
        faults.error("E101", f"the file is larger than {MAX_BYTES:,} characters", whole, help="split it: a rule set may be many files")
        return None
    if "\t" in file.text and (tab := _leading_tab(file.text)) is not None:
        faults.error("E101", "a tab indents this line", Span(file, tab, tab + 1), help="indent with spaces")
        return None
    try:
        root = yaml.compose(file.text, Loader=_LOADER)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        at = min(mark.index, max(0, len(file.text) - 1)) if mark else 0
        faults.error("E101", f"this is not YAML: {e.problem or e.context}", Span(file, at, at + 1))
        return None
    except (yaml.YAMLError, RecursionError, ValueError) as e:
        faults.error("E101", f"this is not YAML: {str(e).splitlines()[0]}", whole)
        return None
    if root is None:
        faults.error("E102", "the file is empty", whole, help="begin with `version: 1`")
        return None
    node = _Builder(file, faults).build(root, 0)
    if isinstance(node, Mapping):
        return node
    if node is not None:
        faults.error("E102", "a rule file is a mapping of version, segments, nudges, ...", node.span)
    return None


def _leading_tab(text: str) -> int | None:
    at = 0
    for line in text.split("\n"):
        body = line.lstrip(" \t")
        if body and "\t" in (lead := line[: len(line) - len(body)]):
            return at + lead.index("\t")
        at += len(line) + 1
    return None


@dataclass
class _Builder:
    file: SourceFile
    faults: Faults
    nodes: int = 0

    def build(self, raw: yaml.Node, depth: int) -> Node | None:
        span = Span(self.file, raw.start_mark.index, raw.end_mark.index)
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            if self.nodes <= MAX_NODES + 1 or depth == MAX_DEPTH + 1:
                self.faults.error("E103", "nested too deeply, or too many values (aliases count each time)", span)
            return None
        if isinstance(raw, yaml.ScalarNode):
            return Scalar(raw.value, _trimmed(span), quoted=raw.style in ("'", '"'))
        if isinstance(raw, yaml.SequenceNode):
            items = [node for item in raw.value if (node := self.build(item, depth + 1)) is not None]
            return Sequence(items, span)
        assert isinstance(raw, yaml.MappingNode)
        return self._mapping(raw, span, depth)

    def _mapping(self, raw: yaml.MappingNode, span: Span, depth: int) -> Mapping:
        mapping = Mapping({}, span)
        for raw_key, raw_value in raw.value:
            key = self.build(raw_key, depth + 1)
            if not isinstance(key, Scalar):
                if key is not None:
                    self.faults.error("E104", "a key must be plain text", key.span)
                continue
            if key.value == "<<":
                self.faults.error("E104", "merge keys are not allowed", key.span, help="write the values out: one definition per name")
                continue
            if key.value in mapping.entries:
                self.faults.error("E105", f"`{key.value}` stands here twice", key.span, other=mapping.entries[key.value][0].span)
                continue
            value = self.build(raw_value, depth + 1)
            if value is not None:
                mapping.entries[key.value] = (key, replace(value, named=key.span) if isinstance(value, Mapping) else value)
        return mapping


def _trimmed(span: Span) -> Span:
    """A block scalar's span ends in white space; carets should not."""
    text = span.file.text[span.start : span.end]
    return Span(span.file, span.start, span.start + max(1, len(text.rstrip())))


def expression_text(scalar: Scalar) -> tuple[str, int]:
    """The expression as it stands in the file, and its offset there, so that faults in it can be pointed at."""
    text = scalar.span.file.text[scalar.span.start : scalar.span.end]
    if text[:1] in (">", "|"):
        header, newline, body = text.partition("\n")
        return body, scalar.span.start + len(header) + len(newline)
    if text[:1] in ("'", '"'):
        inner = text[1:-1]
        return (inner, scalar.span.start + 1) if inner == scalar.value else (scalar.value, scalar.span.start + 1)
    return text, scalar.span.start
