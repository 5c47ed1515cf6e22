"""All gates of delivery that hold a match back, not only the first: policy itself is asked again and again, each time with what it named taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from events.outputs import HoldReason
from rulebook.units import counted, spell
from segments import clock, facts
from segments.state import PartnerState
from training_rules.found import Match
from training_rules.policy import Candidate, refusal
from training_rules.rules import Rule, Rules

Trial = tuple[PartnerState, Rule, Rules, Match]


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that does not let a match pass, what it goes by, and when it opens by itself (s since the epoch; None where that can't be told)."""

    reason: HoldReason
    note: str = ""
    opens_at: float | None = None


def held_by(s: PartnerState, now: float, match: Match, rules: Rules) -> tuple[Gate, ...]:
    """The gates that hold a match at a moment, in the order of policy: the first is the reason of the decision."""
    return tuple(_holding(s, now, match, rules))


def held_now(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[Gate, ...]:
    """The gates that would hold the rule if it matched at this moment. What its message needs from the event is not known before."""
    gates = held_by(s, now, Match(rule.number, ["-"], {}, {}), rules)
    return tuple(gate for gate in gates if gate.reason is not HoldReason.MISSING_VALUE)


def _holding(s: PartnerState, now: float, match: Match, rules: Rules) -> Iterator[Gate]:
    trial: Trial = copy(s), rules.rules[match.trigger], rules, match
    asked = Counter[HoldReason]()
    while (reason := refusal(trial[0], now, Candidate(trial[1], trial[3]), trial[2])) is not None:
        asked[reason] += 1
        if asked[reason] == 1:
            yield Gate(reason, *_told(reason, s, now, trial))
        if reason not in _WITHOUT or asked[reason] > len(_WITHOUT[reason]):
            return
        trial = _WITHOUT[reason][asked[reason] - 1](*trial)


def _rule(**changes: Any) -> Callable[..., Trial]:
    return lambda s, rule, rules, match: (s, replace(rule, **changes), rules, match)


def _policy(**changes: Any) -> Callable[..., Trial]:
    def without(s: PartnerState, rule: Rule, rules: Rules, match: Match) -> Trial:
        return s, rule, replace(rules, ruleset=replace(rules.ruleset, policy=replace(rules.policy, **changes))), match

    return without


def _state(**changes: Callable[[PartnerState], Any]) -> Callable[..., Trial]:
    def without(s: PartnerState, rule: Rule, rules: Rules, match: Match) -> Trial:
        for name, value in changes.items():
            setattr(s, name, value(s))
        return s, rule, rules, match

    return without


def _not_queued(s: PartnerState, rule: Rule, rules: Rules, match: Match) -> Trial:
    return s, rule, rules, msgspec.structs.replace(match, queued_at=None)


#: What is taken away of a rule, the policy, the partner or the match, one after the other, until the gate opens.
_WITHOUT: dict[HoldReason, tuple[Callable[..., Trial], ...]] = {
    HoldReason.MODE_OFF: (_rule(paused=False),), HoldReason.STALE: (_rule(still=None), _not_queued), HoldReason.CONDITION: (_rule(condition=None),),
    HoldReason.EXPIRED: (_rule(valid_for=None), _rule(expires=None), _not_queued), HoldReason.OUTSIDE_HOURS: (_rule(hours=None, days=()),),
    HoldReason.ROLLOUT: (_rule(rollout=1.0),), HoldReason.COOLDOWN: (_rule(cooldown=0.0),), HoldReason.MAX: (_rule(max=None),),
    HoldReason.NO_CONSENT: (_state(profile=lambda s: {**s.profile, "consent": True}),), HoldReason.OPTED_OUT: (_state(opted_out=lambda _: []),),
    HoldReason.QUIET_HOURS: (_policy(quiet_hours=None),), HoldReason.CAP: (_policy(caps=()),), HoldReason.NOT_SAFE_NOW: (_policy(never_while=""),),
    HoldReason.SEATS: (_rule(seats=None),), HoldReason.BUDGET: (_rule(offer=None),),
}  # fmt: skip


def _told(reason: HoldReason, s: PartnerState, now: float, trial: Trial) -> tuple[str, float | None]:
    """What a gate goes by, and when it opens."""
    rule, rules = trial[1], trial[2]
    teller = _TELLERS.get(reason)
    return teller(s, now, rule, rules) if teller is not None else ("", None)


def _paused(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, None]:
    return "paused: `nudgeline rules history` says by whom and why", None


def _cooldown(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, float]:
    last = rule.moments(s)[-1]
    what = "send" if last in (s.slots[rule.sends_slot] or ()) else "shadow"
    return f"{spell(rule.cooldown)} from the last {what}", last + rule.cooldown


def _max(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, float | None]:
    assert rule.max is not None
    most, span = rule.max
    return f"{counted(most, 'send')} in {spell(span)}", _room([at for at in rule.moments(s) if at + span > now], most, span)


def _cap(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, float | None]:
    full = [(most, span, sent) for most, span in rules.policy.caps if len(sent := [at for at in s.sends if at + span > now]) >= most]
    opens = max(_room(sent, most, span) for most, span, sent in full)
    return "of all rules: " + " and ".join(f"{counted(most, 'send')} in {spell(span)}" for most, span, _ in full), opens


def _room(sent: list[float], most: int, span: float) -> float:
    """When so many have left that one more has room."""
    return sorted(sent)[-most] + span


def _quiet(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, float]:
    hours = rules.policy.quiet_hours
    assert hours is not None
    return f"{_clock(hours[0])}-{_clock(hours[1])} where the partner is", clock.next_time_of_day(s, now, hours[1] % clock.DAY)


def _outside(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, float | None]:
    shown = [f"{_clock(rule.hours[0])}-{_clock(rule.hours[1])}"] if rule.hours else []
    outside = rule.hours is not None and not clock.within_hours(s, now, rule.hours)
    opens = clock.next_time_of_day(s, now, rule.hours[0] % clock.DAY) if rule.hours and outside and not rule.days else None
    return "sends only " + " ".join([*shown, *([", ".join(rule.days)] if rule.days else [])]), opens


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}"


def _unsafe(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, float | None]:
    if s.orders:
        return f"on {counted(len(s.orders), 'order')}", None
    return f"moving at {s.speed:g} m/s", s.fix_at + facts.SPEED_FRESH


def _rollout(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, None]:
    return f"not among the {rule.rollout:.0%} who get it", None


def _opted_out(s: PartnerState, now: float, rule: Rule, rules: Rules) -> tuple[str, None]:
    return "of all nudges" if "" in s.opted_out else "of this rule", None


_TELLERS: dict[HoldReason, Callable[[PartnerState, float, Rule, Rules], tuple[str, float | None]]] = {
    HoldReason.MODE_OFF: _paused, HoldReason.COOLDOWN: _cooldown, HoldReason.MAX: _max, HoldReason.CAP: _cap, HoldReason.QUIET_HOURS: _quiet, HoldReason.OUTSIDE_HOURS: _outside,
    HoldReason.NOT_SAFE_NOW: _unsafe, HoldReason.ROLLOUT: _rollout, HoldReason.OPTED_OUT: _opted_out,
}  # fmt: skip
