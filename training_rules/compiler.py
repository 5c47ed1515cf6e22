"""A rule set to one fused Python function per event type, over numbered slots: nothing interprets a rule while events flow."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import CodeType
from typing import Any

from events import FAMILIES
from events.structs import BROADCAST_STRUCTS, STRUCTS, Outdated
from rulebook.model import Nudge, Pattern, RuleSet, Segment
from rulebook.scope import Scope
from rulebook.syntax import Expr, Literal
from segments import clock, crowd, facts, long_windows, since, windows
from segments.features import FIGURES, ZONE_MOVED, Features
from segments.membership import exit_condition, is_in, moved_at, reads, seen_source, segment_source
from segments.slots import Slots
from segments.warming import identity
from training_rules import found, pairs, patterns, recall
from training_rules.cohorts import thresholds
from training_rules.definitions import features_of
from training_rules.dispatch import Block, Dispatch
from training_rules.feeds import Reading
from training_rules.functions import Functions
from training_rules.messages import prepare_words
from training_rules.rule_code import RuleCode
from training_rules.rules import CohortCode, EngineOptions, Queue, Rule, Rules, SegmentCode, Timer, Wrap
from training_rules.triggers import Triggers
from training_rules.waiting import FREEING, Waiting, freed

_ANNOUNCED = BROADCAST_STRUCTS | {"outdated": Outdated}


def compile_rules(ruleset: RuleSet, options: EngineOptions | None = None) -> Rules:
    """Compile a linked rule set. Rules with `mode: off` are left out."""
    return _Compiler(ruleset, options or EngineOptions()).run()


class _Compiler:
    def __init__(self, ruleset: RuleSet, options: EngineOptions) -> None:
        self.ruleset, self.options, self.scope = ruleset, options, Scope(ruleset)
        self.slots = Slots()
        self.features = Features(ruleset, self.slots, {k: v for k, v in options.given.items() if isinstance(v, Literal)}, options.begun)
        self.segments = list(ruleset.segments.values())
        self.definitions: list[Nudge | Pattern] = [*ruleset.patterns.values(), *(n for n in ruleset.nudges.values() if n.mode != "off")]
        self.triggers = Triggers(ruleset, self.features, self.slots)
        self.functions = Functions(self.features)
        self.coded = RuleCode(ruleset, self.definitions, self.features, self.slots, self.functions, self.triggers.out)
        self.queue: Queue | None = None
        self.waiting: tuple[int, int] | None = None  # slot and timer
        self.recall: recall.Recall | None = None
        self.looks: dict[str, int] = {}

    def run(self) -> Rules:
        timers = self._segments()
        for message in self.ruleset.messages.values():
            prepare_words(message)
        self.triggers.reserve(self.definitions)
        for number, definition in enumerate(self.definitions):
            self.triggers.emit(number, definition)
            if isinstance(definition, Nudge) and definition.clears is not None:
                self.coded.write_clears(number, definition, definition.clears)
        if self.ruleset.policy.during_quiet == "queue_latest":
            self.queue = Queue(self.slots.slot("queue"), self.slots.timer("queue"))
            self.triggers.out.timers.append(Timer("queue", -1))
        if self.ruleset.policy.never_while:
            self.waiting = self.slots.slot("waiting"), self.slots.timer("waiting")
            self.triggers.out.timers.append(Timer("waiting", -1))
        self.recall = recall.recall_of(self.definitions, self.slots, self._lateness(), self.options.allowed_lateness, None if self.queue is None else self.queue.slot)
        self.functions.lines += self.triggers.out.functions
        for number in range(len(self.segments)):
            self._moved(number)
        for number, definition in enumerate(self.definitions):
            self.coded.write(number, definition)
        self.functions.write_dict("read_features", features_of(self.definitions, self.segments, self.scope), "{value}")
        self._first_looks()
        self._cohort_functions()
        for event in (*STRUCTS, *self._figures, *self.ruleset.patterns):
            self._handler(event)
        code = compile("\n".join(self.functions.lines), f"<rules {self.ruleset.version}>", "exec")

        def made(wrap: Wrap) -> Rules:
            wrap(functions := _execute(code, self._namespace()))
            return replace(self._assemble(timers, functions), remake=made)

        return made(lambda _: None)

    # -- segments

    def _segments(self) -> list[Timer]:
        for segment in self.segments:
            self.features.segment_slots[segment.name] = self.slots.slot(_segment_key(segment))
        for number, segment in enumerate(self.segments):
            timer = self.slots.timer(_segment_key(segment))
            self.functions.lines += segment_source(segment, number, timer, self.features, self.ruleset)
            self.functions.write_dict(f"facts_{number}", [(e, self.scope) for e in _edges(segment)], "fact({value}, {seen}, now)")
        return [Timer("segment", number) for number in range(len(self.segments))]

    @cached_property
    def _watched(self) -> list[frozenset[str]]:
        """What each segment reads."""
        return [reads(_edges(s), self.features, self.scope) for s in self.segments]

    def _moved(self, number: int) -> None:
        """What looks again when the partner moves in or out of segment k: `moved_<k>` the segments, `after_<k>` all else: holds, episodes, enters/exits."""
        name, out, slot = self.segments[number].name, self.triggers.out, self.features.segment_slots[self.segments[number].name]
        body = [f"if seg_{i}(s, v, now): found.moves.append({i})" for i, watched in enumerate(self._watched) if f"segment:{name}" in watched]
        self.functions.write(f"moved_{number}(s, v, now, found, cause)", body or ["return"])
        holds = [h for h, watched in out.holds.items() if f"segment:{name}" in watched]
        body = [f"if (first := hold_{h}(s, v, now, cause)) is not None: matched(found, {h}, [first], {{}}, {{}})" for h in holds]
        body += [_look(n, slot) for n, (slot, watched) in self.coded.clearings.items() if f"segment:{name}" in watched]
        for rule, crosses in out.crosses.items():
            if crosses.segment == name:
                body.append(f"if is_in(v[{slot}]) is {crosses.entered}: matched(found, {rule}, [cause], {{}}, {{}})")
        self.functions.write(f"after_{number}(s, v, now, found, cause)", body or ["return"])

    # -- handlers

    def _handler(self, event: str) -> None:
        """`on_<event>(s, e, t, now)`: facts ▸ windows ▸ segments to a fix point ▸ triggers."""
        body, updates = self._facts(event), self.features.updates(event)
        body += [line for lines in updates for line in lines]
        refreshed = [i for i, events in enumerate(self._fresh) if event in events]
        for i in refreshed:
            body += seen_source(self.segments[i], self.features)
        looking = ((i, "" if i in refreshed else _where_moved(event, watched)) for i, watched in enumerate(self._watched))
        watching = {i: guard for i, guard in looking if guard is not None}
        clearing = [_look(n, slot, guard) for n, (slot, watched) in self.coded.clearings.items() if (guard := _where_moved(event, watched)) is not None]
        blocks = self.triggers.out.blocks.get(event, [])
        self.looks[event] = len(updates) + len(watching) + len(clearing) + len(blocks)
        acts = [*clearing, *self._triggers(event, blocks), *(self.triggers.out.moves if event == "position" else ()), *self.triggers.notes(event)]
        if watching or acts:
            body += [*self._segment_looks(event, watching), *acts, "if s.unseen: found = hold_all(s, v, now, found, e.event_id)"]
        else:
            body += ["if s.unseen: found = first_event(s, v, now, e.event_id)"]
        body += recall.source(self.recall, event) if self.recall is not None else []
        if self.waiting is not None and event in FREEING[self.ruleset.policy.never_while]:
            body += [f"if v[{self.waiting[0]}] is not None: found = freed(s, now, found, WAITING)"]
        body += ["return found"]
        self.functions.write(f"on_{event}(s, e, t, now)", ["v, found = s.slots, None", *body])

    def _facts(self, event: str) -> list[str]:
        """What an event states, and what it adds to what partners make together, where that is asked for."""
        lines = facts.WRITTEN_OUT.get(event, (f"apply_{event}(s, e, t)",) if event in facts.APPLY else ())
        if not self.features.counts:
            return list(lines)
        return [*crowd.WRITTEN_OUT.get(event, lines), *crowd.COUNTED.get(event, ())]

    def _cohort_functions(self) -> None:
        """`cohort_<n>(s, v, now)`: what a cohort ranks, and what puts the partner into it."""
        for number, ref in enumerate(self.features.cohorts.values()):
            metric, group = self.features.cohort_parts(ref)
            self.functions.write(f"cohort_{number}(s, v, now)", [f"return {metric.code}, {group.code}"])

    @property
    def _figures(self) -> tuple[str, ...]:
        """The events of others than the partner that change what the rules read."""
        return FIGURES if self.features.counts else ()

    def _triggers(self, event: str, blocks: Sequence[Block]) -> list[str]:
        """The triggers that the event reaches; matches come in the order of the rules, whatever order their code has."""
        dispatch = Dispatch(self.features, Scope(self.ruleset, event))
        ends = [line for block in blocks if block.first for line in block.lines]
        lines = dispatch.source(block for block in blocks if not block.first)
        if not dispatch.shares:
            return [*ends, *lines]
        return [*ends, "before = 0 if found is None else len(found.matches)", *lines, "if found is not None and len(found.matches) > before + 1: in_order(found, before)"]

    def _segment_looks(self, event: str, watching: Mapping[int, str]) -> list[str]:
        """Segments that read the event look; at a partner's first event all of them do."""
        if not self.segments:
            return []
        looks = [f"    if {guard}seg_{i}(s, v, now): found = moved(found, {i})" for i, guard in watching.items()]
        rest = ["else:", *looks] if looks else []
        return ["if s.unseen: found = look_at_all(s, v, now)", *rest, "if found is not None: settle(s, v, now, found, e.event_id, MOVED)"]

    def _first_looks(self) -> None:
        """What a partner's first event makes look, whatever it reads: every segment, then every `holds`."""
        looks = [f"if seg_{i}(s, v, now): found = moved(found, {i})" for i in range(len(self.segments))]
        self.functions.write("look_at_all(s, v, now)", ["found = None", *looks, "return found"])
        holds = [f"if (first := hold_{h}(s, v, now, cause)) is not None: found = matched(found, {h}, [first], {{}}, {{}})" for h in self.triggers.out.holds]
        self.functions.write("hold_all(s, v, now, found, cause)", ["s.unseen = False", *holds, "s.next_due = min(s.dues, default=inf)", "return found"])
        settled = "if (found := look_at_all(s, v, now)) is not None: settle(s, v, now, found, cause, MOVED)"
        self.functions.write("first_event(s, v, now, cause)", [settled, "return hold_all(s, v, now, found, cause)"])

    @cached_property
    def _fresh(self) -> list[set[str]]:
        """The events after which a segment with `stale_after` is fresh: those it reads, by way of other segments too. None for one without."""
        watched = {f"segment:{s.name}": _of_partner(events) for s, events in zip(self.segments, self._watched, strict=True)}
        return [_reached(f"segment:{s.name}", watched) if s.stale_after is not None else set() for s in self.segments]

    # -- the whole

    def _namespace(self) -> dict[str, Any]:
        space: dict[str, Any] = {"inf": math.inf, "is_in": is_in, "moved_at": moved_at, "le": operator.le, "ge": operator.ge}
        for module in (windows, long_windows, since, clock, facts, crowd, patterns, pairs, found):
            space |= {name: f for name, f in vars(module).items() if callable(f)}
        space |= {f"apply_{event}": apply for event, apply in facts.APPLY.items()}
        return space | {f"P_{name}": places for name, places in self.features.places.items()}

    def _assemble(self, timers: list[Timer], functions: dict[str, Any]) -> Rules:
        rules, asked = tuple(self.coded.rule(number, d, functions) for number, d in enumerate(self.definitions)), thresholds(self.ruleset)
        functions["MOVED"] = tuple((functions[f"moved_{i}"], functions[f"after_{i}"]) for i in range(len(self.segments)))
        functions |= {"freed": freed, "disproved": recall.disproved, "shown": recall.shown, "RECALL": self.recall}
        functions["WAITING"] = waits = self._waiting(rules)
        emitted, structs = self.triggers.out, STRUCTS | {name: _ANNOUNCED[name] for name in self._figures}
        return Rules(
            ruleset=self.ruleset, options=self.options, version=self.ruleset.version, rules=rules, moved=functions["MOVED"],
            handlers={structs[e]: functions[f"on_{e}"] for e in structs},
            pattern_handlers={p: functions[f"on_{p}"] for p in self.ruleset.patterns}, lateness=self._lateness(),
            looks={structs[e]: self.looks[e] for e in structs},
            deduped=frozenset(
                structs[e] for e in STRUCTS
                if emitted.blocks.get(e) or self.features.updates(e) or e in FAMILIES["session"].types or (self.features.counts and e in crowd.COUNTED)
            ),
            segments=tuple(
                SegmentCode(s.name, functions[f"seg_{i}"], self.features.segment_slots[s.name], functions[f"facts_{i}"])
                for i, s in enumerate(self.segments)
            ),
            timers=(*timers, *emitted.timers), slots=tuple(self.slots.slots),
            slot_ids=tuple(identity(s.key) for s in self.slots.slots), timer_ids=tuple(identity(t) for t in self.slots.timers),
            holds={h: functions[f"hold_{h}"] for h in emitted.holds}, queue=self.queue, waiting=waits, recall=self.recall, read_features=functions["read_features"], first_look=functions["first_event"],
            windows={identity(key): longest for key, storage, _, longest in self.features.windows() if storage == "times"}, source="\n".join(self.functions.lines),
            counts=self.features.counts, feeds=self._feeds((*timers, *emitted.timers)), cohorts={name: CohortCode(functions[f"cohort_{n}"], asked.get(name)) for n, name in enumerate(self.features.cohorts)},
        )  # fmt: skip

    def _feeds(self, timers: Sequence[Timer]) -> tuple[frozenset[str], ...]:
        names = [s.name for s in self.segments]
        reading = Reading(self.ruleset, self.features, dict(zip(names, self._watched, strict=True)))
        return tuple(reading.of_timer(timer, self.definitions, names) for timer in timers)

    def _waiting(self, rules: Sequence[Rule]) -> Waiting | None:
        if self.waiting is None:
            return None
        return Waiting(*self.waiting, self.ruleset.policy.never_while, {(r.name, r.version): r.number for r in rules if r.nudge})

    def _lateness(self) -> dict[type, float]:
        by, default = self.options.lateness_by_family, self.options.allowed_lateness
        late = {STRUCTS[e]: by.get(family.name, default) for family in FAMILIES.values() for e in family.types}
        return late | {_ANNOUNCED[e]: math.inf for e in self._figures}


def _edges(segment: Segment) -> list[Expr]:
    assert segment.enter.when is not None
    return [segment.enter.when, exit_condition(segment)]


def _segment_key(segment: Segment) -> str:
    return f"segment:{segment.name}:{segment.enter.when} for {segment.enter.hold}:{segment.exit.when} for {segment.exit.hold} stale {segment.stale_after}"


def _reached(start: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Everything that can be reached from `start`."""
    found, pending = set[str](), [start]
    while pending:
        fresh = set(edges.get(pending.pop(), ())) - found
        found |= fresh
        pending += fresh
    return found


def _where_moved(event: str, watched: frozenset[str]) -> str | None:
    """The guard of a look at an event: empty where the event is read, None where it is not. Of what only another zone changes, most positions tell nothing."""
    if event in watched:
        return ""
    return f"{ZONE_MOVED} and " if event == "position" and ZONE_MOVED in watched else None


def _of_partner(events: Iterable[str]) -> set[str]:
    """The partner's own events among those that are read: figures of zones make nobody's data fresh."""
    return {"position" if event == ZONE_MOVED else event for event in events} - set(FIGURES)


def _look(number: int, slot: int, guard: str = "") -> str:
    """Code that looks at the open episodes of a nudge, if it has any."""
    return f"if {guard}v[{slot}] and (done := clear_{number}(s, v, now)): found = closed(found, {number}, done)"


def _execute(code: CodeType, namespace: dict[str, Any]) -> dict[str, Any]:
    exec(code, namespace)  # noqa: S102 - generated from checked trees: names are words, values are repr()
    return namespace
