"""Which families each timer hangs on: an absence is concluded only from feeds that are heard of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events import FAMILIES
from rulebook.model import Happens, Nudge, Pattern, RuleSet
from rulebook.scope import Scope
from rulebook.syntax import Expr
from segments.features import ZONE_MOVED, Features
from segments.membership import reads
from training_rules.definitions import conditions_of
from training_rules.reading import steps_of
from training_rules.rules import Timer

Feeds = frozenset[str]
NONE: Feeds = frozenset()
_FAMILY = {event: f.name for f in FAMILIES.values() for event in f.types} | {ZONE_MOVED: "gps"}


class Reading:
    """What segments, patterns and nudges read, by family, whatever lies between. `watched`: what each segment reads, by its name."""

    def __init__(self, ruleset: RuleSet, features: Features, watched: dict[str, frozenset[str]]) -> None:
        self._ruleset, self._features, self._scope, self._watched = ruleset, features, Scope(ruleset), watched

    def of_timer(self, timer: Timer, definitions: Sequence[Nudge | Pattern], segments: Sequence[str]) -> Feeds:
        if timer.kind in ("queue", "waiting"):
            return NONE
        if timer.kind == "segment":
            return self._families([f"segment:{segments[timer.number]}"])
        definition = definitions[timer.number]
        if isinstance(definition, Nudge) and definition.feeds:
            return frozenset(definition.feeds)
        if timer.kind == "episode":
            assert isinstance(definition, Nudge)
            assert definition.clears is not None
            return self._families(self._read([definition.clears.when]))
        return self._families(self._of(definition))

    def _of(self, definition: Nudge | Pattern) -> set[str]:
        """The events that decide whether it fires. A wait ends at the log-out."""
        trigger = definition.trigger
        events = {*(event for event, _ in steps_of(trigger)), *getattr(trigger, "without", ())}
        if isinstance(trigger, Happens) and trigger.without and not trigger.keep_on_logout:
            events.add("logged_out")
        return events.union(*(reads([expr], self._features, scope) for expr, scope in conditions_of(definition, self._scope)))

    def _read(self, exprs: list[Expr]) -> frozenset[str]:
        return reads(exprs, self._features, self._scope)

    def _families(self, events: Iterable[str]) -> Feeds:
        found, pending, seen = set[str](), list(events), set[str]()
        while pending:
            event = pending.pop()
            if event in seen:
                continue
            seen.add(event)
            if event in self._ruleset.patterns:
                pending += self._of(self._ruleset.patterns[event])
            elif event.startswith("segment:"):
                pending += self._watched[event.removeprefix("segment:")]
            elif event in _FAMILY:
                found.add(_FAMILY[event])
        return frozenset(found)
