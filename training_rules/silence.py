"""What a corridor does about feeds that are not heard of: whose timers wait, and until when.

Two things are told: how far a feed is heard of (`heard`), and that it is frozen or back (`freeze`, `thaw`). A timer goes when its deadline is passed by all
feeds that it hangs on; that is asked when a timer is due, and never of an event. Nothing of it is in the partners' states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from events.outputs import Verdict
from events.structs import OUTPUT_STRUCTS, Tick
from segments.state import PartnerState
from training_rules.decisions import make_id
from training_rules.engine import earliest, first_look, step
from training_rules.frozen import Freeze, names_of

if TYPE_CHECKING:
    from training_rules.corridor import Corridor, Entry
    from training_rules.rules import Rules

_Decision = OUTPUT_STRUCTS["decision"]
NOBODY: frozenset[int] = frozenset()


class Silence:
    """`frozen`: the rules while feeds are frozen; None while none is. `base`: the rules without it. `parked`: whose timers are frozen, with the moment at
    which they want to be woken for them (inf: they are awake); `waiting`: by feed, whose timers wait for it to pass their deadlines."""

    def __init__(self, corridor: Corridor) -> None:
        self._corridor, self.base = corridor, corridor.rules
        self.frozen: Freeze | None = None
        self._heard: Mapping[str, float] = {}
        self.parked: dict[str, float] = {}
        self.waiting: dict[str, set[str]] = {}

    @property
    def known(self) -> dict[str, float]:
        """Up to when (s) the frozen feeds are known."""
        return {} if self.frozen is None else dict(self.frozen.known)

    # -- what is told

    def hear(self, heard: Mapping[str, float]) -> None:
        """So far feeds are heard of (s of event time); of others nothing is asked. Those who waited for one that has come further are looked at again."""
        before, self._heard = self._heard, heard
        for feed in [feed for feed in self.waiting if heard.get(feed, inf) > before.get(feed, inf) or feed not in heard]:
            self._rearm(self.waiting.pop(feed))

    def freeze(self, known: Mapping[str, float], at: float, why: Mapping[str, str]) -> Sequence[Any]:
        """From now on these feeds are known only up to the moments given; `why`, in a word each. Returns what the ledger says of it."""
        new = {feed: until for feed, until in known.items() if feed not in self.known}
        if not new:
            return ()
        self._turn({**self.known, **new})
        return (self._said(Verdict.FROZEN, new, at, why),)

    def thaw(self, feeds: Iterable[str], at: float) -> Sequence[Any]:
        """These feeds are back, and what they brought late is applied. Whose timers waited is looked at by the next `advance`."""
        known = self.known
        back = {feed: known.pop(feed) for feed in feeds if feed in known}
        if not back:
            return ()
        out = self._brought_up(self.parked)
        parked, self.parked = self.parked, {}
        said = self._said(Verdict.THAWED, back, at, {})
        self._turn(known)
        self._rearm(parked)
        return [*out, said]

    def change(self, base: Rules) -> None:
        """Another rule set from now on."""
        self.base = base
        parked, self.parked = self.parked, {}
        self._turn(self.known)
        self._rearm(parked)

    def _turn(self, known: Mapping[str, float]) -> None:
        before, self.frozen = self.frozen, Freeze(self.base, known) if known else None
        if self.frozen is not None and before is not None:
            self.frozen.go_on(before)
        self._corridor.rules = self.base if self.frozen is None else self.frozen.rules

    def _brought_up(self, whom: Iterable[str]) -> list[Any]:
        """Their own time comes to stream time before what is overdue is looked at: a nudge that is no longer valid is not sent."""
        corridor, now, out, frozen = self._corridor, self._corridor.stream_time, list[Any](), self._corridor.rules.frozen
        for who in list(whom):
            state = corridor.partners.get(who)
            if state is not None and state.now < now and any(state.dues[n] <= now for n in frozen):
                self.keep_back(state)
                corridor.changes(state)
                out += step(state, Tick(now), corridor.rules)
                out += first_look(state, now, corridor.rules) if state.unseen else ()
        return out

    def _rearm(self, whom: Iterable[str]) -> None:
        partners, frozen = self._corridor.partners, self._corridor.rules.frozen
        for who in whom:
            state = partners.get(who)
            if state is None or who in partners.erased:
                continue
            state.next_due = earliest(state, NOBODY)
            if earliest(state, frozen) > state.next_due:
                self.parked[who], state.next_due = inf, earliest(state, frozen)
            self._corridor.watch(state)

    def _said(self, verdict: Verdict, feeds: Mapping[str, float], at: float, why: Mapping[str, str]) -> Any:
        """One entry of the ledger for all partners of a partition."""
        part, rules = self._corridor.house.part, self.base
        timers = [n for n, mine in enumerate(rules.feeds) if mine & feeds.keys()]
        evidence = {"feeds": sorted(feeds), "known_until": dict(feeds), "why": dict(why), "rules": names_of(rules, timers), "partition": part}
        identity = make_id(verdict, str(part), repr(sorted(feeds.items())), "" if verdict is Verdict.FROZEN else repr(at))
        return _Decision(
            decision_id=identity, partner_id="", rule="", rule_version="", ruleset_version=rules.version, verdict=verdict, reason=None, decided_at=at,
            cause="-", evidence=evidence, nudge_id=None,
        )  # fmt: skip

    # -- timers

    @property
    def active(self) -> bool:
        """Whether anything may keep a timer back."""
        return bool(self._heard) or self.frozen is not None

    def left_out(self, state: PartnerState, due: float) -> frozenset[int]:
        """The timers that are due and do not go, and those that are frozen."""
        rules, unheard = self._corridor.rules, self._unheard(state, due)
        for feed in unheard.values():
            self.waiting.setdefault(feed, set()).add(state.partner_id)
        if any(state.dues[n] != inf for n in rules.frozen):
            self.parked[state.partner_id] = inf
        return rules.frozen | unheard.keys() if unheard else rules.frozen

    def keep_back(self, state: PartnerState) -> None:
        """Before somebody's own time comes to stream time: what is due by then, and does not go. Who was at rest has it for their next timer."""
        now = self._corridor.stream_time
        state.next_due = earliest(state, self.left_out(state, now))

    def _unheard(self, state: PartnerState, until: float) -> dict[int, str]:
        """The timers due by then that are not frozen, and wait: each with a feed that is not heard of from after its deadline."""
        rules, heard = self._corridor.rules, self._heard
        due = [(number, at) for number, at in enumerate(state.dues) if at <= until and number not in rules.frozen]
        return {number: feed for number, at in due for feed in rules.feeds[number] if heard.get(feed, inf) < at}

    def rests(self, state: PartnerState, due: float) -> float:
        """When somebody who goes to rest is to be woken, who would be `due`, were nothing frozen."""
        if not self.active:
            return due
        later = earliest(state, self._corridor.rules.frozen | self._unheard(state, self._corridor.stream_time).keys())
        if later <= due:
            return due
        self.parked[state.partner_id] = due
        return later

    # -- events

    def feed_all(self, entries: Sequence[Entry], sources: Sequence[str]) -> list[Any]:
        """`Corridor.feed_all` while feeds are frozen: their events one by one, those of others as ever."""
        assert self.frozen is not None
        kinds, corridor, out, begin = self.frozen.family_of, self._corridor, list[Any](), 0
        for at, (_, source, offset, event) in enumerate(entries):
            if event.__class__ in kinds:
                out += corridor.run_through(entries[begin:at], sources)
                out += corridor.feed(event, sources[source], offset)
                begin = at + 1
        return out + corridor.run_through(entries[begin:], sources)

    def step(self, state: PartnerState, event: Any) -> Sequence[Any]:
        """`step` while feeds are frozen. What a frozen feed brings is late only by its own time."""
        frozen = self.frozen
        assert frozen is not None
        family = frozen.family_of.get(event.__class__)
        if family is None:
            return step(state, event, frozen.rules)
        if not frozen.takes(event):
            return step(state, event, self.base)
        out = frozen.overdue(state, family, event.occurred_at)
        with frozen.applying(family, event.occurred_at):
            return [*out, *step(state, event, frozen.rules)]
