"""The notation of in-file tests: a partner, what is given, and a timeline of events and expectations."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace

from events.outputs import HoldReason
from rulebook import units
from rulebook.checker import Checker, comparable
from rulebook.faults import Faults, Span, did_you_mean
from rulebook.fields import Fields, as_mapping, as_sequence
from rulebook.model import RuleSet, TimelineTest
from rulebook.names import BUILTINS, event_types, fields_of
from rulebook.parser import parse, parse_text
from rulebook.scope import Scope
from rulebook.source import Mapping, Node, Scalar, Sequence
from rulebook.syntax import Expr, Literal, Name, Reference
from rulebook.units import Unit

DEFAULT_START = "2026-03-02 10:00"
OF_NUDGES, OF_SEGMENTS = ("nudge", "shadow", "held", "cleared", "not_cleared", "recalled"), ("enters", "exits")
EXPECTATIONS = (*OF_NUDGES, *OF_SEGMENTS)
#: What more can be said of an expectation, and of which.
DETAILS = {"lang": "nudge", "says": "nudge", "why": "held"}
#: Why a nudge is held: all that `why` can be.
REASONS = tuple(map(str, HoldReason))
#: What is known of a partner who is in no event of the test: the profile, and what stands for it.
PARTNER = ("id", "lang", "tenure", "zone_demand")
MAX_ITEMS = 10_000  # of one test


@dataclass(frozen=True, slots=True)
class Event:
    """`at` is when it comes, `late` seconds after it happened; `places`: where each field's name and value stand. What a line repeats shares its fields."""

    at: float
    type: str
    fields: MappingType[str, str | list[str]]
    span: Span
    places: MappingType[str, tuple[Span, Span]] = field(default_factory=dict)
    late: float = 0.0


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
        at, keys = mapping.get("at"), [k for k, _ in mapping if k.value not in ("at", "late")]
        if not isinstance(at, Scalar) or len(keys) != 1:
            self.faults.error("E250", "a line has `at:` and one event or `expect:`", mapping.span, help="write `- {at: 5m, logged_in: {}}`")
            return
        key, value = mapping.entries[keys[0].value]
        moments = self.moments(at)
        item = self.expect(value, mapping.span) if key.value == "expect" else self.event(key, value)
        if (late := mapping.get("late")) is not None:
            item = self.delayed(item, late)
        if item is not None:
            self.items += [replace(item, at=moment) for moment in moments]

    def delayed(self, item: Event | Expect | None, late: Node) -> Event | Expect | None:
        """An event that comes late."""
        seconds = units.duration(late.value) if isinstance(late, Scalar) else None
        if seconds is None or isinstance(item, Expect):
            self.faults.error("E250", "`late` says how long after it happened an event comes", late.span, help="write `- {at: 16m, late: 90s, order_picked_up: {}}`")
            return None
        return item and replace(item, late=seconds)

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
        fields = {k.value: value for k, v in mapping if (value := self.value(k, v)) is not None}
        return Event(0.0, key.value, fields, key.span, {k.value: (k.span, v.span) for k, v in mapping})

    def value(self, key: Scalar, node: Node) -> str | list[str] | None:
        """A field's value, or its values."""
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items):
            return [item.value for item in node.items if isinstance(item, Scalar)]
        self.faults.error("E203", f"`{key.value}` takes a value, or a list of values", node.span)
        return None

    def expect(self, node: Node, span: Span) -> Expect | None:
        if isinstance(node, Scalar) and node.value == "nothing":
            return Expect(0.0, {}, {}, span)
        if not isinstance(node, Mapping):
            self.faults.error("E252", "`expect` takes `nothing` or `{nudge: NAME}`, `{enters: SEGMENT}`, ...", node.span)
            return None
        fields = Fields(node, self.faults, (*EXPECTATIONS, *DETAILS))
        wanted = {k: fields.text(k) for k in EXPECTATIONS if node.get(k) is not None}
        for kind, name in wanted.items():
            known = self.rules.segments if kind in OF_SEGMENTS else self.rules.nudges
            if name not in known:
                what = "segment" if kind in OF_SEGMENTS else "nudge"
                self.faults.error("E201", f"unknown {what} `{name}`", node.entries[kind][1].span, help=did_you_mean(name, known))
        if not wanted:
            self.faults.error("E252", "this expects nothing in particular", node.span, help="write `expect: nothing`, or `{nudge: NAME}`")
        details = {k: fields.text(k) for k in DETAILS if node.get(k) is not None}
        for detail in details:
            self.detail(detail, wanted, node)
        return Expect(0.0, wanted, details, span)

    def detail(self, detail: str, wanted: MappingType[str, str], node: Mapping) -> None:
        """It stands beside what it can be compared with; a reason is one of those that there are."""
        key, value = node.entries[detail]
        if DETAILS[detail] not in wanted:
            self.faults.error("E256", f"`{detail}` says more of `{DETAILS[detail]}`, which is not expected here", key.span,
                              help=f"only `{DETAILS[detail]}: NAME` has a `{detail}`: leave it out")  # fmt: skip
        elif detail == "why" and isinstance(value, Scalar) and value.value not in REASONS:
            self.faults.error("E205", f"unknown reason `{value.value}`", value.span, help=did_you_mean(value.value, REASONS) or f"one of: {', '.join(REASONS)}")


def read_timeline(test: TimelineTest, rules: RuleSet, faults: Faults) -> Timeline:
    """Read a test; what is wrong in it is noted, with its place."""
    faults.where = f"test {test.name!r}"
    fields = Fields(test.body, faults, ("name", "partner", "given", "start", "timeline"))
    reader, listed = _Reader(rules, faults), as_sequence(fields.node("timeline"), faults, "`timeline`")
    for node in listed.items if listed else ():
        reader.item(node)
    items = sorted(reader.items, key=lambda i: (i.at, isinstance(i, Expect)))
    partner = _partner(fields.mapping_of("partner"), faults)
    given = _given(fields.mapping_of("given"), rules, faults)
    faults.where = ""
    return Timeline(test.name, partner, given, fields.text("start", DEFAULT_START), tuple(items), test.span)


def _partner(mapping: Mapping | None, faults: Faults) -> dict[str, str]:
    """Who it is: fields of the profile, and what stands for them."""
    if mapping is None:
        return {}
    fields = Fields(mapping, faults, sorted({*PARTNER, *fields_of("profile_updated")}))
    found = {key.value: fields.text(key.value) for key, _ in mapping if key.value in fields.known}
    if isinstance(mapping.get("tenure"), Scalar):
        fields.duration("tenure")
    if isinstance(mapping.get("zone_demand"), Scalar):
        fields.choice("zone_demand", BUILTINS["zone_demand"].values, "")
    return found


def _given(mapping: Mapping | None, rules: RuleSet, faults: Faults) -> dict[str, Literal]:
    """References by their canonical spelling, and the constants that stand for them."""
    given = {}
    for key, node in mapping or ():
        ref = parse_text(key.value, key.span, key.span.start + key.quoted, faults)
        value = parse(node, faults) if isinstance(node, Scalar) else None
        if ref is None or (value is None and isinstance(node, Scalar)):
            continue
        if not isinstance(ref, Reference):
            faults.error("E253", f"`{key.value}` is no reference", key.span, help='write `{"acceptance_rate(28d)": 90%}`')
        elif (unit := Checker(faults).unit(ref, Scope(rules))) is not None and (literal := _constant(value, unit, node, faults)) is not None:
            given[str(ref)] = literal
    return given


def _constant(value: Expr | None, unit: Unit, node: Node, faults: Faults) -> Literal | None:
    """The constant that stands for a reference of this unit; None, with its fault noted, for what can't."""
    if isinstance(value, Name) and not value.scope and unit is Unit.TEXT:
        return Literal(value.name, Unit.TEXT, value.span)
    if not isinstance(value, Literal):
        faults.error("E253", "`given` sets a reference to a value", node.span, help='write `{"acceptance_rate(28d)": 90%}`; a text of several words in quotes of its own')
    elif not comparable(unit, value.unit) or (unit is Unit.MONEY and value.unit is not unit):
        faults.error("E253", f"a {unit} is given as a {value.unit}", node.span, help=_EXAMPLES.get(unit, ""))
    else:
        return value
    return None


_EXAMPLES = {
    Unit.RATIO: "write a share such as `60%`", Unit.DURATION: "write a duration such as `12d`", Unit.DISTANCE: "write a distance such as `0.5km`",
    Unit.CLOCK: "write a time of day such as `17:30`", Unit.BOOL: "write `true` or `false`", Unit.MONEY: "write an amount such as `40 INR`",
    Unit.NUMBER: "write a number",
}  # fmt: skip
