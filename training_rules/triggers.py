"""Triggers to Python source: the lines that each event type adds to its handler, and one function for each `holds`."""

from __future__ import annotations

from dataclasses import dataclass, field

from rulebook.codegen import Codegen
from rulebook.model import Crosses, Happens, Holds, InSequence, Nudge, Pattern, RuleSet, Step, Trigger
from rulebook.scope import Scope
from rulebook.syntax import Expr, Name, references
from segments.features import Features, Slots
from segments.membership import reads
from training_rules.rules import Timer


@dataclass
class Emitted:
    """What the triggers of one rule set add: lines by event type, functions, timers, and who watches which segment."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    holds: dict[int, frozenset[str]] = field(default_factory=dict)
    crosses: dict[int, Crosses] = field(default_factory=dict)

    def on(self, event: str, lines: list[str]) -> None:
        self.lines.setdefault(event, []).extend(lines)


class Triggers:
    def __init__(self, rules: RuleSet, features: Features, slots: Slots) -> None:
        self.rules, self.features, self.slots, self.out = rules, features, slots, Emitted()

    def emit(self, number: int, definition: Nudge | Pattern) -> None:
        trigger = definition.trigger
        match trigger:
            case Happens():
                self._happens(number, definition, trigger)
            case InSequence():
                self._sequence(number, definition, trigger)
            case Holds():
                self._holds(number, definition, trigger)
            case Crosses():
                self.out.crosses[number] = trigger

    def _key(self, definition: Nudge | Pattern) -> str:
        """The slot's definition: what must be equal for open matches to live on over a change of rules."""
        return f"{'nudge' if isinstance(definition, Nudge) else 'pattern'}:{definition.name}:{describe(definition.trigger)}"

    def _happens(self, number: int, definition: Nudge | Pattern, trigger: Happens) -> None:
        event, scope = trigger.step.event, self._scope(trigger.step)
        guard = Codegen(self.features, scope).true(trigger.step.where) if trigger.step.where is not None else ""
        args, fields, key = self.event_args(definition, scope), _fields(trigger.step.where, scope), _key_code(trigger.same, scope)
        slot = self.slots.slot(self._key(definition)) if trigger.times > 1 else -1
        if trigger.without:
            timer, waits = self._wait(number, definition, trigger)
            then = f"wait(s, {waits}, {timer}, {key}, t, now, ids, {args}, {trigger.wait!r})"
        else:
            then = f"found = matched(found, {number}, ids, {args}, {fields}, {key})"
        if trigger.in_a_row:
            lines = self._row(slot, key, guard, trigger.times, then)
        elif trigger.times > 1:
            lines = [f"ids = times(s, {slot}, {key}, t, e.event_id, {trigger.times}, {trigger.within!r})", f"if ids: {then}"]
        else:
            lines = ["ids = [e.event_id]", then]
        if guard and not trigger.in_a_row:
            lines = [f"if {guard}:", *_indent(lines)]
        self.out.on(event, _keyed(lines, trigger.same, scope))

    def _row(self, slot: int, key: str, guard: str, times: int, then: str) -> list[str]:
        """What does not count, where nothing has counted yet, is only noted: that is most events of most rows."""
        call = f"ids = in_a_row(s, {slot}, {key}, t, e.event_id, {{}}, {times})"
        if not guard:
            return [call.format(True), f"if ids: {then}"]
        if key != "''":
            return [call.format(f"bool({guard})"), f"if ids: {then}"]
        noted = [f"elif (w := v[{slot}]).__class__ is dict: {call.format(False)}", f"elif w is None or w < t: v[{slot}] = t"]
        return [f"if {guard}:", f"    {call.format(True)}", f"    if ids: {then}", *noted]

    def _wait(self, number: int, definition: Nudge | Pattern, trigger: Happens) -> tuple[int, int]:
        slot = self.slots.slot("wait:" + self._key(definition))
        timer = self.slots.timer("wait:" + self._key(definition))
        self.out.timers.append(Timer("wait", number, slot, trigger.wait))
        for event in dict.fromkeys(trigger.without):
            scope = Scope(self.rules, event)
            end = f"end_waits(s, {slot}, {timer}, {_key_code(trigger.same, scope)}, t, {trigger.wait!r})"
            self.out.on(event, _keyed([end], trigger.same, scope))
        if not trigger.keep_on_logout:
            self.out.on("logged_out", [f"end_waits(s, {slot}, {timer}, None, t, {trigger.wait!r})"])
        return timer, slot

    def _sequence(self, number: int, definition: Nudge | Pattern, trigger: InSequence) -> None:
        slot = self.slots.slot(self._key(definition))
        for event in dict.fromkeys(trigger.without):
            scope = Scope(self.rules, event)
            self.out.on(event, _keyed([f"end_sequences(s, {slot}, {_key_code(trigger.same, scope)}, t)"], trigger.same, scope))
        for event in dict.fromkeys(step.event for step in trigger.steps):
            scope, code = Scope(self.rules, event), Codegen(self.features, Scope(self.rules, event))
            lines = ["steps = ()"]
            for at, step in enumerate(trigger.steps):
                if step.event == event:
                    lines.append(f"if {code.true(step.where)}: steps += ({at},)" if step.where is not None else f"steps += ({at},)")
            key, length = _key_code(trigger.same, scope), len(trigger.steps)
            args = self.event_args(definition, scope) if event == trigger.steps[-1].event else "{}"
            call = f"sequence(s, {slot}, {key}, t, now, e.event_id, steps, {length}, {trigger.within!r}, {args})"
            lines += [f"if steps and (done := {call}): found = matched(found, {number}, *done, {{}}, {key})"]
            self.out.on(event, _keyed(lines, trigger.same, scope))

    def _holds(self, number: int, definition: Nudge | Pattern, trigger: Holds) -> None:
        scope, code = Scope(self.rules), Codegen(self.features, Scope(self.rules))
        slot, timer = self.slots.slot(self._key(definition)), self.slots.timer(self._key(definition))
        self.out.timers.append(Timer("holds", number, slot, trigger.wait))
        moments = [*code.changes(trigger.when), f"inf if m is None or m[1] else m[0] + {trigger.wait!r}"]
        anew = [f"        elif t > m[0] and t + {trigger.wait!r} > now: m = v[{slot}] = [t, False, cause]"] if trigger.without else []
        self.out.functions += [
            f"def hold_{number}(s, v, now, cause, t=-inf):  # {definition.name}",
            f"    m, first = v[{slot}], None",
            f"    if {code.true(trigger.when)}:",
            f"        if m is None: m = v[{slot}] = [now, False, cause]",
            *anew,
            f"        if not m[1] and now >= m[0] + {trigger.wait!r}: m[1], first = True, m[2]",
            f"    else: m = v[{slot}] = None",
            f"    s.dues[{timer}] = {'min(' + ', '.join(moments) + ')' if len(moments) > 1 else moments[0]}",
            "    return first",
        ]
        watched = reads([trigger.when], self.features, scope)
        self.out.holds[number] = watched
        for event in sorted({*watched, *trigger.without}):
            restart = ", t" if event in trigger.without else ""
            if not event.startswith("segment:"):
                look = f"if (first := hold_{number}(s, v, now, e.event_id{restart})) is not None: found = matched(found, {number}, [first], {{}}, {{}})"
                self.out.on(event, [look])

    def event_args(self, definition: Nudge | Pattern, scope: Scope) -> str:
        """Code for the message holes that read the event's own fields; the others are read when the nudge is decided."""
        if not isinstance(definition, Nudge):
            return "{}"
        code = Codegen(self.features, scope)
        return "{" + ", ".join(f"{hole!r}: {code.value(e)}" for hole, e in definition.args.items() if reads_event(e, scope)) + "}"

    def _scope(self, step: Step) -> Scope:
        return Scope(self.rules, step.event)


def reads_event(expr: Expr, scope: Scope) -> bool:
    return any(isinstance(r, Name) and scope.is_event_field(r) for r in references(expr))


def describe(trigger: Trigger) -> str:
    """A trigger's definition as one line of text, without places in files."""
    match trigger:
        case Happens(step, _, times, within, row, without, wait, keep, same):
            return f"happens {step.event} where {step.where} x{times} within {within} row {row} without {without} for {wait} keep {keep} same {same}"
        case InSequence(steps, within, _, without, same):
            return f"sequence {[(s.event, str(s.where)) for s in steps]} within {within} without {without} same {same}"
        case Holds(when, _, wait, without):
            return f"holds {when} for {wait} without {without}"
        case Crosses(segment, entered):
            return f"{'enters' if entered else 'exits'} {segment}"


def _fields(where: Expr | None, scope: Scope) -> str:
    """Code for the event's fields that a condition read: evidence."""
    names = [r.name for r in references(where) if isinstance(r, Name) and scope.is_event_field(r)] if where is not None else []
    return "{" + ", ".join(f"{n!r}: e.{n}" for n in dict.fromkeys(names)) + "}"


def _key_code(same: str, scope: Scope) -> str:
    return "key" if same in scope.lists else f"e.{same}" if same and same in scope.event_fields else "''"


def _keyed(lines: list[str], same: str, scope: Scope) -> list[str]:
    """An event without a value of `same` is nobody's; one with several counts for each of them."""
    if same in scope.lists:
        return [f"for key in dict.fromkeys(e.{same} or ()):", *_indent(lines)]
    if same and same in scope.event_fields and scope.event_fields[same].nullable:
        return [f"if e.{same} is not None:", *_indent(lines)]
    return lines


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
