"""Triggers to Python source: the lines that each event type adds to its handler, and one function for each `holds`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rulebook.codegen import Codegen
from rulebook.model import Crosses, Happens, Holds, InSequence, Nudge, Pattern, RuleSet, Step, Trigger
from rulebook.scope import Scope
from rulebook.syntax import Expr, Name, references
from segments.features import ZONE_MOVED, Features
from segments.membership import due_source, reads
from segments.slots import Slots
from training_rules.dispatch import Block, indented
from training_rules.patterns import LATENESS
from training_rules.rules import Timer


@dataclass
class Emitted:
    """What the triggers of one rule set add: code by event type, functions, timers, and who watches which segment. `recent` are the slots that
    keep the last times of an event, `ends` and `seconds` those with the ends of waits, and of pairs, by event and what `same` compares: shared by
    all that need them. `moves`: lines for positions in another zone than the last."""

    blocks: dict[str, list[Block]] = field(default_factory=dict)
    recent: dict[str, int] = field(default_factory=dict)
    ends: dict[tuple[str, str], int] = field(default_factory=dict)
    seconds: dict[tuple[str, str], int] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    holds: dict[int, frozenset[str]] = field(default_factory=dict)
    crosses: dict[int, Crosses] = field(default_factory=dict)

    def on(self, event: str, lines: list[str], guard: Expr | None = None, *, first: bool = False) -> None:
        self.blocks.setdefault(event, []).append(Block(tuple(lines), guard, first))


class Triggers:
    def __init__(self, rules: RuleSet, features: Features, slots: Slots) -> None:
        self.rules, self.features, self.slots, self.out = rules, features, slots, Emitted()

    def reserve(self, definitions: Sequence[Nudge | Pattern]) -> None:
        """Slots that one event looks at for many rules get numbers in a row: what is read together lies together in memory."""
        found = []
        for number, definition in enumerate(definitions):
            match definition.trigger:
                case Happens(step, in_a_row=True):
                    found.append((step.event, number, self._key(definition)))
                case InSequence(steps) as trigger if self._is_pair(definition, trigger):
                    found.append((steps[1].event, number, self._key(definition)))
            if isinstance(definition.trigger, Happens) and definition.trigger.without:
                found.append((definition.trigger.without[0], number, f"wait:{self._key(definition)}"))
        for _, _, key in sorted(found):
            self.slots.slot(key)

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
        return key_of(definition)

    def _happens(self, number: int, definition: Nudge | Pattern, trigger: Happens) -> None:
        event, scope = trigger.step.event, self._scope(trigger.step)
        args, fields, key = self.event_args(definition, scope), _fields(trigger.step.where, scope), _key_code(trigger.same, scope)
        slot = self.slots.slot(self._key(definition)) if trigger.times > 1 else -1
        if trigger.without:
            then = self._wait(number, definition, trigger, f"{key}, t, now, ids, {args}, {trigger.wait!r}")
        else:
            then = f"found = matched(found, {number}, ids, {args}, {fields}, {key})"
        if trigger.in_a_row:
            self._row(event, trigger, slot, scope, then)
        elif trigger.times > 1:
            lines = [f"ids = times(s, {slot}, {key}, t, e.event_id, {trigger.times}, {trigger.within!r})", f"if ids: {then}"]
            self.out.on(event, _keyed(lines, trigger.same, scope), trigger.step.where)
        else:
            self.out.on(event, _keyed(["ids = [e.event_id]", then], trigger.same, scope), trigger.step.where)

    def _row(self, event: str, trigger: Happens, slot: int, scope: Scope, then: str) -> None:
        """What does not count ends a row; where none has begun, there is nothing to do."""
        key, where = _key_code(trigger.same, scope), trigger.step.where
        call = f"ids = in_a_row(s, {slot}, {key}, t, e.event_id, {{}}, {trigger.times}, v[{self._recent(event)}])"
        counts = [call.format(True), f"if ids: {then}"]
        if where is None:
            self.out.on(event, _keyed(counts, trigger.same, scope))
        elif key == "''":
            guard = Codegen(self.features, scope).true(where)
            self.out.on(event, counts, where)
            self.out.on(event, [f"if v[{slot}] is not None and not {guard}: {call.format(False)}"])
        else:
            guard = Codegen(self.features, scope).true(where)
            self.out.on(event, _keyed([call.format(f"bool({guard})"), f"if ids: {then}"], trigger.same, scope))

    def _recent(self, event: str) -> int:
        return self.out.recent.setdefault(event, self.slots.slot(f"recent:{event}"))

    def _ends(self, event: str, same: str) -> int:
        return self.out.ends.setdefault((event, same), self.slots.slot(f"ends:{event}:{same}"))

    def _wait(self, number: int, definition: Nudge | Pattern, trigger: Happens, what: str) -> str:
        """Code that opens a wait; what ends it is noted once for all waits, and looked at only where one is open."""
        slot, timer = self.slots.slot("wait:" + self._key(definition)), self.slots.timer("wait:" + self._key(definition))
        self.out.timers.append(Timer("wait", number, slot, trigger.wait))
        ends = [self._ends(event, trigger.same) for event in dict.fromkeys(trigger.without)]
        for event in dict.fromkeys(trigger.without):
            if event == "logged_out" and not trigger.keep_on_logout:
                continue  # that ends all of them, below
            scope = Scope(self.rules, event)
            end = f"if v[{slot}]: end_waits(s, {slot}, {timer}, {_key_code(trigger.same, scope)}, t, {trigger.wait!r})"
            self.out.on(event, _keyed([end], trigger.same, scope), first=True)
        if not trigger.keep_on_logout:
            ends.append(self._ends("logged_out", ""))
            self.out.on("logged_out", [f"if v[{slot}]: end_waits(s, {slot}, {timer}, None, t, {trigger.wait!r})"], first=True)
        return f"wait(s, {slot}, {timer}, {what}, {tuple(ends)})"

    def notes(self, event: str) -> list[str]:
        """Lines after all triggers of an event: what is remembered of it for those that come late."""
        lines = _note_time(self.out.recent[event]) if event in self.out.recent else []
        for slots, line in ((self.out.ends, "note(v, {}, [t, {}])"), (self.out.seconds, "note(v, {}, [t, {}, e.event_id])")):
            for (name, same), slot in slots.items():
                if name == event:
                    scope = Scope(self.rules, event)
                    key = _key_code(same, scope) if same or slots is self.out.seconds else None
                    lines += _keyed([line.format(slot, key)], same, scope)
        return lines

    def _sequence(self, number: int, definition: Nudge | Pattern, trigger: InSequence) -> None:
        slot = self.slots.slot(self._key(definition))
        if self._is_pair(definition, trigger):
            self._pair(number, trigger, slot)
            return
        for event in dict.fromkeys(trigger.without):
            scope = Scope(self.rules, event)
            self.out.on(event, _keyed([f"end_sequences(s, {slot}, {_key_code(trigger.same, scope)}, t)"], trigger.same, scope), first=True)
        for event in dict.fromkeys(step.event for step in trigger.steps):
            scope, code = Scope(self.rules, event), Codegen(self.features, Scope(self.rules, event))
            mine = [(at, step) for at, step in enumerate(trigger.steps) if step.event == event]
            key, length = _key_code(trigger.same, scope), len(trigger.steps)
            args = self.event_args(definition, scope) if event == trigger.steps[-1].event else "{}"
            moves = f"(done := sequence(s, {slot}, {key}, t, now, e.event_id, steps, {length}, {trigger.within!r}, {args})): found = matched(found, {number}, *done, {{}}, {key})"
            if len(mine) == 1:
                lines, guard = [f"steps = ({mine[0][0]},)", f"if {moves}"], mine[0][1].where
            else:
                steps = [f"if {code.true(step.where)}: steps += ({at},)" if step.where is not None else f"steps += ({at},)" for at, step in mine]
                lines, guard = ["steps = ()", *steps, f"if steps and {moves}"], None
            self.out.on(event, _keyed(lines, trigger.same, scope), guard)

    def _is_pair(self, definition: Nudge | Pattern, trigger: InSequence) -> bool:
        """Two different events, the second of which is taken as it is."""
        if len(trigger.steps) != 2 or trigger.without:
            return False
        first, second = trigger.steps
        plain = second.where is None and self.event_args(definition, self._scope(second)) == "{}"
        return plain and first.event != second.event

    def _pair(self, number: int, trigger: InSequence, slot: int) -> None:
        first, second = trigger.steps
        seconds = self.out.seconds.setdefault((second.event, trigger.same), self.slots.slot(f"seconds:{second.event}:{trigger.same}"))
        scope = self._scope(first)
        key = _key_code(trigger.same, scope)
        begin = f"if ids := begin_pair(s, {slot}, {key}, t, now, e.event_id, {trigger.within!r}, {seconds}): found = matched(found, {number}, ids, {{}}, {{}}, {key})"
        self.out.on(first.event, _keyed([begin], trigger.same, scope), first.where)
        scope = self._scope(second)
        key = _key_code(trigger.same, scope)
        end = f"if (ids := end_pair(v, {slot}, {key}, t, e.event_id, {trigger.within!r})): found = matched(found, {number}, ids, {{}}, {{}}, {key})"
        self.out.on(second.event, [f"if v[{slot}] and v[{slot}][0]:", *indented(_keyed([end], trigger.same, scope))])

    def _holds(self, number: int, definition: Nudge | Pattern, trigger: Holds) -> None:
        scope, code = Scope(self.rules), Codegen(self.features, Scope(self.rules))
        slot, timer = self.slots.slot(self._key(definition)), self.slots.timer(self._key(definition))
        self.out.timers.append(Timer("holds", number, slot, trigger.wait))
        moments = [*code.changes(trigger.when), f"inf if m is None or m[1] else m[0] + {trigger.wait!r}"]
        anew = [f"        elif t > m[0] and t + {trigger.wait!r} > now: m = v[{slot}] = [t, False, cause]"] if trigger.without else []
        steady, varying = code.parted(trigger.when)
        never = [f"    if not ({steady}):", f"        v[{slot}], s.dues[{timer}] = None, inf", "        return None"] if steady else []
        self.out.functions += [
            f"def hold_{number}(s, v, now, cause, t=-inf):  # {definition.name}",
            *never,
            f"    m, first = v[{slot}], None",
            f"    if {varying}:",
            f"        if m is None: m = v[{slot}] = [now, False, cause]",
            *anew,
            f"        if not m[1] and now >= m[0] + {trigger.wait!r}: m[1], first = True, m[2]",
            f"    else: m = v[{slot}] = None",
            *due_source(timer, moments),
            "    return first",
        ]
        watched = reads([trigger.when], self.features, scope)
        self.out.holds[number] = watched
        if ZONE_MOVED in watched and "position" not in {*watched, *trigger.without}:
            look = f"if {ZONE_MOVED} and (first := hold_{number}(s, v, now, e.event_id)) is not None: found = matched(found, {number}, [first], {{}}, {{}})"
            self.out.moves.append(look)
        for event in sorted({*watched, *trigger.without} - {ZONE_MOVED}):
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


def key_of(definition: Nudge | Pattern) -> str:
    """What a slot with the open matches of a rule or a pattern is called."""
    return f"{'nudge' if isinstance(definition, Nudge) else 'pattern'}:{definition.name}:{describe(definition.trigger)}"


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


def _note_time(slot: int) -> list[str]:
    """Times are forgotten several at a time: some are kept for longer than needed."""
    trim = f"    if len(w) > 8 and w[1] < t - {1.25 * LATENESS!r}: trim_times(w)"
    return [f"w = v[{slot}]", "if w and w[-1] <= t:", "    w.append(t)", trim, f"else: note_time(v, {slot}, t)"]


def _fields(where: Expr | None, scope: Scope) -> str:
    """Code for the event's fields that a condition read: evidence."""
    names = [r.name for r in references(where) if isinstance(r, Name) and scope.is_event_field(r)] if where is not None else []
    return "{" + ", ".join(f"{n!r}: e.{n}" for n in dict.fromkeys(names)) + "}"


def _key_code(same: str, scope: Scope) -> str:
    return "key" if same in scope.lists else f"e.{same}" if same and same in scope.event_fields else "''"


def _keyed(lines: list[str], same: str, scope: Scope) -> list[str]:
    """An event without a value of `same` is nobody's; one with several counts for each of them."""
    if same in scope.lists:
        return [f"for key in dict.fromkeys(e.{same} or ()):", *indented(lines)]
    if same and same in scope.event_fields and scope.event_fields[same].nullable:
        return [f"if e.{same} is not None:", *indented(lines)]
    return lines
