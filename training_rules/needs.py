"""What rules need to see of a partner: which events, which of their fields, and which of the profile. A recorded test keeps that, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from events.structs import STRUCTS
from rulebook.checks.context import of_trigger
from rulebook.currency import has_currency
from rulebook.model import Happens, InSequence, Nudge, Pattern, RuleSet
from rulebook.names import BUILTINS
from rulebook.scope import Scope, expand, ratio_parts
from rulebook.syntax import Aggregate, Call, CohortPct, Comparison, Expr, MetricCall, Name, Reference, references
from segments.features import Features
from segments.slots import Slots
from training_rules.messages import holes_of
from training_rules.reading import patterns_read, segments_read, steps_of

_SESSION, _ORDERS = ("logged_in", "logged_out"), ("order_accepted", "order_delivered", "order_cancelled")
_PROFILE = {"tenure": "joined_on", "home_zone": "zone"}
_OF_PLACES = ("distance_to", "nearest", "inside")
Placed = tuple[Expr, Scope]


@dataclass
class Needs:
    """`events` that are read; of each event the `fields` that are; `places`, `speed` and `zone`: whether those of a position are; `profile`: fields of it;
    `aside`: events that no rule reads, and delivery only to see whether the partner is busy."""

    events: set[str] = field(default_factory=set)
    fields: dict[str, set[str]] = field(default_factory=dict)
    places: bool = False
    speed: bool = False
    zone: bool = False
    profile: set[str] = field(default_factory=set)
    aside: set[str] = field(default_factory=set)

    def keeps(self, event: str, name: str) -> bool:
        """Whether a field of an event has to be told."""
        if event == "position" and name in ("speed", "zone"):
            return self.speed if name == "speed" else self.zone
        if event == "logged_in" and name == "zone":
            return self.zone
        if event == "profile_updated":
            return name in self.profile
        return name in self.fields.get(event, ()) or (event, name) == ("opted_out", "rule")


def needs(rules: RuleSet, names: Sequence[str] = ()) -> Needs:
    """Of the nudges called `names`, with all that they depend on; without any of all nudges, segments and patterns."""
    found = Needs(profile={"language", "time_zone", "consent"})
    nudges = [rules.nudges[name] for name in names] or list(rules.nudges.values())
    patterns = list(dict.fromkeys(p for nudge in nudges for p in patterns_read(nudge.trigger, rules)) if names else rules.patterns)
    segments = list(dict.fromkeys(s for nudge in nudges for s in segments_read(nudge, rules)) if names else rules.segments)
    definitions: list[Nudge | Pattern] = [*nudges, *(rules.patterns[name] for name in patterns)]
    for definition in definitions:
        _trigger(definition, rules, found)
    placed = [p for nudge in nudges for p in _of_nudge(nudge, rules)] + [p for name in patterns for p in of_trigger(rules.patterns[name].trigger, Scope(rules))]
    placed += [(edge.when, Scope(rules)) for name in segments for edge in (rules.segments[name].enter, rules.segments[name].exit) if edge.when is not None]
    _Reader(rules, found).all(placed)
    _always(rules, found)
    return found


def _always(rules: RuleSet, found: Needs) -> None:
    """What delivery asks, whatever the rule: sessions end waits; opt-outs; and what a partner is busy with."""
    found.events = {*found.events, *_SESSION, "opted_out"} & set(STRUCTS)
    busy = {"riding": {*_ORDERS, "position"}, "on_order": {*_ORDERS}}.get(rules.policy.never_while, set())
    found.aside = busy - found.events
    found.events |= busy
    found.speed |= "position" in busy


def _trigger(definition: Nudge | Pattern, rules: RuleSet, found: Needs) -> None:
    trigger = definition.trigger
    without: tuple[str, ...] = getattr(trigger, "without", ())
    events = {*(event for event, _ in steps_of(trigger)), *without}
    found.events |= events
    same = trigger.same if isinstance(trigger, Happens | InSequence) else ""
    for event in events if same else ():
        found.fields.setdefault(event, set()).add(same)


def _of_nudge(nudge: Nudge, rules: RuleSet) -> Iterator[Placed]:
    scope = Scope(rules)
    yield from of_trigger(nudge.trigger, scope)
    for expr in (nudge.condition, nudge.seats, nudge.clears.when if nudge.clears is not None else None):
        if expr is not None:
            yield expr, scope
    steps = steps_of(nudge.trigger)
    inside = scope.within(steps[-1][0]) if steps else scope
    yield from ((expr, inside) for expr in nudge.args.values())
    span = nudge.span
    yield from ((Call("completed", module, span, span), scope) for module in nudge.best_of)
    message = rules.messages.get(nudge.message)
    yield from ((Name(hole, span), scope) for hole in (holes_of(message) if message else ()) if hole in BUILTINS and hole not in nudge.args)


class _Reader:
    """Notes what expressions read."""

    def __init__(self, rules: RuleSet, found: Needs) -> None:
        self._found, self._features = found, Features(rules, Slots())

    def all(self, placed: Iterable[Placed]) -> None:
        for expr, scope in placed:
            for ref in references(expr):
                self._ref(ref, scope)

    def _ref(self, ref: Reference, scope: Scope) -> None:
        longer = expand(ref, scope)
        match longer or ref:
            case Comparison(left=Aggregate() as aggregate) | (Aggregate() as aggregate):
                self._aggregate(aggregate, scope)
            case MetricCall() as ratio:
                for part in ratio_parts(ratio, scope)[:2]:
                    self._aggregate(part, scope)
            case CohortPct(metric):
                self._ref(metric, scope)
            case Name(name) if scope.is_event_field(ref):  # type: ignore[arg-type]
                self._field(scope, name)
            case Name(name, _, "segment"):
                return
            case _:
                self._fact(ref, scope)

    def _aggregate(self, ref: Aggregate, scope: Scope) -> None:
        self._found.events |= self._features.reads(ref, scope)
        for event in ref.events:
            inner = scope.within(event)
            if ref.field:
                self._field(inner, ref.field)
            self.all([(ref.where, inner)] if ref.where is not None else [])

    def _field(self, scope: Scope, name: str) -> None:
        mine = self._found.fields.setdefault(scope.event, set())
        mine.add(name)
        if has_currency(scope, name):
            mine.add("currency")

    def _fact(self, ref: Reference, scope: Scope) -> None:
        self._found.events |= self._features.reads(ref, scope)
        name = ref.name if isinstance(ref, Name) else ref.function if isinstance(ref, Call) else ""
        self._found.places |= name in _OF_PLACES
        self._found.speed |= name in ("speed", "riding")
        self._found.zone |= name == "zone"
        self._found.profile.add(_PROFILE.get(name, name))
