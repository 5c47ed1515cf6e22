"""`step(state, event, rules) -> decisions`: the function that is the system. Live, tests, replay, backtest and simulator all call it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import inf
from typing import Any

from events.structs import Tick
from segments.state import PartnerState
from training_rules.decisions import late_event, outputs
from training_rules.episodes import overdue
from training_rules.found import Found, Match, closed, matched, settle
from training_rules.queue import release
from training_rules.rules import Rule, Rules
from training_rules.traces import Trace, trace
from training_rules.waiting import freed

NOTHING: Sequence[Any] = ()
_MANY_RECENT, _LINGER, _MAX_CHAIN = 8, 1.125, 100

#: Event ids that are remembered of one partner at most: the oldest go first, and are counted; a copy of theirs would count.
MOST_RECENT = 4096


class PatternEvent:
    """A match of a named pattern, as an event of its own: with a trace for an id and, where the pattern has a `same`, its value by that name."""

    def __init__(self, rule: Rule, event_id: Trace, occurred_at: float, partner_id: str, key: Any) -> None:
        self.type, self.event_id, self.occurred_at, self.partner_id = rule.name, event_id, occurred_at, partner_id
        if rule.same:
            setattr(self, rule.same, key)


def step(state: PartnerState, event: Any, rules: Rules) -> Sequence[Any]:
    """Apply one event to its partner and return what was decided, in order: SegmentTransition, Decision and, after the Decision that sends it, Nudge.

    Timers due at or before the event fire first, oldest first, each at its own deadline. `Tick(occurred_at)` only fires timers: stream time has
    come this far. An event older than the partner's stream time is late: it goes where it belongs by its own time, and what it completes is
    decided now; one that is later than its family allows changes nothing and is returned as a dropped Decision. The same `event_id` is applied once.
    """
    t, now, kind = event.occurred_at, state.now, event.__class__
    out: Sequence[Any] = NOTHING
    if t > now:
        if state.next_due <= t:
            out = fire(state, t, rules)
        state.now = now = t
        if kind is Tick:
            return out
    elif kind is Tick:
        return out
    elif now - t > rules.lateness[kind]:
        return late_event(state, event, rules)
    elif kind in rules.deduped and event.event_id in state.recent:
        return out
    if kind in rules.deduped:
        remember(state, event.event_id, now, rules)  # a profile may be of any age, and its copy too
    found = rules.handlers[kind](state, event, t, now)
    if found is None:
        return out
    return [*out, *finish(state, now, found, event.event_id, rules)]


def remember(state: PartnerState, event_id: str, t: float, rules: Rules) -> None:
    """So that the same event sent twice is applied once, for a time from `t` on, the partner's own. Ids are forgotten many at a time, lest an app that sends thousands a second has all of
    them looked at for each."""
    recent = state.recent
    recent[event_id] = t
    if len(recent) <= _MANY_RECENT:
        return
    kept = rules.ids_kept
    if recent[next(iter(recent))] < state.now - kept * _LINGER:
        state.recent = recent = {i: at for i, at in recent.items() if at >= state.now - kept}
    if len(recent) > MOST_RECENT:
        state.recent = dict(list(recent.items())[MOST_RECENT // 4 :])
        state.dropped += MOST_RECENT // 4


def fire(state: PartnerState, until: float, rules: Rules, but: Container[int] | None = None) -> list[Any]:
    """Fire the timers due at or before `until`, oldest first; those of one moment together. Timers `but` (by number; otherwise those that are frozen)
    stay as they are."""
    out: list[Any] = []
    but = rules.frozen if but is None else but
    while (due := _rearmed(state, but)) <= until:
        state.now = max(state.now, due)
        if (found := _moment(state, due, rules, but)) is not None:
            out += finish(state, due, found, f"@{due:.3f}", rules)
    return out


def earliest(state: PartnerState, but: Container[int]) -> float:
    """When the first timer is due, but for some by number; inf where there is none."""
    if not but:
        return min(state.dues, default=inf)
    return min((at for number, at in enumerate(state.dues) if number not in but), default=inf)


def _rearmed(state: PartnerState, but: Container[int]) -> float:
    state.next_due = earliest(state, but)
    return state.next_due


def _moment(state: PartnerState, now: float, rules: Rules, but: Container[int]) -> Found | None:
    """Look at every timed slot that is due: segments first, then what depends on them, then triggers."""
    found, v, cause = Found(), state.slots, f"@{now:.3f}"
    due = [number for number, at in enumerate(state.dues) if at <= now and number not in but]
    if state.unseen:  # since other rules run
        found = rules.first_look(state, v, now, cause) or found
    for number in due:
        timer = rules.timers[number]
        if timer.kind == "segment" and rules.segments[timer.number].look(state, v, now):
            found.moves.append(timer.number)
    settle(state, v, now, found, cause, rules.moved)
    for number in due:
        timer = rules.timers[number]
        if timer.kind == "holds" and (first := rules.holds[timer.number](state, v, now, cause)) is not None:
            matched(found, timer.number, [first], {}, {})
        elif timer.kind == "wait":
            for since, key, _, ids, args in rules.waits_over(state, number, now):
                found.matches.append(Match(timer.number, ids, args, {}, key, span=[since, since + timer.span]))
        elif timer.kind == "episode":
            _look_at_episodes(state, now, found, rules.rules[timer.number])
        elif timer.kind == "queue":
            release(state, found, rules)
        elif timer.kind == "waiting" and rules.waiting is not None and v[rules.waiting.slot]:
            freed(state, now, found, rules.waiting)
    return found if found.moves or found.matches or found.closed or found.overdue else None


def first_look(state: PartnerState, now: float, rules: Rules) -> Sequence[Any]:
    """Other rules run since their last event or timer, and time is to pass them by: whoever reads the state later can't tell any more."""
    found = rules.first_look(state, state.slots, now, cause := f"@{now:.3f}")
    return NOTHING if found is None else finish(state, now, found, cause, rules)


def _look_at_episodes(state: PartnerState, now: float, found: Found, rule: Rule) -> None:
    """Those that are cleared; of those whose time is over, the nudge that follows is a match. After a ghost, only a ghost can follow."""
    clearing = rule.clears
    assert clearing is not None
    if done := clearing.look(state, state.slots, now):
        closed(found, rule.number, done)
    for episode in overdue(state, clearing, now):
        found.overdue.append((rule.number, episode))
        if clearing.otherwise is not None:
            found.matches.append(Match(clearing.otherwise, [episode[1]], {}, {}, control=episode[2]))


def finish(state: PartnerState, now: float, found: Found, cause: str, rules: Rules) -> list[Any]:
    """Patterns become events, in turn, at the same moment; then policy decides on all matches together."""
    at = 0
    most = _MAX_CHAIN if rules.pattern_handlers else 0
    while at < len(found.matches) and at < most:
        match, at = found.matches[at], at + 1
        rule = rules.rules[match.trigger]
        if not rule.nudge:
            identity = trace(rule.name, match, rule.evidence(state, state.slots, now), now)
            event = PatternEvent(rule, identity, now, state.partner_id, match.key)
            more = rules.pattern_handlers[rule.name](state, event, now, now)
            if more is not None:
                found.moves += more.moves
                found.matches += more.matches
                found.closed += more.closed
    return outputs(state, now, found, cause, rules)
