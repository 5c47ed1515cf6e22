"""What a partner's state holds open of a rule: partial matches, waits, stretches of truth, episodes, and what waits in the queue, each with its evidence
and when it is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from rulebook.model import Happens, Holds, InSequence, Nudge, Pattern, Segment
from rulebook.units import spell
from segments.state import PartnerState
from training_rules.rules import Rule, Rules
from training_rules.traces import event_ids
from training_rules.triggers import key_of


@dataclass(frozen=True, slots=True)
class Open:
    """Something that has begun. `what`: a few words; `since`: when (s since the epoch); `due`: when it comes about if nothing else happens; `until`: when
    it is over if nothing else happens; `have` of `need` events, in `events` (ids, oldest first); `key`: the value of `same`."""

    kind: str
    what: str
    since: float
    due: float | None = None
    until: float | None = None
    have: int = 0
    need: int = 0
    key: str = ""
    events: tuple[str, ...] = ()


def opened(definition: Nudge | Pattern, s: PartnerState, now: float, rules: Rules) -> tuple[Open, ...]:
    """What is open of a rule's or a pattern's trigger at a moment."""
    numbers = {slot.key: slot.number for slot in rules.slots}
    match definition.trigger:
        case Happens() as trigger:
            waiting = s.slots[numbers["wait:" + key_of(definition)]] if trigger.without else None
            counting = s.slots[numbers[key_of(definition)]] if trigger.times > 1 else None
            return (*_counts(trigger, counting or {}, now), *_waits(trigger, waiting or (), now))
        case InSequence() as trigger:
            return tuple(_sequences(trigger, s.slots[numbers[key_of(definition)]] or [[], []], now))
        case Holds() as trigger:
            return tuple(_holds(trigger, s.slots[numbers[key_of(definition)]]))
        case _:
            return ()


def _counts(trigger: Happens, slot: dict[str, list[list[Any]]], now: float) -> Iterator[Open]:
    for key, entries in slot.items():
        found = _row(entries) if trigger.in_a_row else [e for e in entries if e[0] + trigger.within > now]
        if found:
            until = None if trigger.in_a_row else found[0][0] + trigger.within
            how = "in a row" if trigger.in_a_row else f"within {spell(trigger.within)}"
            what = f"{len(found)} of {trigger.times} {trigger.step.event} {how}"
            yield Open("count", what, found[0][0], None, until, len(found), trigger.times, str(key), _ids([e[1] for e in found]))


def _row(entries: Sequence[list[Any]]) -> list[list[Any]]:
    """Those at the end that count."""
    found: list[list[Any]] = []
    for entry in reversed(entries):
        if not entry[1]:
            break
        found.insert(0, entry)
    return found


def _waits(trigger: Happens, slot: Sequence[list[Any]], now: float) -> Iterator[Open]:
    for since, key, _first, events, _args in slot:
        what = f"{trigger.step.event}, without {' or '.join(trigger.without)} for {spell(trigger.wait)}"
        yield Open("wait", what, since, since + trigger.wait, key=str(key), events=_ids(events))


def _sequences(trigger: InSequence, slot: list[Any], now: float) -> Iterator[Open]:
    for match in slot[0]:
        since, key = match[0], str(match[1])
        step, events = (match[2], match[3]) if len(match) > 3 else (1, [match[2]])  # a pair has no number: its second is awaited
        if since + trigger.within > now:
            steps = trigger.steps
            what = f"step {step} of {len(steps)}; {steps[step].event} is next, within {spell(trigger.within)}"
            yield Open("sequence", what, since, None, since + trigger.within, step, len(steps), key, _ids(events))


def _holds(trigger: Holds, slot: list[Any] | None) -> Iterator[Open]:
    if slot is not None:
        since, fired, cause = slot
        what = "true without a break" + (f", and {' or '.join(trigger.without)} did not come" if trigger.without else "")
        what += "; it has fired" if fired else f"; fires after {spell(trigger.wait)}"
        yield Open("holds", what, since, None if fired else since + trigger.wait, events=() if str(cause).startswith("@") else _ids([cause]))


def _ids(events: Sequence[Any]) -> tuple[str, ...]:
    return tuple(event_ids(events))


def moving(segment: Segment, membership: list[Any] | None) -> Open | None:
    """A partner on the way into a segment, or out of it: the condition is true, and not for long enough yet."""
    if membership is None or membership[1] is None:
        return None
    edge = segment.exit if membership[0] else segment.enter
    return Open("segment", f"on the way {'out' if membership[0] else 'in'}: {spell(edge.hold)} it has to be true", membership[1], membership[1] + edge.hold)


def episodes(rule: Rule, s: PartnerState) -> tuple[Open, ...]:
    """Nudges, and ghosts, that wait to see whether the pain goes away."""
    if rule.clears is None:
        return ()
    within = rule.clears.within
    return tuple(
        Open("episode", f"{'ghost' if control else 'nudge'} {identity}: cleared within {spell(within)}?", at, at + within, events=(identity,))
        for at, identity, control in s.slots[rule.clears.slot] or ()
    )


def queued(s: PartnerState, rules: Rules) -> Iterator[tuple[str, Open]]:
    """What waits to be shown, each with the name of its rule."""
    if rules.queue is not None and (waiting := s.slots[rules.queue.slot]) is not None:
        name, events, _args, _fields, key, since, *_ = waiting
        due = s.dues[rules.queue.timer]
        yield name, Open("queued", "waits for the end of quiet hours", since, None if due == inf else due, key=str(key), events=_ids(events))
    if rules.waiting is not None:
        for name, (_version, events, _args, _fields, key, since, _control, until, _span) in (s.slots[rules.waiting.slot] or {}).items():
            yield name, Open("queued", f"waits until {_safe(s)}", since, None, until, key=str(key), events=_ids(events))


def _safe(s: PartnerState) -> str:
    """When a nudge may be shown that waits."""
    return "drop-off" if s.orders else "the partner stands still"


def timers(s: PartnerState, rules: Rules) -> Iterator[tuple[str, str, float]]:
    """What the partner's timers are set for: kind, name of the segment or rule, and when they are due; the soonest first."""
    found = []
    for timer, due in zip(rules.timers, s.dues, strict=True):
        if due != inf:
            name = "" if timer.number < 0 else rules.segments[timer.number].name if timer.kind == "segment" else rules.rules[timer.number].name
            found.append((timer.kind, name, due))
    yield from sorted(found, key=lambda t: (t[2], t[0], t[1]))


