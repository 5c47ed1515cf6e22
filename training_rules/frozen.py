"""Rules while feeds are silent: nothing is concluded from the absence of what nobody can hear.

A frozen timer stays where it is. A segment or a `holds` that hangs on the feed is looked at by the feed's own time: up to where it is known, and on with what
it brings late; so events of other feeds can't carry it over a deadline. What began meanwhile keeps its own time. The state of a partner knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import inf, nextafter
from typing import Any

from events import FAMILIES
from events.structs import STRUCTS
from segments.state import PartnerState
from training_rules.engine import earliest, fire
from training_rules.patterns import LATENESS, put, wait
from training_rules.rules import Rules

Feeds = frozenset[str]


class Freeze:
    """`base` while some feeds are known up to a moment only (`known`: s of event time, by family): `rules` are to run instead."""

    def __init__(self, base: Rules, known: Mapping[str, float]) -> None:
        self.base, self.known = base, dict(known)
        self.feeds = frozenset(known)
        self.hanging = {n: mine for n, feeds in enumerate(base.feeds) if (mine := feeds & self.feeds)}
        self.family_of = {STRUCTS[event]: family for family in known for event in FAMILIES[family].types}
        self.begun: dict[tuple[str, int], float] = {}  # by partner and timer: before this a stretch of truth can't have begun
        self._family, self._at = "", -inf  # of the late event that is applied now
        assert base.remake is not None
        lateness = {kind: inf if kind in self.family_of else late for kind, late in base.lateness.items()}
        made = base.remake(self._wrap)
        recall = base.recall if base.recall is None else replace(base.recall, lateness=inf)  # what was sent before the silence was noticed may be disproved late
        self.rules = replace(made, frozen=frozenset(self.hanging), lateness=lateness, own=base.own, witness=base.witness, recall=recall)

    def go_on(self, before: Freeze) -> None:
        """Take over what `before` found in the same silence; it may be of another rule set, whose timers have other numbers."""
        numbers, ids = self.base.timer_numbers, before.base.timer_ids
        self.begun |= {(who, numbers[ids[n]]): at for (who, n), at in before.begun.items() if ids[n] in numbers}

    # -- late events

    def takes(self, event: Any) -> bool:
        """Whether an event of a frozen feed is not too late by the feed's own time."""
        return bool(event.occurred_at >= self.known[self.family_of[event.__class__]] - self.base.lateness[event.__class__])

    @contextmanager
    def applying(self, family: str, at: float) -> Iterator[None]:
        """While an event of a frozen feed is applied, what hangs on that feed is looked at by its time."""
        self._family, self._at = family, at
        try:
            yield
        finally:
            self._family, self._at = "", -inf

    def overdue(self, state: PartnerState, family: str, at: float) -> list[Any]:
        """Before a feed's event: the partner's feed is known up to then, so what hangs on it alone and is due goes first."""
        alone = frozenset(n for n, feeds in self.hanging.items() if feeds == {family})
        others = frozenset(range(len(state.dues))) - alone
        if earliest(state, others) > at:
            return []
        with self.applying(family, at):
            out = fire(state, at, self.rules, others)
        state.next_due = earliest(state, self.rules.frozen)
        return out

    # -- looks

    def _wrap(self, functions: dict[str, Any]) -> None:
        for number in self.hanging:
            timer = self.base.timers[number]
            if timer.kind == "segment":
                functions[f"seg_{timer.number}"] = self._segment(number, functions[f"seg_{timer.number}"], self.base.segments[timer.number].slot)
            elif timer.kind == "holds":
                functions[f"hold_{timer.number}"] = self._hold(number, functions[f"hold_{timer.number}"], timer.slot)
        functions["wait"], functions["note"] = self._wait, self._note_end

    def _moments(self, s: PartnerState, number: int, now: float) -> tuple[float, float]:
        """By which time to look, and when what is found there began."""
        feeds = self.hanging[number]
        known = min(self.known[f] for f in feeds)
        if not self._family:
            return min(now, known), now
        at = min(now, max(known, self._at) if feeds == {self._family} else known)
        return at, max(at if feeds == {self._family} else min(now, self._at), self.begun.get((s.partner_id, number), -inf))

    def _note(self, s: PartnerState, number: int, now: float, *, begins: bool) -> None:
        """An event of a feed that is heard decides since when the condition can be true, unless it was true before."""
        if begins and not self._family:
            self.begun[s.partner_id, number] = now

    def _segment(self, number: int, look: Callable[..., bool], slot: int) -> Callable[..., bool]:
        def look_at(s: PartnerState, v: list[Any], now: float) -> bool:
            at, began = self._moments(s, number, now)
            edge, since = (None, None) if v[slot] is None else v[slot][1:3]
            moved = look(s, v, at)
            m = v[slot]
            if m[1] == at != edge:
                m[1] = began
            if m[2] == at != since:
                m[2] = began
            self._note(s, number, now, begins=m[1] is None or m[1] == now)
            return moved

        return look_at

    def _hold(self, number: int, look: Callable[..., str | None], slot: int) -> Callable[..., str | None]:
        def look_at(s: PartnerState, v: list[Any], now: float, cause: str, t: float = -inf) -> str | None:
            at, began = self._moments(s, number, now)
            before = v[slot]
            first = look(s, v, at, cause, t)
            m = v[slot]
            if m is not None and m is not before and m[0] == at:
                m[0] = began
            self._note(s, number, now, begins=m is None or m is not before)
            return first

        return look_at

    def _note_end(self, v: list[Any], number: int, entry: list[Any]) -> None:
        """What ends waits, or completes pairs, is kept for what the frozen feeds bring late."""
        entries = v[number] = v[number] or []
        put(entries, entry)
        oldest = min(entries[-1][0], *self.known.values()) - LATENESS
        while entries[0][0] < oldest:
            del entries[0]

    def _wait(self, s: PartnerState, number: int, timer: int, key: str, t: float, now: float, *rest: Any) -> None:
        """A wait opens however late its event comes: its time is not over before it is looked at."""
        wait(s, number, timer, key, t, nextafter(t, inf) if t < now and timer in self.hanging else now, *rest)


def names_of(rules: Rules, timers: Iterable[int]) -> list[str]:
    """The rules, patterns and segments whose timers these are."""
    found = {rules.segments[t.number].name if t.kind == "segment" else rules.rules[t.number].name for t in map(rules.timers.__getitem__, timers)}
    return sorted(found)
