"""Reading a trigger: `happens`, `sequence`, `holds`, `enters`, `exits`."""

from __future__ import annotations

from rulebook.faults import Faults, Span
from rulebook.fields import Fields, as_mapping, as_sequence
from rulebook.model import Crosses, Happens, Holds, InSequence, Step, Trigger
from rulebook.source import Mapping, Node
from rulebook.syntax import Expr

#: Events that one match may need.
MOST_TIMES = 1000
_HAPPENS = ("happens", "where", "times", "within", "in_a_row", "without", "for", "keep_on_logout", "same")
_SEQUENCE = ("sequence", "within", "without", "same")
_HOLDS = ("holds", "for", "without")
_KINDS = {"happens": _HAPPENS, "sequence": _SEQUENCE, "holds": _HOLDS, "enters": ("enters",), "exits": ("exits",)}


def read_trigger(node: Node | None, faults: Faults, span: Span) -> Trigger | None:
    mapping = as_mapping(node, faults, "a trigger")
    if mapping is None:
        if node is None:
            faults.error("E202", "`trigger` is missing", span, help="add `trigger: {happens: ...}`")
        return None
    kinds = [k for k in _KINDS if mapping.get(k) is not None]
    if len(kinds) != 1:
        faults.error("E210", "a trigger has exactly one of happens, sequence, holds, enters, exits", mapping.span)
        return None
    fields = Fields(mapping, faults, _KINDS[kinds[0]])
    match kinds[0]:
        case "happens":
            return _happens(fields, mapping.span)
        case "sequence":
            return _sequence(fields, mapping.span)
        case "holds":
            when = fields.expression("holds", required=True)
            return None if when is None else _holds(fields, when, mapping.span)
        case kind:
            scalar = fields.scalar(kind, required=True)
            return None if scalar is None else Crosses(scalar.value, kind == "enters", scalar.span)


def _holds(fields: Fields, when: Expr, span: Span) -> Holds:
    wait, without = fields.duration("for"), fields.words("without")
    if without and not wait and fields.mapping.get("for") is None:
        fields.faults.error("E212", "`without` begins the wait anew, and there is none", span, help="add `for: 15m`")
    return Holds(when, span, wait, without, fields.place("for"))


def _happens(fields: Fields, span: Span) -> Trigger | None:
    step = _step(fields, span)
    times = fields.integer("times", 1, MOST_TIMES, 1)
    within, in_a_row = fields.duration("within"), fields.flag("in_a_row")
    without, wait = fields.words("without"), fields.duration("for")
    _require(fields, span, times=times, within=within, in_a_row=in_a_row, without=bool(without), wait=wait)
    if times == 1:
        within, in_a_row = 0.0, False  # once is within any time, and in a row
    same = fields.name("same")
    return None if step is None else Happens(step, span, times, within, in_a_row, without, wait, fields.flag("keep_on_logout"), same)


def _require(fields: Fields, span: Span, *, times: int, within: float, in_a_row: bool, without: bool, wait: float) -> None:
    faults = fields.faults
    if times > 1 and not within and not in_a_row:
        faults.error("E211", "`times` needs a span of time", span, help="add `within: 20m`, or `in_a_row: true`")
    if within and in_a_row:
        faults.error("E211", "`within` and `in_a_row` do not go together", span, help="keep one of them")
    if fields.mapping.get("times") is None and (within or in_a_row):
        faults.error("E211", "`within` and `in_a_row` need `times`", span, help="add `times: 3`")
    if without and not wait:
        faults.error("E212", "`without` needs a time to wait", span, help="add `for: 15m`")
    if wait and not without:
        faults.error("E212", "`for` after `happens` waits for the silence of something", span, help="add `without: EVENT`")
    if fields.mapping.get("keep_on_logout") is not None and not without:
        faults.error("E212", "`keep_on_logout` belongs to `without`", span)


def _step(fields: Fields, span: Span) -> Step | None:
    event = fields.scalar("happens", required=True)
    where = fields.expression("where")
    return None if event is None else Step(event.value, where, event.span)


def _sequence(fields: Fields, span: Span) -> Trigger | None:
    steps: list[Step] = []
    listed = as_sequence(fields.node("sequence", required=True), fields.faults, "`sequence`")
    for item in listed.items if listed else []:
        if not isinstance(item, Mapping):
            fields.faults.error("E213", "a step of a sequence is `{happens: EVENT}`", item.span)
        elif (step := _step(Fields(item, fields.faults, ("happens", "where")), item.span)) is not None:
            steps.append(step)
    if listed is not None and len(listed.items) < 2:
        fields.faults.error("E213", "a sequence has at least two steps", span)
    within = fields.span_of_time("within", required=True)
    without, same = fields.words("without"), fields.name("same")
    return InSequence(tuple(steps), within, span, without, same) if len(steps) >= 2 else None
