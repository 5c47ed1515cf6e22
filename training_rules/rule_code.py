"""What a nudge or a pattern has of its own: functions for its evidence, its condition, holes, seats and episodes, and the `Rule` that they make."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from rulebook.codegen import Codegen
from rulebook.hole_values import measured
from rulebook.model import Clears, Happens, InSequence, Nudge, Pattern, RuleSet
from rulebook.names import BUILTINS
from rulebook.scope import Scope
from rulebook.syntax import Call, Expr, Name, references
from segments.features import CROWDED, Features
from segments.membership import reads
from segments.slots import Slots
from training_rules.definitions import conditions_of, event_scope, family_of, still_condition
from training_rules.episodes import clear_source
from training_rules.functions import Functions
from training_rules.messages import holes_by_language, holes_of
from training_rules.rules import Clearing, Rule, Timer
from training_rules.triggers import Emitted, reads_event


class RuleCode:
    """`clearings`: slot of the open episodes of each nudge that has them, by its number, and what ends one reads."""

    def __init__(
        self, ruleset: RuleSet, definitions: Sequence[Nudge | Pattern], features: Features, slots: Slots, functions: Functions, out: Emitted
    ) -> None:
        self._ruleset, self._scope, self._definitions = ruleset, Scope(ruleset), definitions
        self._features, self._slots, self._functions, self._out = features, slots, functions, out
        self.clearings: dict[int, tuple[int, frozenset[str]]] = {}

    def write_clears(self, number: int, nudge: Nudge, clears: Clears) -> None:
        """`clear_<n>`: looks at the open episodes of a nudge."""
        key, code = f"episodes:{nudge.name}:{clears.when} within {clears.within}", Codegen(self._features, self._scope)
        slot, timer = self._slots.slot(key), self._slots.timer(key)
        self._out.timers.append(Timer("episode", number))
        self.clearings[number] = slot, reads([clears.when], self._features, self._scope)
        self._functions.lines += clear_source(number, slot, timer, code.true(clears.when), code.changes(clears.when), clears.within)
        self._functions.write_dict(f"cleared_{number}", [(clears.when, self._scope)], "fact({value}, {seen}, now)")

    def write(self, number: int, definition: Nudge | Pattern) -> None:
        """The functions of one definition."""
        self._functions.write_dict(f"evidence_{number}", conditions_of(definition, self._scope), "fact({value}, {seen}, now)")
        if not isinstance(definition, Nudge):
            return
        code = Codegen(self._features, self._scope)
        if definition.condition is not None:
            self._functions.write(f"condition_{number}(s, v, now)", [f"return {code.true(definition.condition)}"])
        for hole, expr in self._late_args(definition).items():
            self._functions.write(f"arg_{number}_{hole}(s, v, now)", [f"return {code.value(expr)}"])
        if definition.seats is not None:
            self._functions.write(f"seats_{number}(s, v, now)", [f"return {code.value(definition.seats)}"])
        if (still := still_condition(definition.trigger)) is not None:
            self._functions.write(f"still_{number}(s, v, now)", [f"return {code.true(still)}"])
        for at, module in enumerate(definition.best_of):
            done = code.true(Call("completed", module, definition.span, definition.span))
            self._functions.write(f"done_{number}_{at}(s, v, now)", [f"return {done}"])

    def _late_args(self, nudge: Nudge) -> dict[str, Expr]:
        """Message holes that are read when the nudge is decided, not when its event came."""
        scope = event_scope(nudge.trigger, self._scope)
        late: dict[str, Expr] = {hole: e for hole, e in nudge.args.items() if not reads_event(e, scope)}
        message = self._ruleset.messages.get(nudge.message)
        for hole in (holes_of(message) if message else frozenset()) - set(nudge.args):
            if hole in BUILTINS:
                late[hole] = Name(hole, nudge.span)
        return late

    def rule(self, number: int, d: Nudge | Pattern, functions: dict[str, Any]) -> Rule:
        """The rule that policy sees, over these functions."""
        evidence = functions[f"evidence_{number}"]
        if isinstance(d, Pattern):
            same = d.trigger.same if isinstance(d.trigger, Happens | InSequence) else ""
            return Rule(number, d.name, nudge=False, evidence=evidence, same=same)
        return Rule(
            number, d.name, nudge=True, evidence=evidence, version=d.version, kind=d.kind, mode=d.mode, priority=d.priority, cooldown=d.cooldown,
            max=d.max, urgent=d.urgent, about_order=d.about_order, hours=d.hours, days=d.days, rollout=d.rollout, holdout=d.holdout,
            expires=date.fromisoformat(d.expires) if d.expires else None, valid_for=d.valid_for, offer=d.offer, message=(message := self._ruleset.messages.get(d.message)),
            holes=holes_by_language(message) if message else {},
            best_of=tuple((self._ruleset.modules[m], functions[f"done_{number}_{at}"]) for at, m in enumerate(d.best_of)),
            condition=functions.get(f"condition_{number}"), measures=measured(d, self._ruleset), late_args={h: functions[f"arg_{number}_{h}"] for h in self._late_args(d)},
            seats=functions.get(f"seats_{number}"), seats_of_zone=d.seats is not None and any(isinstance(r, Name) and r.name in CROWDED for r in references(d.seats)),
            still=functions.get(f"still_{number}"), clears=self._clearing(number, d, functions),
            sends_slot=self._slots.slot(f"sends:{d.name}"), trial_slot=self._slots.slot(f"shadows:{d.name}") if d.mode == "shadow" else -1, paused=d.name in self._ruleset.paused, family=family_of(d.trigger, self._ruleset),
        )  # fmt: skip

    def _clearing(self, number: int, nudge: Nudge, functions: dict[str, Any]) -> Clearing | None:
        if nudge.clears is None:
            return None
        otherwise = next((n for n, d in enumerate(self._definitions) if isinstance(d, Nudge) and d.name == nudge.clears.otherwise), None)
        slot, _ = self.clearings[number]
        return Clearing(functions[f"clear_{number}"], functions[f"cleared_{number}"], slot, nudge.clears.within, otherwise)
