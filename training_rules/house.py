"""What the partners of one partition share: seats taken and money promised, by rule, and what others make known to them (`crowd`, `turnout`).

A limit over all workers is split over the partitions beforehand, so that nobody has to be asked and the limit is never passed. Seats whose number
comes from a zone's demand are counted in each zone, and split by where the partners are whom that demand concerns. The house is derived from the
partners' own states: it is built anew from them when a partition comes up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import floor, inf, isfinite
from typing import TYPE_CHECKING, Any

from segments.crowd import Crowd, demand_zone
from segments.turnout import Turnout

if TYPE_CHECKING:
    from segments.state import PartnerState
    from training_rules.rules import Rule, Rules

#: Who was left out goes first for so long (s), and so many of one rule and zone are remembered.
LEFT_FOR, MOST_LEFT = 86_400.0, 1000

_ROUNDING = 1e-6  # of a unit of money: three times 1.10 are no more than 3.30

#: `(partner, moments by slot id)` and `(partner, what their conditions and seats noted)`.
Sends = Iterable[tuple[str, Mapping[int, Sequence[float]]]]
Contexts = Iterable[tuple[str, Mapping[str, Any]]]

#: A rule, and the zone whose demand its seats come from; empty where they don't.
Place = tuple[str, str]


class House:
    """Partition `part` of `parts`. `dropped`: what its partners' states had no room for since it came up here. Seats and promises are kept as the moments
    (s since the epoch) of the sends that took them, oldest first. `left`: who found no seat, when, and when they last had one. `live_since`: when (s)
    rules that had been paused went on."""

    __slots__ = ("crowd", "dropped", "left", "live_since", "part", "parts", "promised", "taken", "turnout")

    def __init__(self, part: int = 0, parts: int = 1) -> None:
        self.part, self.parts, self.dropped = part, parts, 0
        self.taken: dict[Place, list[float]] = {}
        self.promised: dict[str, list[float]] = {}
        self.left: dict[Place, dict[str, tuple[float, float]]] = {}
        self.crowd, self.turnout = Crowd(part), Turnout()
        self.live_since: Mapping[str, float] = {}

    # -- seats

    def has_seat(self, rule: Rule, seats: float | None, now: float, s: PartnerState) -> bool:
        """Whether one of `seats` (None: unknown, so none is known to be free) is free for the partner. A seat is held for the rule's `valid_for`, else its
        cooldown. Who had one later than others who were left out lets them go first."""
        place = _place(rule, s, now)
        if seats is None or not isfinite(seats) or place is None:
            return False
        free = self._part(rule, place[1], floor(max(seats, 0)), now) - _alive(self.taken, place, rule.seat_span, now)
        if free > 0 and not self._yields(rule, place, s, free, now):
            return True
        if rule.mode == "live":
            self._leave_out(rule, place, s, now)
        return False

    def _part(self, rule: Rule, zone: str, seats: int, now: float) -> int:
        """The partition's part of so many seats. A zone's is the least that it had while seats that are held now were taken: the parts of all
        partitions add up to `seats` at any time, though not to those of two times together."""
        known = self.crowd.zones.get(zone)
        if not zone or known is None or not known.shares:
            return (seats + self.parts - 1 - self.part) // self.parts
        shares, since = known.shares, now - rule.seat_span
        begun = max((n for n, share in enumerate(shares) if share.since <= since), default=0)
        return min(share.of(seats) for share in shares[begun:])

    def _yields(self, rule: Rule, place: Place, s: PartnerState, free: int, now: float) -> bool:
        """Whether as many as there are seats were left out, and had none since the partner had one."""
        last, left = _last_sent(rule, s), self.left.get(place)
        if left is None or last == -inf:
            return False
        before = sum(1 for who, (at, sent) in left.items() if who != s.partner_id and at + LEFT_FOR > now and sent < last)
        return before >= free

    def _leave_out(self, rule: Rule, place: Place, s: PartnerState, now: float) -> None:
        s.context[f"left:{rule.name}"] = [now, place[1]]
        left = self.left.setdefault(place, {})
        left.pop(s.partner_id, None)
        left[s.partner_id] = now, _last_sent(rule, s)
        if len(left) > MOST_LEFT:
            del left[next(iter(left))]

    def take(self, rule: Rule, now: float, s: PartnerState, *, paid: bool) -> None:
        """A send, or a ghost (`paid` False), which takes a seat as a send does but promises no money."""
        if rule.seats is not None and (place := _place(rule, s, now)) is not None:
            self.taken.setdefault(place, []).append(now)
            if rule.seats_of_zone:
                _note_seat(rule, place[1], s, now)
            self._in(rule, s)
        if rule.offer is not None and paid:
            self.promised.setdefault(rule.name, []).append(now)

    def give_back(self, rule: Rule, at: float, s: PartnerState, *, paid: bool) -> None:
        """What a send that was recalled had taken."""
        noted: list[list[Any]] = s.context.get(f"seat:{rule.name}", [])
        zone = next((zone for when, zone in noted if when == at), "")
        if noted:
            s.context[f"seat:{rule.name}"] = [seat for seat in noted if seat[0] != at]
        for kept in (self.taken.get((rule.name, zone), []), self.promised.get(rule.name, []) if paid else []):
            if at in kept:
                kept.remove(at)

    def _in(self, rule: Rule, s: PartnerState) -> None:
        """The partner is not left out any more."""
        if (noted := s.context.pop(f"left:{rule.name}", None)) is not None:
            self.left.get((rule.name, noted[1]), {}).pop(s.partner_id, None)

    # -- budgets

    def has_budget(self, rule: Rule, now: float) -> bool:
        """Whether the partition's part of the budget holds one more bonus."""
        offer = rule.offer
        if offer is None:
            return True
        promised = _alive(self.promised, rule.name, offer.budget_per, now)
        return (promised + 1) * offer.bonus <= offer.budget / self.parts + _ROUNDING

    # -- from the partners' states

    def remember(self, sends: Sends, contexts: Contexts, rules: Rules) -> None:
        """Take in what partners were sent before, `(partner, moments by slot id)`, and what they noted; once, when they come from a snapshot. Nothing is
        read where no rule shares."""
        self._remember(sends, contexts, rules, _sharing(rules))

    def change(self, before: Rules, after: Rules, sends: Callable[[], Sends], contexts: Callable[[], Contexts]) -> None:
        """Another rule set from now on. What rules share that did not before, and were there, is taken from what their partners were sent; all partners are
        asked for it only then."""
        known, shared = {r.name for r in before.rules if r.nudge}, {(r.name, r.seats_of_zone) for r in _sharing(before)}
        sharing = _sharing(after)
        still = {(r.name, r.seats_of_zone) for r in sharing} & shared
        names = {name for name, _ in still}
        for places in (self.taken, self.left):
            for place in [place for place in places if place[0] not in names]:
                del places[place]
        for name in self.promised.keys() - names:
            del self.promised[name]
        if new := [r for r in sharing if r.name in known and (r.name, r.seats_of_zone) not in still]:
            self._remember(sends(), contexts(), after, new)

    def _remember(self, sends: Sends, contexts: Contexts, rules: Rules, sharing: Sequence[Rule]) -> None:
        if not sharing:
            return
        seated, last = [r for r in sharing if r.seats is not None], dict[tuple[str, str], float]()
        for who, moments in sends:
            for rule in sharing:
                if sent := moments.get(rules.slot_ids[rule.sends_slot]):
                    self._remember_sends(rule, sent, paid=not rules.is_control(rule, who))
                    last[rule.name, who] = sent[-1]
        for who, context in contexts if seated else ():
            self._remember_seats(who, context, seated, last)
        for kept in (*self.taken.values(), *self.promised.values()):
            kept.sort()
        self.left = {place: dict(sorted(left.items(), key=lambda item: (item[1][0], item[0]))) for place, left in self.left.items()}

    def _remember_sends(self, rule: Rule, sent: Sequence[float], *, paid: bool) -> None:
        if rule.seats is not None and not rule.seats_of_zone:
            self.taken.setdefault((rule.name, ""), []).extend(sent)
        if rule.offer is not None and paid:
            self.promised.setdefault(rule.name, []).extend(sent)

    def _remember_seats(self, who: str, context: Mapping[str, Any], seated: Sequence[Rule], last: Mapping[tuple[str, str], float]) -> None:
        for rule in seated:
            for at, zone in context.get(f"seat:{rule.name}", ()):
                self.taken.setdefault((rule.name, zone), []).append(at)
            if (noted := context.get(f"left:{rule.name}")) is not None:
                self.left.setdefault((rule.name, noted[1]), {})[who] = noted[0], last.get((rule.name, who), -inf)

    def forget(self, s: PartnerState, rules: Rules) -> None:
        """Give back what an erased partner had: after a restart nobody could know of it, and limits must not depend on restarts."""
        for rule in rules.rules:
            if not rule.nudge:
                continue
            seats = [(rule.name, zone) for _, zone in s.context.get(f"seat:{rule.name}", ())] or [(rule.name, "")]
            promised = [] if rules.is_control(rule, s.partner_id) else self.promised.get(rule.name, [])
            for at in s.slots[rule.sends_slot] or ():
                for kept in (*(self.taken.get(place, []) for place in seats), promised):
                    if at in kept:
                        kept.remove(at)
            self._in(rule, s)
        self.crowd.leave(s)
        self.turnout.gone(s.partner_id)


def _place(rule: Rule, s: PartnerState, now: float) -> Place | None:
    """Where the partner's seat is counted; None where nobody knows."""
    if not rule.seats_of_zone:
        return rule.name, ""
    zone = demand_zone(s, now)
    return None if zone is None else (rule.name, zone)


def _last_sent(rule: Rule, s: PartnerState) -> float:
    sent = s.slots[rule.sends_slot]
    return sent[-1] if sent else -inf


def _note_seat(rule: Rule, zone: str, s: PartnerState, now: float) -> None:
    """The partner keeps in which zone their seats are."""
    noted = s.context.get(f"seat:{rule.name}", ())
    s.context[f"seat:{rule.name}"] = [*([at, where] for at, where in noted if at + rule.seat_span > now), [now, zone]]


def _sharing(rules: Rules) -> list[Rule]:
    """The rules of which there is only so much for all partners together."""
    return [r for r in rules.rules if r.nudge and r.mode == "live" and (r.seats is not None or r.offer is not None)]


def _alive(kept: dict[Any, list[float]], name: Any, span: float, now: float) -> int:
    """How many of the moments are less than `span` ago; the others are forgotten."""
    moments = kept.get(name)
    if not moments:
        return 0
    gone = 0
    while gone < len(moments) and moments[gone] + span <= now:
        gone += 1
    del moments[:gone]
    return len(moments)
