"""What the partners of one partition share: seats taken and money promised, by rule.

A limit over all workers is split over the partitions beforehand, so that nobody has to be asked and the limit is never passed. The house is
derived from the partners' own states: it is built anew from them when a partition comes up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segments.state import PartnerState
    from training_rules.rules import Rule, Rules


class House:
    """Partition `part` of `parts`. `dropped`: what its partners' states had no room for since it came up here. Seats and promises are kept as the moments (s since the epoch) of the sends that took them, oldest first."""

    __slots__ = ("dropped", "part", "parts", "promised", "taken")

    def __init__(self, part: int = 0, parts: int = 1) -> None:
        self.part, self.parts, self.dropped = part, parts, 0
        self.taken: dict[str, list[float]] = {}
        self.promised: dict[str, list[float]] = {}

    def has_seat(self, rule: Rule, seats: float | None, now: float) -> bool:
        """Whether one of `seats` (None: unknown, so none is known to be free) is free. A seat is held for the rule's `valid_for`, else its cooldown."""
        if seats is None:
            return False
        share = (floor(max(seats, 0)) + self.parts - 1 - self.part) // self.parts
        return _alive(self.taken, rule.name, rule.seat_span, now) < share

    def has_budget(self, rule: Rule, now: float) -> bool:
        """Whether the partition's part of the budget holds one more bonus."""
        offer = rule.offer
        if offer is None:
            return True
        promised = _alive(self.promised, rule.name, offer.budget_per, now)
        return (promised + 1) * offer.bonus <= offer.budget / self.parts

    def take(self, rule: Rule, now: float, *, paid: bool) -> None:
        """A send, or a ghost (`paid` False), which takes a seat as a send does but promises no money."""
        if rule.seats is not None:
            self.taken.setdefault(rule.name, []).append(now)
        if rule.offer is not None and paid:
            self.promised.setdefault(rule.name, []).append(now)

    def remember(self, sends: Iterable[tuple[str, Mapping[int, Sequence[float]]]], rules: Rules) -> None:
        """Take in what partners were sent before, `(partner, moments by slot id)`; once, when they come from a snapshot. Nothing is read where no rule shares."""
        self._remember(sends, rules, _sharing(rules))

    def change(self, before: Rules, after: Rules, sends: Callable[[], Iterable[tuple[str, Mapping[int, Sequence[float]]]]]) -> None:
        """Another rule set from now on. What rules share that did not before, and were there, is taken from what their partners were sent; all partners are
        asked for it only then."""
        known, shared = {r.name for r in before.rules if r.nudge}, {r.name for r in _sharing(before)}
        sharing = _sharing(after)
        for kept in (self.taken, self.promised):
            for name in kept.keys() - {r.name for r in sharing}:
                del kept[name]
        if new := [r for r in sharing if r.name in known - shared]:
            self._remember(sends(), after, new)

    def _remember(self, sends: Iterable[tuple[str, Mapping[int, Sequence[float]]]], rules: Rules, sharing: Sequence[Rule]) -> None:
        if not sharing:
            return
        slots = [(rule, rules.slot_ids[rule.sends_slot]) for rule in sharing]
        for who, moments in sends:
            for rule, slot in slots:
                for at in moments.get(slot) or ():
                    self.take(rule, at, paid=not rules.is_control(rule, who))
        for kept in (*self.taken.values(), *self.promised.values()):
            kept.sort()

    def forget(self, s: PartnerState, rules: Rules) -> None:
        """Give back what an erased partner had: after a restart nobody could know of it, and limits must not depend on restarts."""
        for rule in rules.rules:
            for at in s.slots[rule.sends_slot] or () if rule.nudge else ():
                for kept in (self.taken, self.promised):
                    if at in kept.get(rule.name, ()):
                        kept[rule.name].remove(at)


def _sharing(rules: Rules) -> list[Rule]:
    """The rules of which there is only so much for all partners together."""
    return [r for r in rules.rules if r.nudge and r.mode == "live" and (r.seats is not None or r.offer is not None)]


def _alive(kept: dict[str, list[float]], name: str, span: float, now: float) -> int:
    """How many of the moments are less than `span` ago; the others are forgotten."""
    moments = kept.get(name)
    if not moments:
        return 0
    gone = 0
    while gone < len(moments) and moments[gone] + span <= now:
        gone += 1
    del moments[:gone]
    return len(moments)
