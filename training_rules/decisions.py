"""From what was found to what is sent: transitions, decisions with their evidence, and nudges with ids that are functions of their cause.

A replay finds the same causes and so makes the same ids.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from events.outputs import HoldReason, Verdict
from events.structs import OUTPUT_STRUCTS
from segments.state import PartnerState
from training_rules import episodes, messages, recall
from training_rules.found import Found, Match, net
from training_rules.policy import Candidate, decide
from training_rules.rules import Rules
from training_rules.traces import event_ids, identity_of, told

#: Members of an enum are found slowly by way of their class; every decision asks for these.
_SEND, _GHOST, _HOLD, _HOLDOUT, _NOT_SAFE_NOW = Verdict.SEND, Verdict.GHOST, Verdict.HOLD, HoldReason.HOLDOUT, HoldReason.NOT_SAFE_NOW
_Transition, _Decision, _Nudge = OUTPUT_STRUCTS["segment_transition"], OUTPUT_STRUCTS["decision"], OUTPUT_STRUCTS["nudge"]
_Recalled = OUTPUT_STRUCTS["nudge_recalled"]
#: In which arm of an experiment a partner was, by what became of the decision; a trial has none.
_ARMS = {"send": "treatment", "ghost": "control", "shadow": "trial"}


def make_id(*parts: str) -> str:
    """A short id that is a function of its parts."""
    return _hashed("\x1f".join(parts))


def _hashed(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()


def outputs(s: PartnerState, now: float, found: Found, cause: str, rules: Rules) -> list[Any]:
    """Transitions first, then each decision, a nudge right after the decision that sends it."""
    cause = _cause(cause)
    out: list[Any] = [_transition(s, now, number, cause, rules) for number in net(found.moves)]
    out += [_episode(s, now, number, e, Verdict.CLEARED, cause, rules) for number, e in found.closed]
    out += [_episode(s, now, number, e, Verdict.NOT_CLEARED, cause, rules) for number, e in found.overdue]
    for number, entry in found.recalled:
        out += _recalled(s, now, number, entry, cause, rules)
    matches = [m for m in found.matches if rules.rules[m.trigger].nudge]
    if matches and rules.witness is not None:
        rules.witness(s, now, matches)
    for c in decide(s, now, matches, rules) if matches else ():
        decision = _decision(s, now, c, cause, rules)
        out.append(decision)
        if c.verdict is _HOLD:
            continue
        if rules.recall is not None:
            recall.sent(s, now, c.rule, c.match, decision.nudge_id, str(c.verdict), rules.recall)
        if c.verdict is _SEND:
            out.append(_nudge(s, now, c, decision, rules))
        if c.rule.clears is not None and c.verdict in (_SEND, _GHOST):
            done = episodes.opened(s, c.rule.clears, now, decision.nudge_id, control=c.verdict is _GHOST)
            out += [_episode(s, now, c.rule.number, e, Verdict.CLEARED, cause, rules) for e in done]
    return out


def _episode(s: PartnerState, now: float, number: int, episode: list[Any], verdict: Verdict, cause: str, rules: Rules) -> Any:
    """The ledger's entry for an episode that ended: by then, was it cleared?"""
    rule, (opened_at, identity, control) = rules.rules[number], episode
    assert rule.clears is not None
    evidence = {"opened_at": opened_at, "arm": "control" if control else "treatment", **rule.clears.facts(s, s.slots, now)}
    return _Decision(
        decision_id=make_id("episode", identity), partner_id=s.partner_id, rule=rule.name, rule_version=rule.version, ruleset_version=rules.version,
        verdict=verdict, reason=None, decided_at=now, cause=cause, evidence=evidence, nudge_id=identity,
    )  # fmt: skip


def _recalled(s: PartnerState, now: float, number: int, entry: recall.Sent, cause: str, rules: Rules) -> list[Any]:
    """The ledger's entry for a send that turned out wrong, and, where it was one, the word to the app."""
    rule, identity, at, verdict = rules.rules[number], entry[2], entry[6], entry[7]
    recall.undo(s, rule, entry)
    names = {"partner_id": s.partner_id, "rule": rule.name, "rule_version": rule.version, "ruleset_version": rules.version, "nudge_id": identity}
    decision = _Decision(
        decision_id=make_id("recalled", identity), verdict=Verdict.RECALLED, reason=None, decided_at=now, cause=cause,
        evidence={"sent_at": at, "arm": _ARMS[verdict]}, **names,
    )  # fmt: skip
    return [decision, _Recalled(recall_id=make_id("recall", identity), reason="disproved", decided_at=now, cause=cause, **names)] if verdict == "send" else [decision]


def late_event(s: PartnerState, event: Any, rules: Rules) -> list[Any]:
    """The ledger's entry for an event that came too late to be applied."""
    evidence = {"occurred_at": event.occurred_at, "stream_time": s.now, "type": event.type}
    return [
        _Decision(
            decision_id=make_id("late", s.partner_id, event.event_id), partner_id=s.partner_id, rule="", rule_version="", ruleset_version=rules.version,
            verdict=Verdict.DROP, reason=HoldReason.LATE_EVENT, decided_at=s.now, cause=event.event_id, evidence=evidence,
        )
    ]  # fmt: skip


def _cause(cause: str) -> str:
    """The event that showed it; `-` for what time alone brought."""
    return "-" if cause.startswith("@") else cause


def _transition(s: PartnerState, now: float, number: int, cause: str, rules: Rules) -> Any:
    segment = rules.segments[number]
    direction = "entered" if s.slots[segment.slot][0] else "exited"
    return _Transition(
        transition_id=make_id("transition", s.partner_id, segment.name, direction, repr(now)), partner_id=s.partner_id, segment=segment.name,
        transition=direction, decided_at=now, cause=cause, facts=segment.facts(s, s.slots, now), ruleset_version=rules.version,
    )  # fmt: skip


def nudge_id(partner_id: str, rule: str, version: str, match: Match) -> str:
    return _hashed(f"nudge\x1f{rule}\x1f{version}\x1f{partner_id}\x1f{identity_of(match)}")


def _decision(s: PartnerState, now: float, c: Candidate, cause: str, rules: Rules) -> Any:
    rule, match = c.rule, c.match
    evidence = told(match.events, now)
    evidence |= rule.evidence(s, s.slots, now)
    for name, value in match.fields.items():
        evidence[name] = {"value": value, "age": round(now - _began(match, now), 3)}
    if match.key != "":
        evidence["same"] = match.key
    identity = nudge_id(s.partner_id, rule.name, rule.version, match)
    again = "" if match.queued_at is None else f"\x1f{now!r}" + ("\x1fbusy" if c.reason is _NOT_SAFE_NOW else "")
    verdict = c.verdict
    return _Decision(
        decision_id=_hashed(f"decision\x1f{identity}{again}"), partner_id=s.partner_id, rule=rule.name, rule_version=rule.version, ruleset_version=rules.version,
        verdict=verdict, reason=_HOLDOUT if verdict is _GHOST else c.reason, decided_at=now, cause=cause,
        evidence=evidence, nudge_id=None if verdict is _HOLD else identity,
    )  # fmt: skip


def _nudge(s: PartnerState, now: float, c: Candidate, decision: Any, rules: Rules) -> Any:
    rule = c.rule
    title, body, speak = _words(c)
    offer = rule.offer
    return _Nudge(
        nudge_id=decision.nudge_id, partner_id=s.partner_id, rule=rule.name, rule_version=rule.version, ruleset_version=rules.version, kind=rule.kind,
        message=rule.message.name if rule.message else None, module=c.module or None,
        offer=None if offer is None else {"bonus": offer.bonus, "currency": offer.currency, "valid_s": offer.valid},
        language=c.language, title=title, body=body, speak=speak, reason=messages.why(rule.family, c.language), priority=rule.priority,
        urgent=rule.urgent, decided_at=now, expires_at=None if rule.valid_for is None else _began(c.match, now) + rule.valid_for, arm="treatment",
        cause=event_ids(c.match.events)[0],
    )  # fmt: skip


def _began(match: Match, now: float) -> float:
    """From when a nudge is valid: to wait does not lengthen it."""
    return now if match.queued_at is None else match.queued_at


def _words(c: Candidate) -> tuple[str, str, str | None]:
    """Title, body and what is spoken, in the partner's language."""
    if c.rule.message is None:
        module = next(m for m, _ in c.rule.best_of if m.name == c.module)
        return module.titles[c.language], module.link, None
    text = c.rule.message.texts[c.language]
    title, body, speak = (messages.fill(part, c.holes or {}, c.rule.measures, c.language) for part in (text.title, text.body, text.speak))
    return title, body, speak or None
