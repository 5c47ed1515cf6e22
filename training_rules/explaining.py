"""What the rules make of one partner at one moment, clause by clause: `explain(watched, at)`.

Of each rule: its trigger, `if`, segments and patterns with the truth of every clause; what is open and when it is due; the last sends; which gates would
hold it now; what was decided and why. Moments are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from events.errors import NudgelineError
from rulebook.faults import did_you_mean
from rulebook.model import Holds, Nudge, Pattern, Segment, Trigger
from rulebook.syntax import Expr
from segments.membership import exit_condition
from segments.state import PartnerState
from training_rules import messages, progress
from training_rules.clauses import Clause
from training_rules.gates import Gate, held_now
from training_rules.progress import Open
from training_rules.reading import patterns_read, segments_read, spelled, steps_of
from training_rules.rules import Rule, Rules
from training_rules.watching import Decided, Seen, Watched


class UnknownRule(NudgelineError):
    """No rule that runs is called so: spell it as the rule file does."""


@dataclass(frozen=True, slots=True)
class SegmentView:
    """`since`: when the partner moved in, or out; `moving`: an edge whose time runs."""

    name: str
    member: bool
    since: float | None
    enter: Clause
    exit: Clause
    moving: Open | None


@dataclass(frozen=True, slots=True)
class Step:
    """An event that a trigger waits for, with the last ones that came."""

    event: str
    where: str
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class TriggerView:
    """Of a rule or a pattern: `clause` is the condition of a `holds`, `steps` the events that it waits for, `opened` what has begun."""

    name: str
    text: str
    place: str
    clause: Clause | None
    steps: tuple[Step, ...]
    opened: tuple[Open, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What the partner may be told: what they read, and why they got it. Nothing but what the message itself says, and the kind of event it comes from."""

    language: str
    why: str
    title: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class RuleView:
    name: str
    version: str
    mode: str
    kind: str
    trigger: TriggerView
    patterns: tuple[TriggerView, ...]
    segments: tuple[SegmentView, ...]
    condition: Clause | None
    clears: Clause | None
    opened: tuple[Open, ...]
    sends: tuple[float, ...]
    shadows: tuple[float, ...]
    gates: tuple[Gate, ...]
    decisions: tuple[Decided, ...]
    words: Words

    @property
    def concerns(self) -> bool:
        """Whether there is something to say of it: it triggered, was held, or something is open."""
        return bool(self.decisions or self.opened or self.trigger.opened or self.sends or self.shadows or any(p.opened for p in self.patterns))


@dataclass(frozen=True, slots=True)
class Explanation:
    """`last_event`: the time of the partner's newest event; `timers`: kind, rule or segment, and when it is due."""

    partner_id: str
    at: float
    time_zone: str
    ruleset_version: str
    state_at: float
    online: bool | None
    orders: tuple[str, ...]
    segments: tuple[str, ...]
    rules: tuple[RuleView, ...]
    timers: tuple[tuple[str, str, float], ...]
    dropped: int


def explain(watched: Watched, at: float, names: Sequence[str] = (), since: float = -inf, also: Collection[str] = ()) -> Explanation:
    """Everything about the rules called `names` or, without any, about those that concern the partner at the moment `at`, to which the partner has come,
    and those called `also`. Decisions are those from `since` on. Raises UnknownRule."""
    state, rules = watched.state, watched.rules
    assert state is not None, "somebody of whom nothing is known can't be explained"
    chosen = [_named(name, rules) for name in names] or [r for r in rules.rules if r.nudge]
    views = [_Looker(watched, state, at, since).rule(rule) for rule in chosen]
    shown = tuple(view for view in views if names or view.concerns or view.name in also)
    zone = state.profile.get("time_zone") or "UTC"
    return Explanation(
        watched.partner_id, at, zone, rules.version, state.now, state.online, tuple(state.orders), tuple(rules.segments_of(state)), shown,
        tuple(progress.timers(state, rules)), state.dropped,
    )  # fmt: skip


def _named(name: str, rules: Rules) -> Rule:
    known = {rule.name: rule for rule in rules.rules if rule.nudge}
    if name in known:
        return known[name]
    if name in rules.ruleset.nudges:
        raise UnknownRule(f"the rule {name} has `mode: off`: nothing is kept of it")
    raise UnknownRule(f"no rule is called {name!r}; {did_you_mean(name, known)}")


@dataclass(frozen=True)
class _Looker:
    watched: Watched
    s: PartnerState
    at: float
    since: float

    def clause(self, expr: Expr) -> Clause:
        return self.watched.clauses.look(expr, self.s, self.at)

    def rule(self, rule: Rule) -> RuleView:
        rules, nudge = self.watched.rules, self.watched.rules.ruleset.nudges[rule.name]
        opened = (*progress.episodes(rule, self.s), *(waiting for name, waiting in progress.queued(self.s, rules) if name == rule.name))
        sent = self.s.slots[rule.sends_slot] or ()
        decisions = tuple(d for d in self.watched.decided if d.decision.rule == rule.name and d.decision.decided_at >= self.since)
        return RuleView(
            rule.name, rule.version, rule.mode, rule.kind, self.trigger(nudge), tuple(self.patterns(nudge.trigger)), tuple(self.segments(nudge)),
            None if nudge.condition is None else self.clause(nudge.condition), None if nudge.clears is None else self.clause(nudge.clears.when),
            opened, tuple(sent), tuple(at for at in rule.moments(self.s) if at not in sent), held_now(self.s, self.at, rule, rules), decisions, self.words(rule, decisions),
        )  # fmt: skip

    def trigger(self, definition: Nudge | Pattern) -> TriggerView:
        trigger, name = definition.trigger, definition.name
        steps = tuple(Step(event, "" if where is None else str(where), self.watched.seen(name, n)) for n, (event, where) in enumerate(steps_of(trigger)))
        clause = self.clause(trigger.when) if isinstance(trigger, Holds) else None
        opened = progress.opened(definition, self.s, self.at, self.watched.rules)
        return TriggerView(name, spelled(trigger), str(definition.span), clause, steps, opened)

    def patterns(self, trigger: Trigger) -> Iterator[TriggerView]:
        known = self.watched.rules.ruleset
        return (self.trigger(known.patterns[name]) for name in patterns_read(trigger, known))

    def segments(self, nudge: Nudge) -> Iterator[SegmentView]:
        for name in segments_read(nudge, self.watched.rules.ruleset):
            segment, code = self.watched.rules.ruleset.segments[name], next(c for c in self.watched.rules.segments if c.name == name)
            yield self.segment(segment, self.s.slots[code.slot])

    def segment(self, segment: Segment, membership: list[Any] | None) -> SegmentView:
        assert segment.enter.when is not None
        member, since = (bool(membership[0]), membership[2]) if membership is not None else (False, None)
        moving = progress.moving(segment, membership)
        return SegmentView(segment.name, member, since, self.clause(segment.enter.when), self.clause(exit_condition(segment)), moving)

    def words(self, rule: Rule, decisions: Sequence[Decided]) -> Words:
        sent = next((d.nudge for d in reversed(decisions) if d.nudge is not None), None)
        if sent is not None:
            return Words(sent.language, sent.reason, sent.title, sent.body)
        texts = rule.message.texts if rule.message is not None else rule.best_of[0][0].titles
        language = messages.language_of(texts, self.s.profile.get("language"))
        return Words(language, messages.why(rule.family, language))


def with_words(explanation: Explanation, nudges: Iterable[Mapping[str, Any]]) -> Explanation:
    """With what the partner was really sent: `nudges` are records of the topic of that name, oldest first; where nothing was replayed, nobody else knows."""
    sent = {n["rule"]: Words(n["language"], n["reason"], n["title"], n["body"]) for n in nudges if n["decided_at"] <= explanation.at}
    return replace(explanation, rules=tuple(replace(view, words=sent.get(view.name, view.words)) for view in explanation.rules))
