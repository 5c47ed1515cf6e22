"""The gates of delivery, one after the other, in the order of the rule language."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from experiments.assignment import chosen
from rulebook.model import Crosses, Happens, Holds, RuleSet
from rulebook.syntax import Name, Not
from tests.reference.partner import Partner
from tests.reference.truth import Truth, leaves_of

LEFT_FOR, WAITS = 86_400.0, 1800.0
LATENESS, MAX_OPEN = 120.0, 8
_HOLE = re.compile(r"\{(\w+)\}")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Made:
    """In place of an event's id: a pattern's event, and the ids of those that made it."""

    origin: str
    ids: tuple[str, ...]


def origin(event: Any) -> str:
    return event.origin if isinstance(event, Made) else str(event)


def made_of(events: list[Any]) -> list[str]:
    """The ids of the events, those of a pattern's event in its place; each once."""
    return list(dict.fromkeys(i for e in events for i in (e.ids if isinstance(e, Made) else (e,))))


@dataclass
class Match:
    rule: Any
    events: list[Any]
    args: dict[str, Any] = field(default_factory=dict)
    key: Any = ""
    queued_at: float | None = None
    control: bool = False
    until: float = math.inf
    began: float | None = None
    disproved: bool = False
    verdict: str = ""
    reason: str | None = None
    language: str = ""
    body: str = ""

    @property
    def rank(self) -> tuple[int, str]:
        return -self.rule.priority, self.rule.name


@dataclass(frozen=True)
class Unshown:
    """A send that nobody has seen, and the silence that led to it."""

    rule: Any
    key: Any
    began: float
    deadline: float
    at: float
    verdict: str
    place: str | None


def broken(trigger: Any, e: Any, now: float, key: Any, began: float, deadline: float) -> bool:
    """Whether it was not silent, as a late event shows."""
    t = e.occurred_at
    if not t < deadline:
        return False
    if isinstance(trigger, Holds):
        return e.type in trigger.without and t > began and t + trigger.wait > now
    if t < began:
        return False
    if e.type == "logged_out" and not trigger.keep_on_logout:
        return True
    values = getattr(e, trigger.same, None) if trigger.same else ""
    return e.type in trigger.without and (key in values if isinstance(values, list) else key == values)


class Delivery:
    """`sent` is what all partners share: by rule, the moment of each live send or ghost, whether it was paid, and the zone of its seat."""

    def __init__(self, rules: RuleSet, *, everyone: bool, season: str) -> None:
        self.rules, self.everyone, self.season = rules, everyone, season
        self.sent: dict[str, list[tuple[float, bool, str | None]]] = {}

    def decide(self, p: Partner, now: float, matches: list[Match]) -> None:
        """Give each match its verdict; the best live one is sent, and of the shadows the best where it is better than that."""
        for m in matches:
            m.reason = self.refusal(p, now, m)
        passed = [m for m in matches if m.reason is None]
        live = min((m for m in passed if m.rule.mode == "live"), key=lambda m: m.rank, default=None)
        shadow = min((m for m in passed if m.rule.mode == "shadow"), key=lambda m: m.rank, default=None)
        if shadow is not None and live is not None and live.rank < shadow.rank:
            shadow = None
        for m in passed:
            if m is live:
                control = m.control or self.is_control(p, m.rule)
                m.verdict, m.reason = ("ghost", "holdout") if control else ("send", None)
                p.sends.append(now)
                self.sent.setdefault(m.rule.name, []).append((now, not control, self.place(p, m.rule, now)))
                p.left_out.pop(m.rule.name, None)
            elif m is shadow:
                m.verdict = "shadow"
            else:
                m.verdict, m.reason = "hold", "lower_priority"
                continue
            p.own_sends.setdefault(m.rule.name, []).append(now)
        for m in matches:
            m.verdict = m.verdict or "hold"
        waiting = [m for m in matches if m.reason == "quiet_hours" and m.rule.mode == "live"]
        if waiting and self.rules.policy.during_quiet == "queue_latest":
            m = min(waiting, key=lambda m: m.rank)
            end = p.clock_shows(now, self.rules.policy.quiet_hours[1])
            p.queued = end, Match(m.rule, m.events, m.args, m.key, now if m.queued_at is None else m.queued_at, m.control, began=self.silent_since(p, now, m))

        for m in matches:
            if m.reason == "not_safe_now":
                since = now if m.queued_at is None else m.queued_at
                until = now + WAITS if m.rule.valid_for is None else since + m.rule.valid_for
                p.waiting[m.rule.name] = Match(m.rule, m.events, m.args, m.key, since, m.control, until, self.silent_since(p, now, m))

    def freed(self, p: Partner, now: float) -> list[Match]:
        """What waited for a safe moment, now that there is one, and what has waited for too long."""
        safe = not p.fact(self.rules.policy.never_while, now) if p.waiting else True
        return [p.waiting.pop(name) for name, m in list(p.waiting.items()) if safe or m.until <= now]

    # -- what a late event disproves

    def remember(self, p: Partner, now: float, m: Match) -> None:
        """A send of a rule about a silence: from when to when it was silent."""
        match m.rule.trigger:
            case Happens(without=without) if without:
                began = m.began
            case Holds(without=without) if without:
                began = self.silent_since(p, now, m) if m.queued_at is None else None
            case _:
                return
        if began is not None:
            p.unshown = [u for u in p.unshown if now <= u.deadline + LATENESS]
            p.unshown = [*p.unshown, Unshown(m.rule, m.key, began, began + m.rule.trigger.wait, now, m.verdict, self.place(p, m.rule, now))][-MAX_OPEN:]

    def silent_since(self, p: Partner, now: float, m: Match) -> float | None:
        """When the silence began that made a match; what follows a nudge that did not clear may have none."""
        match m.rule.trigger:
            case Holds(without=without, wait=wait) if without and m.queued_at is None:
                stretch = p.holds[m.rule.name]
                return stretch[0] if stretch is not None and stretch[0] + wait <= now else None
            case _:
                return m.began

    def disprove(self, p: Partner, e: Any, now: float) -> list[Unshown]:
        """The sends that would not have been, had the event come in time; what waits of them is not true any more."""
        if not e.occurred_at < now:
            return []
        for m in [*p.waiting.values(), *([p.queued[1]] if p.queued is not None else [])]:
            if m.began is not None and broken(m.rule.trigger, e, now, m.key, m.began, m.began + m.rule.trigger.wait):
                m.disproved = True
        wrong = [u for u in p.unshown if broken(u.rule.trigger, e, now, u.key, u.began, u.deadline)]
        p.unshown = [u for u in p.unshown if u not in wrong]
        return wrong

    def undo(self, p: Partner, u: Unshown) -> None:
        """As if it had not been sent."""
        p.own_sends[u.rule.name].remove(u.at)
        if u.verdict == "shadow":
            return
        p.sends.remove(u.at)
        self.sent[u.rule.name].remove((u.at, u.verdict == "send", u.place))
        p.episodes[u.rule.name] = [e for e in p.episodes.get(u.rule.name, []) if e[0] != u.at]

    def is_control(self, p: Partner, rule: Any) -> bool:
        if self.everyone:
            return False
        rest = chosen("global-holdout", self.season, p.partner_id, self.rules.policy.holdout)
        return rest or chosen("rule-holdout", rule.name, p.partner_id, rule.holdout)

    def refusal(self, p: Partner, now: float, m: Match) -> str | None:
        rule, policy, truth = m.rule, self.rules.policy, Truth(self.rules, p, now)
        if m.queued_at is not None:
            if now >= m.until or (rule.valid_for is not None and now >= m.queued_at + rule.valid_for):
                return "expired"
            if m.disproved or not self.still(truth, rule.trigger):
                return "stale"
        if rule.name in self.rules.paused:
            return "mode_off"
        if rule.condition is not None and truth.of(rule.condition) is not True:
            return "condition"
        if rule.expires and p.local(now).date() > date.fromisoformat(rule.expires):
            return "expired"
        if (rule.hours and not between(p.clock(now), rule.hours)) or (rule.days and _DAYS[p.local(now).weekday()] not in rule.days):
            return "outside_hours"
        if not self.everyone and not chosen("rollout", rule.name, p.partner_id, rule.rollout):
            return "rollout"
        own = p.own_sends.get(rule.name, [])
        if any(now < at + rule.cooldown for at in own):
            return "cooldown"
        if rule.max is not None and sum(now < at + rule.max[1] for at in own) >= rule.max[0]:
            return "max"
        if p.of_profile("consent") is False:
            return "no_consent"
        if any(e.rule in (None, rule.name) for e in p.facts if e.type == "opted_out"):
            return "opted_out"
        if not rule.urgent and policy.quiet_hours is not None and between(p.clock(now), policy.quiet_hours):
            return "quiet_hours"
        if not rule.urgent and any(sum(now < at + span for at in p.sends) >= most for most, span in policy.caps):
            return "cap"
        if policy.never_while and not rule.about_order and p.fact(policy.never_while, now):
            return "not_safe_now"
        return self.shared(p, rule, truth, now) or self.worded(m, truth)

    def still(self, truth: Truth, trigger: Any) -> bool:
        """What waited has to be so still, where it is a state and no event."""
        match trigger:
            case Holds(when):
                return truth.of(when) is True
            case Crosses(segment, entered, span):
                inside = Name(segment, span, "segment")
                return truth.of(inside if entered else Not(inside, span)) is True
            case _:
                return True

    def shared(self, p: Partner, rule: Any, truth: Truth, now: float) -> str | None:
        sent = self.sent.get(rule.name, [])
        if rule.seats is not None and not self.seated(p, rule, truth.of(rule.seats), now):
            return "seats"
        if rule.offer is not None:
            promised = sum(now < at + rule.offer.budget_per for at, paid, _ in sent if paid)
            if (promised + 1) * rule.offer.bonus > rule.offer.budget:
                return "budget"
        return None

    def place(self, p: Partner, rule: Any, now: float) -> str | None:
        """Where seats are counted: in each zone, where their number comes from its demand."""
        names = {leaf.name for leaf in leaves_of(rule.seats) if isinstance(leaf, Name)}
        return p.demand_zone(now) if names & {"zone_demand", "zone_gap"} else ""

    def seated(self, p: Partner, rule: Any, seats: float | None, now: float) -> bool:
        """Whether a seat is free, and nobody goes first who was left out and had none for longer."""
        place, span = self.place(p, rule, now), rule.cooldown if rule.valid_for is None else rule.valid_for
        if seats is None or place is None:
            return False
        free = math.floor(max(seats, 0)) - sum(now < at + span for at, _, where in self.sent.get(rule.name, []) if where == place)
        last = max(p.own_sends.get(rule.name, []), default=-math.inf)
        first = [q for q in p.world.partners if q is not p and self.goes_before(q, rule.name, place, last, now)]
        if free > 0 and len(first) < free:
            return True
        if rule.mode == "live":
            p.left_out[rule.name] = now, place
        return False

    def goes_before(self, q: Partner, rule: str, place: str, last: float, now: float) -> bool:
        at, where = q.left_out.get(rule, (-math.inf, ""))
        return now < at + LEFT_FOR and where == place and max(q.own_sends.get(rule, []), default=-math.inf) < last

    def worded(self, m: Match, truth: Truth) -> str | None:
        wanted = truth.partner.of_profile("language")
        if m.rule.best_of:
            done = {e.module for e in truth.partner.facts if e.type == "module_completed"}
            module = next((name for name in m.rule.best_of if name not in done), None)
            if module is None:
                return "no_message"
            titles = self.rules.modules[module].titles
            m.language, m.body = spoken(titles, wanted), self.rules.modules[module].link
            return None
        texts = self.rules.messages[m.rule.message].texts
        m.language = spoken(texts, wanted)
        text = texts[m.language]
        values = {hole: self.hole(hole, m, truth) for hole in _HOLE.findall(text.title + text.body + text.speak)}
        if None in values.values():
            return "missing_value"
        m.body = _HOLE.sub(lambda h: _spelled(values[h[1]]), text.body)
        return None

    def hole(self, hole: str, m: Match, truth: Truth) -> Any:
        if hole in m.args:
            return m.args[hole]
        return truth.of(m.rule.args[hole]) if hole in m.rule.args else truth.of(Name(hole, m.rule.span))


def spoken(texts: Any, wanted: str | None) -> str:
    return wanted if wanted in texts else "en" if "en" in texts else next(iter(texts))


def between(clock: float, hours: tuple[float, float]) -> bool:
    """Half open; over midnight where it ends before it begins."""
    start, end = hours
    return start <= clock < end if start <= end else clock >= start or clock < end


def _spelled(value: Any) -> str:
    """Names and counts: all that the reference is asked about."""
    return f"{round(value, 2):g}" if isinstance(value, float) else str(value)
