"""Whom the live rules of a partition reached, and who of them opted out: read from the partners' own states, which know it after any restart.

A partner counts once, however often they were sent it: shares are of people, and people decide for themselves. Ghosts count as reached, as they take seats
and caps; only who saw the nudge can opt out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

from segments.facts import OUT
from training_rules.rules import Rule, Rules

#: Who wants no more of any rule, says so of the last that they were sent, if that is not older than this (s).
BLAMED = 86_400.0


class Limits(NamedTuple):
    """What a rule set allows: of the active partners, `share` (None: all) in `per` seconds; of those who were sent it, `opt_outs` in `opt_per` seconds; nothing
    is concluded of fewer than `fewest`."""

    share: float | None
    per: float
    opt_outs: float
    opt_per: float
    fewest: int


class Reached(NamedTuple):
    """Partners whom a rule reached in `per`; whom it was sent to in `opt_per`; who of these opted out of it."""

    reached: int
    sent: int
    out: int


def limits(rules: Rules) -> Limits:
    """The limits of a rule set's policy."""
    policy = rules.policy
    share, per = policy.max_share or (None, policy.guard.opt_outs[1])
    return Limits(share, per, *policy.guard.opt_outs, policy.guard.min_partners)


def watched(rules: Rules) -> list[Rule]:
    """The rules that may pause themselves: all that send."""
    return [rule for rule in rules.rules if rule.nudge and rule.mode == "live" and not rule.paused]


class Reach:
    """Looks at partners one by one, for stream time `at` (s). `since`: from when on (s) rules count, that had been paused."""

    def __init__(self, rules: Rules, since: Mapping[str, float], at: float) -> None:
        self._rules, self._at, self.limits = rules, at, limits(rules)
        self._watched = {rules.slot_ids[rule.sends_slot]: (rule, since.get(rule.name, -inf)) for rule in watched(rules)}
        self._live = [(rule, rules.slot_ids[rule.sends_slot]) for rule in rules.rules if rule.nudge and rule.mode == "live"]
        self._found = {rule.name: [0, 0, 0] for rule, _ in self._watched.values()}
        self.active = 0

    def look(self, who: str, now: float, moments: Mapping[int, Sequence[float]], noted: Mapping[str, Any]) -> None:
        """Count a partner whose state has come up to `now` (s), who was sent what at which moments by slot id, and what they noted."""
        self.active += now > self._at - self.limits.per
        if not moments:
            return
        blamed = self._blamed(who, moments, noted) if noted else ()
        for slot, sent in moments.items():
            if sent and (found := self._watched.get(slot)) is not None and sent[-1] >= found[1]:
                self._count(found[0], who, sent[-1], out=found[0].name in blamed)

    def _count(self, rule: Rule, who: str, last: float, *, out: bool) -> None:
        found, limits = self._found[rule.name], self.limits
        found[0] += last > self._at - limits.per
        if last > self._at - limits.opt_per and not self._rules.is_control(rule, who):
            found[1] += 1
            found[2] += out

    def _blamed(self, who: str, moments: Mapping[int, Sequence[float]], noted: Mapping[str, Any]) -> set[str]:
        """The rules that a partner opted out of: those that they named, and for all rules the last one that they were sent before."""
        named = {name.removeprefix(OUT) for name in noted if name.startswith(OUT)}
        if "" not in named:
            return named
        (at,) = noted[OUT]
        before = [
            (sent[-1], rule.name) for rule, slot in self._live
            if (sent := moments.get(slot)) and at - BLAMED < sent[-1] <= at and not self._rules.is_control(rule, who)
        ]  # fmt: skip
        return named | ({max(before)[1]} if before else set())

    def counted(self) -> dict[str, Reached]:
        """By rule, of those that reached anybody."""
        return {name: Reached(*found) for name, found in self._found.items() if any(found)}
