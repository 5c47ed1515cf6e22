"""What a rule keeps of each partner at most: known from its definition, before it runs.

Most of it has a bound: eight partial matches, the newest N, 5,000 samples. What holds each event of a time – the times of a count, the events of the
last minutes, for those that come late – grows with them, until the ceiling of a state cuts it (`training_rules.ceiling`). Bytes are those of a
state in the changelog, with ids as long as the contract allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from typing import NamedTuple

from rulebook.codegen import Codegen
from rulebook.model import Crosses, Happens, Holds, InSequence, Nudge, Pattern, RuleSet
from rulebook.scope import Scope
from rulebook.syntax import Aggregate, Call, references
from rulebook.units import Unit
from segments.features import Features
from segments.long_windows import BUCKETS, MAX_EXACT
from segments.since import MAX_VALUES
from segments.slots import Slots
from segments.windows import MAX_SAMPLES
from training_rules.definitions import Placed, conditions_of, event_scope, features_of
from training_rules.patterns import LATENESS, MAX_OPEN
from training_rules.rules import Rule, Rules

NUMBER, TIME, ID, TEXT, LIST = 9, 9, 130, 66, 3
HEAD = 5 + 2 * LIST  # a slot's name, and where its lists begin
#: A pattern's event in the place of an id: its name, twenty ids, and values that decided.
TRACE = 20 * ID + 2 * ID + 16 * (TEXT + NUMBER + TEXT)
SEGMENT, HOLE = 40, 202
#: How keys begin that end with a rule's name.
SENDS = "sends:", "shadows:"


class Growth(NamedTuple):
    """So many bytes for each of these events within a time (s)."""

    each: int
    event: str
    span: float


class Bound(NamedTuple):
    """Bytes at most of what has a bound, and what grows with events."""

    most: int = 0
    grows: tuple[Growth, ...] = ()


class Kept(NamedTuple):
    """What one rule or segment keeps: by slot, what it can come to. Windows that several rules read stand with each of them."""

    name: str
    slots: dict[str, Bound]

    @property
    def most(self) -> int:
        return sum(bound.most + HEAD for bound in self.slots.values())

    @property
    def grows(self) -> list[Growth]:
        return list(dict.fromkeys(growth for bound in self.slots.values() for growth in bound.grows))


def kept(rules: Rules) -> list[Kept]:
    """Of each segment, pattern and nudge rule, in their order, and of the policy."""
    ruleset, scope = rules.ruleset, Scope(rules.ruleset)
    keys = [slot.key for slot in rules.slots]
    found = [
        Kept(f"segment {s.name}", _named(keys, {f"segment:{s.name}:": Bound(SEGMENT)}) | _windows(ruleset, features_of([], [s], scope)))
        for s in ruleset.segments.values()
    ]
    for rule in rules.rules:
        definition: Nudge | Pattern = ruleset.nudges[rule.name] if rule.nudge else ruleset.patterns[rule.name]
        kind = "nudge" if rule.nudge else "pattern"
        own = _of_trigger(definition, f"{kind}:{rule.name}:", ruleset) | (_of_nudge(definition, rule) if isinstance(definition, Nudge) else {})
        found.append(Kept(f"{kind} {rule.name}", _named(keys, own) | _windows(ruleset, _read_by(definition, scope))))
    of_policy = Kept("policy", _named(keys, _of_policy(ruleset)))
    return [*found, of_policy] if of_policy.slots else found


def _named(keys: Iterable[str], own: dict[str, Bound]) -> dict[str, Bound]:
    """Bounds by the beginnings of keys, by the keys themselves; moments of sends have a rule's whole name for a key."""
    return {key: bound for key in keys for start, bound in own.items() if key == start or (key.startswith(start) and not start.startswith(SENDS))}


def _of_trigger(definition: Nudge | Pattern, start: str, ruleset: RuleSet) -> dict[str, Bound]:
    match trigger := definition.trigger:
        case Happens():
            return _of_happens(trigger, start, _id(trigger.step.event, ruleset), _holes(definition))
        case InSequence(steps):
            ids = sum(_id(step.event, ruleset) for step in steps)
            late = tuple(Growth(TIME + TEXT + 2 * ID + _holes(definition), event, LATENESS) for event in dict.fromkeys([s.event for s in steps] + [*trigger.without]))
            found = {start: Bound(MAX_OPEN * (2 * TIME + ID + ids + 2 * LIST), late)}
            return found | {f"seconds:{steps[-1].event}:{trigger.same}": Bound(0, (Growth(TIME + 2 * ID, steps[-1].event, LATENESS),))}
        case Holds():
            return {start: Bound(TIME + ID + LIST)}
        case Crosses():
            return {}


def _of_happens(trigger: Happens, start: str, event_id: int, holes: int) -> dict[str, Bound]:
    """Entries of `times` and rows; open waits, and what ends them."""
    event, rows = trigger.step.event, MAX_OPEN if trigger.same else 1
    entry, found = TIME + event_id + LIST, dict[str, Bound]()
    if trigger.in_a_row:
        found[start] = Bound(rows * (ID + trigger.times * entry), (Growth(entry, event, LATENESS),))
        found[f"recent:{event}"] = Bound(0, (Growth(TIME, event, LATENESS),))
    elif trigger.times > 1:
        found[start] = Bound(rows * (ID + (trigger.times - 1) * ceil((trigger.within + LATENESS) / trigger.within) * entry + entry))
    if trigger.without:
        found[f"wait:{start}"] = Bound(MAX_OPEN * (TIME + ID + (trigger.times + 1) * event_id + holes + 2 * LIST))
        ends = [(name, trigger.same) for name in trigger.without] + ([] if trigger.keep_on_logout else [("logged_out", "")])
        found |= {f"ends:{name}:{same}": Bound(0, (Growth(TIME + ID + LIST, name, LATENESS),)) for name, same in ends}
    return found


def _of_nudge(nudge: Nudge, rule: Rule) -> dict[str, Bound]:
    """Moments of sends that matter, and open episodes."""
    sends = [1 + ceil(rule.remembers / rule.cooldown)] if rule.cooldown else []
    sends += [rule.max[0]] if rule.max and rule.remembers <= rule.max[1] else []
    grows = () if sends or not rule.remembers else (Growth(TIME, "send", rule.remembers),)
    kept = ("sends", "shadows") if nudge.mode == "shadow" else ("sends",)
    found = {f"{what}:{nudge.name}": Bound(TIME * min(sends, default=1), grows) for what in kept}
    return found | ({f"episodes:{nudge.name}:": Bound(MAX_OPEN * (TIME + 3 * ID + LIST))} if nudge.clears is not None else {})


def _of_policy(ruleset: RuleSet) -> dict[str, Bound]:
    """What waits, of each rule one, or one of all; and the sends that a late event may disprove."""
    nudges = [n for n in ruleset.nudges.values() if n.mode != "off"]
    waits = {n.name: 8 * TEXT + _ids(n, ruleset) + _holes(n) + _fields(n) + 2 * ID + 6 * TIME + 4 * LIST for n in nudges}
    most = sum(waits[n.name] for n in nudges if not n.about_order)
    return {"queue": Bound(max(waits.values(), default=0)), "waiting": Bound(most), "recall": Bound(MAX_OPEN * (4 * TEXT + 2 * ID + 3 * TIME + LIST))}


def _ids(nudge: Nudge, ruleset: RuleSet) -> int:
    """Of the events that make a match."""
    match nudge.trigger:
        case Happens(step, times=times):
            return times * _id(step.event, ruleset)
        case InSequence(steps):
            return sum(_id(step.event, ruleset) for step in steps)
        case _:
            return ID


def _fields(nudge: Nudge) -> int:
    """Of the event's fields that the trigger's condition read."""
    where = nudge.trigger.step.where if isinstance(nudge.trigger, Happens) else None
    return sum(2 * TEXT for _ in references(where)) if where is not None else 0


def _id(event: str, ruleset: RuleSet) -> int:
    return TRACE if event in ruleset.patterns else ID


def _holes(definition: Nudge | Pattern) -> int:
    """Values of message holes that are taken from the event."""
    return HOLE * len(definition.args) if isinstance(definition, Nudge) else 0


def _read_by(definition: Nudge | Pattern, scope: Scope) -> Iterator[Placed]:
    """All expressions of a rule."""
    yield from conditions_of(definition, scope)
    if isinstance(definition, Nudge):
        inner = event_scope(definition.trigger, scope)
        yield from ((expr, inner) for expr in definition.args.values())
        if definition.seats is not None:
            yield definition.seats, scope
        if definition.clears is not None:
            yield definition.clears.when, scope
        for module in definition.best_of:
            yield Call("completed", module, definition.span, definition.span), scope


def _windows(ruleset: RuleSet, placed: Iterable[Placed]) -> dict[str, Bound]:
    """The windows that expressions read, by the keys of their slots."""
    features = Features(ruleset, Slots())
    features.segment_slots = dict.fromkeys(ruleset.segments, 0)
    for expr, scope in placed:
        Codegen(features, scope).value(expr)
    return {key: _of_window(storage, ref, longest, ruleset) for key, storage, ref, longest in features.windows()}


def _of_window(storage: str, ref: Aggregate, longest: float, ruleset: RuleSet) -> Bound:
    value, events = _value_bytes(ref, ruleset), " | ".join(ref.events)
    assert ref.window is not None
    match storage:
        case "times":
            return Bound(LIST, (Growth(TIME, events, longest),))
        case "samples":
            return Bound((int(longest) + 1 if ref.window.kind == "last" else MAX_SAMPLES) * (TIME + value))
        case "peaks":
            return Bound(LIST, (Growth(TIME + value, events, longest),))
        case "long":
            return Bound(max(MAX_EXACT * (TIME + NUMBER), BUCKETS * 3 * NUMBER))
        case "values":
            return Bound(MAX_VALUES * (value + 1) + 2 * NUMBER)
        case "all":
            return Bound(MAX_VALUES * value + 2 * NUMBER)
        case _:
            return Bound(3 * NUMBER + value)


def _value_bytes(ref: Aggregate, ruleset: RuleSet) -> int:
    fields = [Scope(ruleset, event).event_fields.get(ref.field) for event in ref.events] if ref.field else []
    return TEXT if any(known is not None and known.unit is Unit.TEXT for known in fields) else NUMBER


def spelled(key: str) -> str:
    """What a slot is part of, in words."""
    kind, _, rest = key.removeprefix("wait:").partition(":")
    match kind:
        case "segment" | "pattern" | "nudge":
            return f"{kind} {rest.partition(':')[0]}"
        case "shadows":
            return f"trial of {rest}"
        case "sends" | "episodes":
            return f"nudge {rest.partition(':')[0]}"
        case "queue":
            return "what waits for the end of quiet hours"
        case "waiting":
            return "what waits until the partner is free"
        case "recall":
            return "sends that a late event may disprove"
        case "recent" | "ends" | "seconds":
            return f"{rest.partition(':')[0]} of the last minutes"
        case _:
            return f"window {rest}"
