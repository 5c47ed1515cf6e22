"""A rule set ready to run: immutable, with the generated functions and the numbers of their slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from experiments.assignment import chosen
from rulebook.hole_values import Quantity
from rulebook.model import Message, Module, Offer, Policy, RuleSet
from segments.slots import Slot
from segments.state import PartnerState
from segments.warming import Begun
from training_rules.found import Found, Look
from training_rules.house import House
from training_rules.patterns import due_waits

if TYPE_CHECKING:
    from training_rules.recall import Recall
    from training_rules.waiting import Waiting

Read = Callable[[PartnerState, list[Any], float], Any]
FirstLook = Callable[[PartnerState, list[Any], float, str], Found | None]
Handler = Callable[[PartnerState, Any, float, float], Found | None]
Wrap = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class EngineOptions:
    """How far out of order events may come (s, by family; the default for others), the season of the global holdout, and `everyone`: rollout
    100 % and holdouts off, as in-file tests run. `given` replaces references by constants. `begun` says what of the state began when."""

    allowed_lateness: float = 120.0
    lateness_by_family: Mapping[str, float] = field(default_factory=lambda: {"profile": inf})
    season: str = "1"
    everyone: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    begun: Begun = field(default_factory=Begun)


@dataclass(frozen=True)
class Clearing:
    """What a nudge is meant to bring about: `look(s, v, now)` closes episodes and returns them, `facts` shows the values it read;
    `otherwise` is the number of the rule that follows where it did not come about `within` (s)."""

    look: Callable[[PartnerState, list[Any], float], list[list[Any]] | None]
    facts: Read
    slot: int
    within: float
    otherwise: int | None


@dataclass(frozen=True)
class Rule:
    """One nudge rule or pattern (`nudge` False, `same` the field that its event carries), compiled. Durations are in seconds; `holes` are those of
    the message, by language. `sends_slot` and `trial_slot` hold the moments of what was sent, and of what a rule in trial would have sent."""

    number: int
    name: str
    nudge: bool
    evidence: Read
    same: str = ""
    version: str = ""
    kind: str = ""
    mode: str = ""
    priority: int = 0
    cooldown: float = 0.0
    max: tuple[int, float] | None = None
    urgent: bool = False
    about_order: bool = False
    hours: tuple[float, float] | None = None
    days: tuple[str, ...] = ()
    rollout: float = 1.0
    holdout: float = 0.0
    expires: date | None = None
    valid_for: float | None = None
    offer: Offer | None = None
    message: Message | None = None
    holes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    best_of: tuple[tuple[Module, Read], ...] = ()
    condition: Read | None = None
    late_args: Mapping[str, Read] = field(default_factory=dict)
    measures: Mapping[str, Quantity] = field(default_factory=dict)
    seats: Read | None = None
    seats_of_zone: bool = False
    clears: Clearing | None = None
    still: Read | None = None
    sends_slot: int = -1
    trial_slot: int = -1
    family: str = ""
    paused: bool = False

    @cached_property
    def rank(self) -> tuple[int, str]:
        """Which of several goes first: the least."""
        return -self.priority, self.name

    def moments(self, s: PartnerState) -> list[float]:
        """The moments (s) that the partner rests for, oldest first: of what the rule sent and, in trial, of what it would have. Those are apart, so that nobody rests
        for a trial when the rule goes live."""
        sent: list[float] = s.slots[self.sends_slot] or []
        return sorted([*sent, *(s.slots[self.trial_slot] or ())]) if self.trial_slot >= 0 else sent

    @property
    def seat_span(self) -> float:
        """How long a seat is held (s)."""
        return self.cooldown if self.valid_for is None else self.valid_for

    @cached_property
    def gated(self) -> bool:
        """Whether it asks more than that it is not too soon."""
        return self.paused or self.condition is not None or self.expires is not None or bool(self.hours) or bool(self.days) or self.rollout < 1

    @cached_property
    def remembers(self) -> float:
        """How long the moments of sends matter (s)."""
        spans = [self.cooldown, self.max[1] if self.max else 0.0, self.offer.budget_per if self.offer else 0.0]
        return max(*spans, self.seat_span if self.seats is not None else 0.0)


@dataclass(frozen=True)
class SegmentCode:
    name: str
    look: Callable[[PartnerState, list[Any], float], bool]
    slot: int
    facts: Read


@dataclass(frozen=True)
class CohortCode:
    """What a `cohort_pct` ranks: `read(s, v, now)` gives the partner's own value and what puts them into a cohort. `thresholds`: what the rank is
    compared with; None where that is no constant."""

    read: Read
    thresholds: tuple[float, ...] | None


@dataclass(frozen=True)
class Timer:
    """What to do when a timed slot is due: kind "segment", "holds", "wait" or "episode" with the number of the segment or rule, or "queue", or
    "waiting"."""

    kind: str
    number: int
    slot: int = -1
    span: float = 0.0


@dataclass(frozen=True)
class Queue:
    """Where the latest nudge that fell into quiet hours waits for their end."""

    slot: int
    timer: int


@dataclass(frozen=True)
class Rules:
    """See `training_rules.compiler.compile_rules`. Dispatch is by struct class for events, by name for patterns; `looks`: how many segments, windows
    and triggers an event makes look; `first_look(s, v, now, cause)`: all of them do; `windows`: how long (s) slots that several counts share keep their elements, by id;
    `counts`: whether anything reads what partners make together; `feeds`: the families that each timer hangs on, `frozen` the timers that do not go (`training_rules.frozen`);
    `remake(wrap)`: the same rules once more, their generated functions (by name) changed by `wrap`."""

    ruleset: RuleSet
    options: EngineOptions
    version: str
    handlers: Mapping[type, Handler]
    pattern_handlers: Mapping[str, Handler]
    lateness: Mapping[type, float]
    looks: Mapping[type, int]
    deduped: frozenset[type]
    witness: Callable[[PartnerState, float, list[Any]], None] | None = field(default=None, kw_only=True)  # told of matches right before policy decides
    remake: Callable[[Wrap], Rules] | None = field(default=None, kw_only=True, compare=False, repr=False)
    segments: tuple[SegmentCode, ...]
    rules: tuple[Rule, ...]
    timers: tuple[Timer, ...]
    slots: tuple[Slot, ...]
    slot_ids: tuple[int, ...]
    timer_ids: tuple[int, ...]
    moved: tuple[tuple[Look, Look], ...]
    holds: Mapping[int, Callable[..., str | None]]
    queue: Queue | None
    waiting: Waiting | None
    recall: Recall | None
    read_features: Read
    first_look: FirstLook
    windows: Mapping[int, float]
    source: str
    own: Begun | None = None
    counts: bool = False
    feeds: tuple[frozenset[str], ...] = ()
    frozen: frozenset[int] = frozenset()
    cohorts: Mapping[str, CohortCode] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        return self.ruleset.policy

    @property
    def moments(self) -> Begun:
        """When its slots began in the partition whose it is: `own`, else what it was compiled for."""
        return self.options.begun if self.own is None else self.own

    def succeeded(self, at: float) -> Begun:
        """What a set that takes the place of this one `at` (s) is compiled for: what lives on, and since when windows are whole that may be made longer."""
        found = self.options.begun.succeeded(at, self._ids)
        return replace(found, stretched={i: max(found.stretched.get(i, -inf), at - longest) for i, longest in self.windows.items()})

    def taken_over(self, before: Rules, at: float) -> Rules:
        """The same rules where they take the place of others `at` (s), in a partition where those ran."""
        return replace(self, own=before.moments.succeeded(at, before._ids))

    @cached_property
    def _ids(self) -> frozenset[int]:
        return frozenset((*self.slot_ids, *self.timer_ids))

    @cached_property
    def ids_kept(self) -> float:
        """How long ids of events are remembered (s): as late as any may come that is ever too late, since copies are looked for only that far back. While feeds
        are frozen, what they bring may be of any time."""
        if self.frozen:
            return inf
        return max([self.options.allowed_lateness, *(late for kind in self.deduped if isfinite(late := self.lateness[kind]))])

    @cached_property
    def notes(self) -> bool:
        """Whether partners note what concerns others: figures that they read, seats, where they are."""
        return self.counts or any(rule.seats is not None for rule in self.rules)

    @cached_property
    def sends_from(self) -> int:
        """The number of the first slot that holds moments of sends; all after it do."""
        return min((r.sends_slot for r in self.rules if r.nudge), default=len(self.slots))

    @cached_property
    def sends_ids(self) -> tuple[int, ...]:
        """Ids of the slots that hold moments of sends."""
        return self.slot_ids[self.sends_from :]

    @cached_property
    def other_ids(self) -> tuple[int, ...]:
        """Ids of the other slots."""
        return self.slot_ids[: self.sends_from]

    @cached_property
    def slot_numbers(self) -> Mapping[int, int]:
        """Numbers of slots by their ids."""
        return {i: number for number, i in enumerate(self.slot_ids)}

    @cached_property
    def timer_numbers(self) -> Mapping[int, int]:
        """Numbers of timers by their ids."""
        return {i: number for number, i in enumerate(self.timer_ids)}

    def new_state(self, partner_id: str) -> PartnerState:
        """The state of a partner of whom nothing is known, in a house of its own."""
        state = PartnerState(partner_id, len(self.slots), len(self.timers))
        state.house = House()
        return state

    def is_control(self, rule: Rule, partner_id: str) -> bool:
        """Whether the partner is in the rule's holdout or the global one."""
        if self.options.everyone:
            return False
        in_rule = chosen("rule-holdout", rule.name, partner_id, rule.holdout)
        return in_rule or chosen("global-holdout", self.options.season, partner_id, self.policy.holdout)

    def dump(self, state: PartnerState) -> bytes:
        from training_rules import snapshots

        return snapshots.dump(state, self)

    def load(self, raw: bytes) -> PartnerState:
        from training_rules import snapshots

        return snapshots.load(raw, self)

    def waits_over(self, state: PartnerState, timer: int, now: float) -> list[list[Any]]:
        """The waits of one timer whose time is over: [t, key, first id, ids, args], oldest first."""
        return due_waits(state, self.timers[timer].slot, timer, now, self.timers[timer].span)

    def features(self, state: PartnerState, now: float) -> dict[str, Any]:
        """The values that the rules read, by their spelling; None where unknown."""
        crowd = state.house.crowd if self.counts and state.house is not None else None
        if crowd is None:
            return dict(self.read_features(state, state.slots, now))
        crowd.noting = False  # what is only shown decides nothing
        try:
            return dict(self.read_features(state, state.slots, now))
        finally:
            crowd.noting = True

    def segments_of(self, state: PartnerState) -> list[str]:
        """Names of the segments that the partner is in."""
        return [c.name for c in self.segments if (m := state.slots[c.slot]) is not None and m[0]]
