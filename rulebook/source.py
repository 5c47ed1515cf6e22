"""YAML as a tree of nodes that know where they stand. Scalars stay text: what they mean is decided by the schema, never by YAML's guess
(`on` is no boolean, `22:30` no number in base 60)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Self

import yaml

from rulebook.faults import Faults, SourceFile, Span, did_you_mean

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES, MAX_DEPTH, MAX_NODES = 1_000_000, 40, 50_000
#: So many characters count as one more value: an alias of a long text is that text again.
TEXT_AS_ONE = 100
_QUOTED_FIRST = re.compile(r""":\s+("[^"]*"|'[^']*')\s*[^\s,}\]#]""")


@dataclass(frozen=True, slots=True)
class Scalar:
    value: str
    span: Span
    quoted: bool = False


class Word(str):
    """A name as it was written, that knows where."""

    __slots__ = ("span",)
    span: Span

    def __new__(cls, value: str, span: Span) -> Self:
        word = super().__new__(cls, value)
        word.span = span
        return word

    def __getnewargs__(self) -> tuple[str, Span]:  # type: ignore[override]
        """So that a rule set can go to another process."""
        return str(self), self.span


def place_of(name: str, otherwise: Span) -> Span:
    """Where a name stands; `otherwise` where nobody wrote it."""
    return name.span if isinstance(name, Word) else otherwise


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
        root = _Builder(file, faults).document()
    except _Stop:
        return None
    except yaml.YAMLError as e:
        at = _place(e, file)
        quoted = _QUOTED_FIRST.search(file.line(file.position(at.start)[0]))
        faults.error("E101", f"this is not YAML: {_problem(e)}", at, help="a value that begins with a quote ends with it: put the whole into the other kind of quotes" if quoted else "")
        return None
    except UnicodeEncodeError as e:
        faults.error("E101", "half of a character (a surrogate without its other half)", Span(file, e.start, e.end))
        return None
    if root is None:
        faults.error("E102", "the file is empty", whole, help="begin with `version: 1`")
    elif not isinstance(root, Mapping):
        faults.error("E102", "a rule file is a mapping of version, segments, nudges, ...", root.span)
    return root if isinstance(root, Mapping) else None


def _problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        return str(error.problem or error.context)
    return str(getattr(error, "reason", None) or str(error).splitlines()[0])


def _place(error: yaml.YAMLError, file: SourceFile) -> Span:
    """Where reading ended. For a character that YAML does not allow libyaml counts bytes."""
    at = 0
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        at = mark.index
    elif isinstance(error, yaml.reader.ReaderError):
        at = len(file.text.encode()[: error.position].decode(errors="ignore"))
    at = min(at, max(0, len(file.text) - 1))
    return Span(file, at, at + 1)


def _leading_tab(text: str) -> int | None:
    at = 0
    for line in text.split("\n"):
        body = line.lstrip(" \t")
        if body and "\t" in (lead := line[: len(line) - len(body)]):
            return at + lead.index("\t")
        at += len(line) + 1
    return None


class _Stop(Exception):
    """The rest of the file is not read; the fault is already noted."""


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias stands for: `size` counts its values as if they were written out, `height` its levels."""

    node: Node
    size: int
    height: int


class _Builder:
    """Nodes from libyaml's events, not from its own tree: it would build that before anyone could count how deep and how large it gets."""

    def __init__(self, file: SourceFile, faults: Faults) -> None:
        self.file, self.faults = file, faults
        self.event: Callable[[], Any] = LOADER(file.text).get_event
        self.anchors: dict[str, _Anchored | None] = {}  # None: still open
        self.size = self.deepest = 0

    def document(self) -> Node | None:
        """The one document of the file; None where there is none."""
        self.event()
        if isinstance(self.event(), yaml.StreamEndEvent):
            return None
        root = self.node(self.event(), 0)
        self.event()
        if not isinstance(another := self.event(), yaml.StreamEndEvent):
            raise self.stop("E101", "a second document begins here", another, "keep one document in a file")
        return root

    def stop(self, code: str, message: str, event: Any, help: str = "") -> _Stop:
        self.faults.error(code, message, self.span(event), help=help)
        return _Stop()

    def span(self, event: Any) -> Span:
        return Span(self.file, event.start_mark.index, event.end_mark.index)

    def count(self, size: int, depth: int, event: Any) -> None:
        self.size += size
        self.deepest = max(self.deepest, depth)
        if depth > MAX_DEPTH or self.size > MAX_NODES:
            raise self.stop("E103", "nested too deeply, or too many values (aliases count each time)", event)

    def node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if event.anchor is None:
            return self._written(event, depth)
        if event.anchor in self.anchors:
            raise self.stop("E101", f"there are two anchors `&{event.anchor}`", event, "name one of them otherwise")
        self.anchors[event.anchor] = None
        size, outer, self.deepest = self.size, self.deepest, depth
        node = self._written(event, depth)
        self.anchors[event.anchor] = _Anchored(node, self.size - size, self.deepest - depth)
        self.deepest = max(self.deepest, outer)
        return node

    def _alias(self, event: Any, depth: int) -> Node:
        if event.anchor not in self.anchors:
            raise self.stop("E101", f"there is no anchor `&{event.anchor}` before it", event, did_you_mean(event.anchor, self.anchors))
        anchored = self.anchors[event.anchor]
        if anchored is None:
            raise self.stop("E103", f"`*{event.anchor}` stands inside of what it names", event)
        self.count(anchored.size, depth + anchored.height, event)
        return anchored.node

    def _written(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            self.count(1 + len(event.value) // TEXT_AS_ONE, depth, event)
            return Scalar(event.value, _trimmed(self.span(event)), quoted=event.style in ("'", '"'))
        self.count(1, depth, event)
        start = event.start_mark.index
        return self._sequence(start, depth) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(start, depth)

    def _sequence(self, start: int, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := self.event(), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
        return Sequence(items, Span(self.file, start, self.span(event).end))

    def _mapping(self, start: int, depth: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := self.event(), yaml.MappingEndEvent):
            key = self._key(self.node(event, depth + 1), entries)
            value = self.node(self.event(), depth + 1)
            if key is not None:
                entries[key.value] = (key, replace(value, named=key.span) if isinstance(value, Mapping) else value)
        return Mapping(entries, Span(self.file, start, self.span(event).end))

    def _key(self, key: Node, entries: dict[str, tuple[Scalar, Node]]) -> Scalar | None:
        """The key, if it is one and stands here for the first time."""
        if not isinstance(key, Scalar):
            self.faults.error("E104", "a key must be plain text", key.span)
        elif key.value == "<<":
            self.faults.error("E104", "merge keys are not allowed", key.span, help="write the values out: one definition per name")
        elif key.value in entries:
            self.faults.error("E105", f"`{key.value}` stands here twice", key.span, other=entries[key.value][0].span)
        else:
            return key
        return None


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
