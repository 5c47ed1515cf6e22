"""What may be sent now: the gates of delivery in their fixed order, then one winner by priority, then treatment or control.

if ▸ rollout ▸ cooldown ▸ max ▸ consent/opt-out ▸ quiet hours ▸ caps ▸ never_while ▸ seats ▸ budget ▸ message ▸ priority ▸ mode ▸ assignment.
Each refusal is a decision with its reason. A ghost (control) takes cooldown, cap and seat exactly as a send does; a shadow takes its own cooldown
only, and never displaces a live rule. What waited for the end of quiet hours, or for a safe moment, passes all gates again, if it is true still and
not too old.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from events.outputs import HoldReason, Verdict
from experiments.assignment import chosen
from segments import clock
from segments.state import PartnerState
from training_rules import messages, recall
from training_rules.found import Match
from training_rules.queue import enqueue
from training_rules.waiting import busy, wait

if TYPE_CHECKING:
    from training_rules.rules import Rule, Rules


_rank = attrgetter("rule.rank")
#: Members of an enum are found slowly by way of their class; most matches end with one of these.
_SEND, _GHOST, _SHADOW = Verdict.SEND, Verdict.GHOST, Verdict.SHADOW
_LOWER_PRIORITY, _COOLDOWN, _NOT_SAFE_NOW = HoldReason.LOWER_PRIORITY, HoldReason.COOLDOWN, HoldReason.NOT_SAFE_NOW


class Candidate(msgspec.Struct):
    """A match on its way through the gates; `language` and `holes` are known once its message is."""

    rule: Rule
    match: Match
    language: str = ""
    holes: dict[str, Any] | None = None
    verdict: Verdict = Verdict.HOLD
    reason: HoldReason | None = None
    module: str = ""


def decide(s: PartnerState, now: float, matches: list[Match], rules: Rules) -> list[Candidate]:
    """The verdict on each match of one moment, in the order of the matches."""
    candidates = [Candidate(rules.rules[m.trigger], m) for m in matches]
    for c in candidates:
        c.reason = refusal(s, now, c, rules)
    passed = [c for c in candidates if c.reason is None]
    for live in (True, False):
        of_mode = [c for c in passed if (c.rule.mode == "live") is live]
        if of_mode:
            _choose(s, now, of_mode, passed, rules)
    if rules.recall is not None:
        for c in candidates:
            if c.reason is _NOT_SAFE_NOW or c.reason is HoldReason.QUIET_HOURS:
                c.match.span = recall.span_of(s, now, c.rule, c.match, rules.recall)
    if rules.queue is not None:
        quiet = sorted((c for c in candidates if c.reason is HoldReason.QUIET_HOURS and c.rule.mode == "live"), key=_rank)
        enqueue(s, now, [c.match for c in quiet], rules)
    if rules.waiting is not None:
        for c in candidates:
            if c.reason is _NOT_SAFE_NOW:
                wait(s, now, c.rule, c.match, rules.waiting)
    return candidates


def _choose(s: PartnerState, now: float, of_mode: list[Candidate], passed: list[Candidate], rules: Rules) -> None:
    """The first by rank of one mode goes, unless a live one went that is before it; all others are displaced."""
    first = min(of_mode, key=_rank)
    sent = min([_rank(c) for c in passed if c.verdict is _SEND or c.verdict is _GHOST], default=None)
    for c in of_mode:
        if c is first and (sent is None or _rank(c) < sent):
            _accept(s, now, c, rules)
        else:
            c.reason = _LOWER_PRIORITY


def refusal(s: PartnerState, now: float, c: Candidate, rules: Rules) -> HoldReason | None:
    """The first gate that does not let the match pass; None when all do."""
    rule = c.rule
    if c.match.queued_at is not None and (reason := _outlived(s, now, rule, c.match)) is not None:
        return reason
    if rule.valid_for is not None and now + rule.valid_for <= s.now:  # a frozen timer was looked at late
        return HoldReason.EXPIRED
    if rule.gated and (held := _asked(s, now, rule, rules)) is not None:
        return held
    return _paced(s, now, rule) or _allowed(s, now, rule, rules) or _shared(s, now, rule) or _worded(s, now, c)


def _asked(s: PartnerState, now: float, rule: Rule, rules: Rules) -> HoldReason | None:
    if rule.paused:
        return HoldReason.MODE_OFF
    if rule.condition is not None and not rule.condition(s, s.slots, now):
        return HoldReason.CONDITION
    if rule.expires is not None and clock.is_over(s, now, rule.expires):
        return HoldReason.EXPIRED
    if (rule.hours and not clock.within_hours(s, now, rule.hours)) or (rule.days and clock.weekday(s, now) not in rule.days):
        return HoldReason.OUTSIDE_HOURS
    if rule.rollout < 1 and not rules.options.everyone and not chosen("rollout", rule.name, s.partner_id, rule.rollout):
        return HoldReason.ROLLOUT
    return None


def _outlived(s: PartnerState, now: float, rule: Rule, match: Match) -> HoldReason | None:
    """Whether what waited is no longer so, or no longer worth saying."""
    assert match.queued_at is not None
    if match.until <= now or (rule.valid_for is not None and match.queued_at + rule.valid_for <= now):
        return HoldReason.EXPIRED
    disproved = match.span is not None and not match.span
    return HoldReason.STALE if disproved or (rule.still is not None and not rule.still(s, s.slots, now)) else None


def _paced(s: PartnerState, now: float, rule: Rule) -> HoldReason | None:
    sent = rule.moments(s)
    if sent and now < sent[-1] + rule.cooldown:
        return _COOLDOWN
    if rule.max is not None and sum(at + rule.max[1] > now for at in sent) >= rule.max[0]:
        return HoldReason.MAX
    return None


def _allowed(s: PartnerState, now: float, rule: Rule, rules: Rules) -> HoldReason | None:
    policy = rules.policy
    if s.profile.get("consent") is False:
        return HoldReason.NO_CONSENT
    if s.opted_out and ("" in s.opted_out or rule.name in s.opted_out):
        return HoldReason.OPTED_OUT
    if not rule.urgent:
        if policy.quiet_hours is not None and clock.within_hours(s, now, policy.quiet_hours):
            return HoldReason.QUIET_HOURS
        if policy.caps and any(sum(at + span > now for at in s.sends) >= most for most, span in policy.caps):
            return HoldReason.CAP
    if policy.never_while and not rule.about_order and busy(s, now, policy.never_while):
        return _NOT_SAFE_NOW
    return None


def _shared(s: PartnerState, now: float, rule: Rule) -> HoldReason | None:
    """What there is only so much of, for all partners together."""
    if rule.seats is not None and not s.house.has_seat(rule, rule.seats(s, s.slots, now), now, s):
        return HoldReason.SEATS
    return None if rule.offer is None or s.house.has_budget(rule, now) else HoldReason.BUDGET


def _worded(s: PartnerState, now: float, c: Candidate) -> HoldReason | None:
    """A message without a value for one of its holes is not sent: unknown is never guessed."""
    wanted = s.profile.get("language")
    if c.rule.best_of:
        return _module(s, c, wanted)
    message = c.rule.message
    assert message is not None
    c.language = messages.language_of(message.texts, wanted)
    holes = c.rule.holes[c.language]
    if not holes:
        return None
    c.holes = {**s.profile, **c.match.args}
    for hole, read in c.rule.late_args.items():
        c.holes[hole] = read(s, s.slots, now)
    return HoldReason.MISSING_VALUE if messages.missing_hole(holes, c.holes) else None


def _module(s: PartnerState, c: Candidate, wanted: str | None) -> HoldReason | None:
    """The first module of `best_of`, in declared order, that the partner has not completed."""
    for module, done in c.rule.best_of:
        if not done(s, s.slots, s.now):
            c.module, c.language = module.name, messages.language_of(module.titles, wanted)
            return None
    return HoldReason.NO_MESSAGE


def _accept(s: PartnerState, now: float, c: Candidate, rules: Rules) -> None:
    rule = c.rule
    slot, kept_for = rule.trial_slot if rule.mode == "shadow" else rule.sends_slot, rule.remembers
    s.slots[slot] = [*[at for at in s.slots[slot] or () if at + kept_for > now], now]
    if rule.mode == "shadow":
        c.verdict = _SHADOW
        return
    if rules.policy.caps:
        longest = max(span for _, span in rules.policy.caps)
        s.sends = [at for at in s.sends if at + longest > now] + [now]
    control = c.match.control or rules.is_control(rule, s.partner_id)
    c.verdict = _GHOST if control else _SEND
    s.house.take(rule, now, s, paid=not control)
