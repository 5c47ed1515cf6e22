"""Features to numbered slots: each distinct aggregate is stored once, whoever uses it; references become code that reads the slots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from rulebook.codegen import Codegen, Value
from rulebook.model import RuleSet
from rulebook.scope import Scope, expand, ratio_parts
from rulebook.syntax import Aggregate, Call, CohortPct, Literal, MetricCall, Name, Reference, Window, references
from segments import facts
from segments.geo import Place
from segments.slots import Slots
from segments.storage import DAY, Update, feed_source, read_value, shared, storage_of
from segments.warming import Begun, full, identity

_FIX, _SESSION, _PROFILE = ("position",), ("logged_in", "logged_out"), ("profile_updated",)
_TO_ORDERS = ("order_accepted", "order_delivered", "order_cancelled")
#: What can change whose zone's demand concerns a partner, and that demand. ZONE_MOVED is a position in another zone than the last.
ZONE_MOVED, FIGURES = "zone_moved", ("zone_figures", "cohort_figures", "outdated")
_DEMAND = (ZONE_MOVED, *_SESSION, *_PROFILE, "zone_figures", "outdated")
_MOVES = f"goes_stale(s.zone_at, now, {facts.FIX_FRESH!r}) if s.online else inf"

#: Plain facts: how they are read, which events change them, and when they change by time alone.
_FACTS: dict[str, tuple[Value, tuple[str, ...]]] = {
    "tenure": (Value("tenure(s, now)", True, against=("reaches(tenure(s, now), now, {0})",), seen="s.profile_at"), _PROFILE),
    "online": (Value("s.online", True, seen="s.session_at"), _SESSION),
    "on_order": (Value("bool(s.orders)", False, seen="order_at(s)"), _TO_ORDERS),
    "riding": (Value("riding(s, now)", False, (f"goes_stale(s.fix_at, now, {facts.SPEED_FRESH!r})",), seen="newest(s.fix_at, order_at(s))"), (*_TO_ORDERS, *_FIX)),
    "speed": (Value("speed(s, now)", True, (f"goes_stale(s.fix_at, now, {facts.FIX_FRESH!r})",), seen="s.fix_at"), _FIX),
    "zone": (Value("zone(s, now)", True, (f"goes_stale(s.zone_at, now, {facts.FIX_FRESH!r})",), seen="s.zone_at"), (*_FIX, "logged_in")),
    "home_zone": (Value("s.profile.get('zone')", True, seen="s.profile_at"), _PROFILE),
    "online_today": (Value("online_today(s, now)", False, (DAY,), ("reaches(online_today(s, now) if s.online else None, now, {0})", DAY), seen="s.session_at"), _SESSION),
    "zone_demand": (Value("zone_demand(s, now)", True, (_MOVES,), seen="zone_seen(s, now)", outside=True), _DEMAND),
    "zone_gap": (Value("zone_gap(s, now)", True, (_MOVES,), seen="zone_seen(s, now)", outside=True), _DEMAND),
}
#: Names that events of others than the partner fill.
CROWDED = ("zone_demand", "zone_gap")


class Features:
    """Resolves references of one rule set to code over slots. `given` (canonical text to value) replaces a reference: tests say so; `begun` says
    which windows are not full yet."""

    def __init__(self, rules: RuleSet, slots: Slots, given: dict[str, Literal] | None = None, begun: Begun | None = None) -> None:
        self.rules, self.slots, self.given, self._begun = rules, slots, given or {}, begun or Begun()
        self._updates: dict[str, list[Update]] = {}
        self.places: dict[str, tuple[Place, ...]] = {name: tuple(Place(p) for p in places.places) for name, places in rules.places.items()}
        self._stored: dict[str, int] = {}
        self._complete: dict[int, float] = {}
        self._longest: dict[int, float] = {}
        self.segment_slots: dict[str, int] = {}
        self.cohorts: dict[str, CohortPct] = {}
        self.counts = False  # whether anything reads what partners make together

    def reads(self, ref: Reference, scope: Scope) -> frozenset[str]:
        """Event types (and `segment:NAME`) whose arrival can change a reference."""
        match ref:
            case _ if str(ref) in self.given:
                return frozenset()
            case Name(name, _, "segment"):
                return frozenset({f"segment:{name}"})
            case Name(name):
                return frozenset(_FACTS[name][1] if name in _FACTS else _PROFILE)
            case Aggregate(_, events, _, _, window):
                return frozenset({*events, *(("logged_in",) if window and window.kind == "session" else ())})
            case MetricCall(_, Window("last")):
                return self.reads(ratio_parts(ref, scope)[1], scope)
            case MetricCall():
                of, to, _ = ratio_parts(ref, scope)
                return self.reads(of, scope) | self.reads(to, scope)
            case Call("distance_to" | "nearest" | "inside"):
                return frozenset(_FIX)
            case CohortPct():
                return self._cohort_reads(ref)
            case _:
                return frozenset()

    def _cohort_reads(self, ref: CohortPct) -> frozenset[str]:
        scope = Scope(self.rules)
        group = {ZONE_MOVED, "logged_in"} if ref.by == "zone" else self.reads(Name(ref.by, ref.span), scope)
        return frozenset(self.reads(_metric(ref, scope), scope) | group | {"cohort_figures", "outdated"})

    def value(self, ref: Reference, scope: Scope) -> Value:
        if (given := self.given.get(str(ref))) is not None:
            return Value(repr(given.value), nullable=False)
        match ref:
            case Name(name, _, "segment"):
                return Value(f"is_in(v[{self.segment_slots[name]}])", nullable=False, seen=f"moved_at(v[{self.segment_slots[name]}])")
            case Name(name) if scope.is_event_field(ref):
                return Value(f"e.{name}", scope.event_fields[name].nullable)
            case Name(name):
                self.counts |= name in CROWDED
                return _FACTS[name][0] if name in _FACTS else Value(f"s.profile.get({name!r})", nullable=True, seen="s.profile_at")
            case Aggregate():
                return self._aggregate(ref, scope)
            case MetricCall():
                return self._share(ref, scope) if ref.window.kind == "last" else self._ratio(ref, scope)
            case CohortPct():
                return self._cohort(ref)
            case Call("local_time"):
                changes = (DAY, "clock_jump(s, now)")
                return Value("time_of_day(s, now)", nullable=False, changes=changes, against=("turns_at(s, now, {0})", *changes), seen="now")
            case Call(function, argument):
                stale = f"goes_stale(s.fix_at, now, {facts.FIX_FRESH!r})"
                return Value(f"{function}(s, now, P_{argument})", nullable=True, changes=(stale,), seen="s.fix_at")

    def seen(self, ref: Reference, scope: Scope) -> str:
        """Code for the time of the newest datum in a reference; empty where it has none."""
        if str(ref) in self.given:
            return ""
        longer = expand(ref, scope)
        return self.value(ref, scope).seen if longer is None else self.seen(references(longer)[0], scope)

    def cohort_parts(self, ref: CohortPct) -> tuple[Value, Value]:
        """How the metric of a cohort is read, and what puts a partner into it."""
        scope = Scope(self.rules)
        return self.value(_metric(ref, scope), scope), self.value(Name(ref.by, ref.span), scope)

    def _cohort(self, ref: CohortPct) -> Value:
        self.counts, name = True, str(ref)
        self.cohorts[name] = ref
        metric, group = self.cohort_parts(ref)
        changes = tuple(dict.fromkeys((*metric.changes, *group.changes)))
        return Value(f"cohort_pct(s, {name!r}, {metric.code}, {group.code})", True, changes, seen=f"cohort_seen(s, {name!r}, {group.code})", outside=True)

    def _ratio(self, ref: MetricCall, scope: Scope) -> Value:
        of, to, samples = ratio_parts(ref, scope)
        parts = [self._plain(of, scope), self._plain(to, scope)]
        changes, against = tuple(dict.fromkeys(c for p in parts for c in p.changes)), tuple[str, ...]()
        if changes and parts[1].nth and samples > 0:  # with fewer than it needs it is unknown, until an event comes
            enough = f"{parts[1].nth.format(int(samples))} + {parts[1].span!r} > now"
            changes = (f"(min({', '.join(changes)}) if {enough} else inf)",)
            counted = [f"v[{self._store(count, 'times', scope)}]" for count in (of, to)]
            against = (f"ratio_turns({', '.join(counted)}, {parts[1].span!r}, {int(samples)}, {{0}}, {set(of.events) <= set(to.events)}, now)",)
        code = f"ratio({parts[0].code}, {parts[1].code}, {samples})"
        found = Value(code, nullable=True, changes=changes, against=against, seen=f"newest({parts[0].seen}, {parts[1].seen})")
        return self._warming(self._warming(found, of, scope), to, scope)

    def _share(self, ref: MetricCall, scope: Scope) -> Value:
        """A ratio over `last N`: of the newest N events of `to`, those that are `of`."""
        of, to, samples = ratio_parts(ref, scope)
        number = self._feed_from(f"share:{of.events} of {to}", to, "samples", lambda event: str(int(event in of.events)))
        found = Value(f"share(v[{number}], {samples})", nullable=True, seen=f"newest_sample(v[{number}])")
        return self._when_full(found, ref.window, number)

    def _aggregate(self, ref: Aggregate, scope: Scope) -> Value:
        return self._warming(self._plain(ref, scope), ref, scope)

    def _plain(self, ref: Aggregate, scope: Scope) -> Value:
        """As if the window had always been there."""
        assert ref.window is not None
        storage = storage_of(ref.function, ref.window)
        return read_value(ref, storage, f"v[{self._store(ref, storage, scope)}]")

    def _warming(self, value: Value, ref: Aggregate, scope: Scope) -> Value:
        """Unknown until the window of `ref` is full."""
        assert ref.window is not None
        return self._when_full(value, ref.window, self._store(ref, storage_of(ref.function, ref.window), scope))

    def _when_full(self, value: Value, window: Window, number: int) -> Value:
        complete = self._complete[number]
        if complete == -inf or (window.kind == "sliding" and complete + window.size <= self._begun.since):
            return value
        condition, moments = full(window, complete, f"v[{number}]")
        changes = tuple(dict.fromkeys([*value.changes, *moments]))
        against = tuple(dict.fromkeys([*value.against, *moments])) if value.against else ()
        return Value(f"({value.code} if {condition} else None)", nullable=True, changes=changes, against=against, seen=value.seen)

    def _store(self, ref: Aggregate, storage: str, scope: Scope) -> int:
        """The slot of an aggregate; at its first use, the code that feeds it is noted for each of its events."""
        window = None if storage == "times" else ref.window
        key = f"{storage}:{Aggregate(shared(ref.function, storage), ref.events, ref.field, ref.where, window, ref.span)}"
        return self._feed_from(key, ref, storage, lambda _: f"e.{ref.field}" if ref.field else "1")

    def _feed_from(self, key: str, ref: Aggregate, storage: str, value: Callable[[str], str]) -> int:
        if key not in self._stored:
            number = self._stored[key] = self.slots.slot(key)
            self._complete[number] = self._begun.complete(identity(key))
            for event in dict.fromkeys(ref.events):
                inner = Scope(self.rules, event)
                guard = Codegen(self, inner).true(ref.where) if ref.where is not None else ""
                self._updates.setdefault(event, []).append(Update(guard, value(event), storage, ref, number))
        number = self._stored[key]
        if ref.window is not None:
            self._longest[number] = max(self._longest.get(number, 0.0), ref.window.size)
        return number

    def windows(self) -> Iterator[tuple[str, str, Aggregate, float]]:
        """Of each aggregate that was asked for: the key of its slot, how it is stored, what it is of, and the longest window that reads it (s, or N)."""
        fed = {update.number: update for updates in self._updates.values() for update in updates}
        for key, number in self._stored.items():
            yield key, fed[number].storage, fed[number].ref, self._longest[number]

    def updates(self, event: str) -> list[list[str]]:
        """The lines that feed each slot from an event; to be asked for when every reference has been resolved."""
        found = []
        for update in self._updates.get(event, []):
            lines = feed_source(update, self._longest[update.number])
            found.append([f"if {update.guard}:", *(f"    {line}" for line in lines)] if update.guard else list(lines))
        return found


def _metric(ref: CohortPct, scope: Scope) -> Reference:
    """The metric that a cohort is ranked by, or the aggregate that it stands for."""
    longer = expand(ref.metric, scope)
    return longer if isinstance(longer, Aggregate) else ref.metric
