"""The notation of in-file tests: a partner, what is given, and a timeline of events and expectations."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace

from events.outputs import HoldReason
from rulebook import units
from rulebook.faults import Faults, Span, did_you_mean
from rulebook.fields import Fields, as_mapping, as_sequence
from rulebook.model import RuleSet, TimelineTest
from rulebook.names import event_types
from rulebook.parser import parse, parse_text
from rulebook.source import Mapping, Node, Scalar, Sequence
from rulebook.syntax import Literal, Name

DEFAULT_START = "2026-03-02 10:00"
EXPECTATIONS = ("nudge", "shadow", "held", "enters", "exits", "cleared", "not_cleared")
DETAILS = ("lang", "says", "why")
#: Why a nudge is held: all that `why` can be.
REASONS = tuple(map(str, HoldReason))
MAX_ITEMS = 10_000  # of one test


@dataclass(frozen=True, slots=True)
class Event:
    """`places`: where each field's name and value stand. What a line repeats shares its fields."""

    at: float
    type: str
    fields: MappingType[str, str | list[str]]
    span: Span
    places: MappingType[str, tuple[Span, Span]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expect:
    """`wanted` is empty for `expect: nothing`."""

    at: float
    wanted: MappingType[str, str]
    details: MappingType[str, str]
    span: Span


@dataclass(frozen=True, slots=True)
class Timeline:
    """One test, read. Times are seconds after its start, items in order; `start` is local time where the partner is."""

    name: str
    partner: MappingType[str, str]
    given: MappingType[str, Literal]
    start: str
    items: tuple[Event | Expect, ...]
    span: Span


@dataclass
class _Reader:
    rules: RuleSet
    faults: Faults
    items: list[Event | Expect] = field(default_factory=list)

    def item(self, node: Node) -> None:
        mapping = as_mapping(node, self.faults, "a line of a timeline")
        if mapping is None:
            return
        at, keys = mapping.get("at"), [k for k, _ in mapping if k.value != "at"]
        if not isinstance(at, Scalar) or len(keys) != 1:
            self.faults.error("E250", "a line has `at:` and one event or `expect:`", mapping.span, help="write `- {at: 5m, logged_in: {}}`")
            return
        key, value = mapping.entries[keys[0].value]
        moments = self.moments(at)
        item = self.expect(value, mapping.span) if key.value == "expect" else self.event(key, value)
        if item is not None:
            self.items += [replace(item, at=moment) for moment in moments]

    def moments(self, at: Scalar) -> list[float]:
        if (moment := units.duration(at.value)) is not None:
            return [moment]
        start, _, rest = at.value.partition("..")
        end, _, step = rest.partition(" every ")
        first, last, every = units.duration(start), units.duration(end), units.duration(step)
        if first is not None and last is not None and every and last >= first:
            count = int((last - first) // every) + 1
            if len(self.items) + count <= MAX_ITEMS:
                return [first + i * every for i in range(count)]
            self.faults.error("E251", f"that makes more than {MAX_ITEMS:,} moments in one test", at.span, help="repeat it less often")
            return []
        self.faults.error("E251", f"`at: {at.value}` is no time", at.span, help="write `15m`, or `1m..10m every 1m`")
        return []

    def event(self, key: Scalar, node: Node) -> Event | None:
        if key.value not in event_types():
            self.faults.error("E201", f"unknown event `{key.value}`", key.span, help=did_you_mean(key.value, (*event_types(), "expect")))
            return None
        mapping = as_mapping(node, self.faults, f"`{key.value}`")
        if mapping is None:
            return None
        fields = {k.value: _value(v) for k, v in mapping if not isinstance(v, Mapping)}
        return Event(0.0, key.value, fields, key.span, {k.value: (k.span, v.span) for k, v in mapping})

    def expect(self, node: Node, span: Span) -> Expect | None:
        if isinstance(node, Scalar) and node.value == "nothing":
            return Expect(0.0, {}, {}, span)
        if not isinstance(node, Mapping):
            self.faults.error("E252", "`expect` takes `nothing` or `{nudge: NAME}`, `{enters: SEGMENT}`, ...", node.span)
            return None
        fields = Fields(node, self.faults, (*EXPECTATIONS, *DETAILS))
        wanted = {k: fields.text(k) for k in EXPECTATIONS if node.get(k) is not None}
        for kind, name in wanted.items():
            known = self.rules.segments if kind in ("enters", "exits") else self.rules.nudges
            if name not in known:
                what = "segment" if kind in ("enters", "exits") else "nudge"
                self.faults.error("E201", f"unknown {what} `{name}`", node.entries[kind][1].span, help=did_you_mean(name, known))
        if not wanted:
            self.faults.error("E252", "this expects nothing in particular", node.span, help="write `expect: nothing`, or `{nudge: NAME}`")
        why = node.get("why")
        if isinstance(why, Scalar) and why.value not in REASONS:
            self.faults.error("E205", f"unknown reason `{why.value}`", why.span, help=did_you_mean(why.value, REASONS) or f"one of: {', '.join(REASONS)}")
        return Expect(0.0, wanted, {k: fields.text(k) for k in DETAILS if node.get(k) is not None}, span)


def _value(node: Scalar | Sequence) -> str | list[str]:
    """A field's value, or its values."""
    return node.value if isinstance(node, Scalar) else [item.value for item in node.items if isinstance(item, Scalar)]


def read_timeline(test: TimelineTest, rules: RuleSet, faults: Faults) -> Timeline:
    """Read a test; what is wrong in it is noted, with its place."""
    faults.where = f"test {test.name!r}"
    fields = Fields(test.body, faults, ("name", "partner", "given", "start", "timeline"))
    reader, listed = _Reader(rules, faults), as_sequence(fields.node("timeline"), faults, "`timeline`")
    for node in listed.items if listed else ():
        reader.item(node)
    items = sorted(reader.items, key=lambda i: (i.at, isinstance(i, Expect)))
    partner = {k.value: v.value for k, v in fields.mapping_of("partner") or () if isinstance(v, Scalar)}
    given = _given(fields.mapping_of("given"), faults)
    faults.where = ""
    return Timeline(test.name, partner, given, fields.text("start", DEFAULT_START), tuple(items), test.span)


def _given(mapping: Mapping | None, faults: Faults) -> dict[str, Literal]:
    """References by their canonical spelling, and the constants that stand for them."""
    given = {}
    for key, node in mapping or ():
        ref = parse_text(key.value, key.span, key.span.start + key.quoted, faults)
        value = parse(node, faults) if isinstance(node, Scalar) else None
        if value is not None and not isinstance(value, Literal):
            text = f"text needs quotes inside of YAML's: `'\"{value}\"'`" if isinstance(value, Name) else 'write `{"acceptance_rate(28d)": 90%}`'
            faults.error("E253", "`given` sets a reference to a value", node.span, help=text)
        elif ref is not None and value is not None:
            given[str(ref)] = value
    return given
