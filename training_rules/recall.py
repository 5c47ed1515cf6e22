"""Recall: a late event that disproves the silence which made a nudge takes the nudge back, unless it was shown.

Slot: `[[rule, version, nudge_id, began, deadline, key, sent_at, verdict], ...]`, oldest first, the sends of the last minutes that can be disproved; None
where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from events.structs import STRUCTS
from rulebook.model import Happens, Holds, Nudge, Pattern
from segments.state import PartnerState
from training_rules.found import Found, Match
from training_rules.patterns import MAX_OPEN
from training_rules.triggers import key_of

if TYPE_CHECKING:
    from segments.slots import Slots
    from training_rules.rules import Rule
    from training_rules.waiting import Waiting

Sent = list[Any]
#: What tells of a nudge that the partner saw it.
SEEN = ("nudge_shown", "nudge_opened", "nudge_dismissed", "nudge_acted")


@dataclass(frozen=True)
class Silence:
    """What a rule waits to be without, for so long (s): its events, each with the field whose value has to be the same (empty: none; None: it ends any wait).
    `stretch`: the number of the slot with the stretch of truth that the silence is part of; None where it begins with an event."""

    number: int
    version: str
    wait: float
    events: Mapping[str, str | None]
    stretch: int | None


@dataclass(frozen=True)
class Recall:
    """Where sends stand that can be disproved; the rules, by name; for how long after its deadline a send can be (s); `queue`: where what waits for the end of
    quiet hours stands, if it does."""

    slot: int
    silences: Mapping[str, Silence]
    lateness: float
    queue: int | None

    @property
    def events(self) -> frozenset[str]:
        return frozenset(event for silence in self.silences.values() for event in silence.events)


def silent(definition: Nudge) -> dict[str, str | None]:
    """The events that a rule's trigger waits to be without; none where it does not wait."""
    match definition.trigger:
        case Happens(without=without, same=same, keep_on_logout=kept) if without:
            ends: dict[str, str | None] = dict.fromkeys(without, same)
            return ends if kept else ends | {"logged_out": None}
        case Holds(without=without) if without:
            return dict.fromkeys(without, "")
        case _:
            return {}


def recall_of(definitions: Sequence[Nudge | Pattern], slots: Slots, lateness: Mapping[type, float], allowed: float, queue: int | None) -> Recall | None:
    """What late events can disprove; None where no rule is about a silence. `lateness` (s) by the class of an event, `allowed` where that has no end."""
    silences = {}
    for number, d in enumerate(definitions):
        if isinstance(d, Nudge) and (ends := {event: same for event, same in silent(d).items() if event in STRUCTS}):
            stretch = slots.slot(key_of(d)) if isinstance(d.trigger, Holds) else None
            silences[d.name] = Silence(number, d.version, getattr(d.trigger, "wait", 0.0), ends, stretch)
    late = [at for silence in silences.values() for event in silence.events if isfinite(at := lateness[STRUCTS[event]])]
    return Recall(slots.slot("recall"), silences, max(late, default=allowed), queue) if silences else None


def source(recall: Recall, event: str) -> list[str]:
    """What an event's handler does about sends that may be wrong; only a late event can disprove one."""
    if event in SEEN:
        return [f"if v[{recall.slot}] is not None: shown(s, RECALL, e.nudge_id)"]
    if event not in recall.events:
        return []
    queued = "" if recall.queue is None else f" or v[{recall.queue}] is not None"
    return [f"if t < now and (v[{recall.slot}] is not None or WAITING is not None{queued}): found = disproved(s, e, t, now, found, RECALL, WAITING)"]


def sent(s: PartnerState, now: float, rule: Rule, match: Match, identity: str, verdict: str, recall: Recall) -> None:
    """Remember a send (or a ghost, or a shadow) that can be disproved."""
    silence = recall.silences.get(rule.name)
    if silence is None or (silence.stretch is not None and match.queued_at is not None):  # of one that waited nobody knows whether it is the same stretch still
        return
    if not (span := span_of(s, now, rule, match, recall)):
        return
    kept = [entry for entry in s.slots[recall.slot] or () if entry[4] + recall.lateness >= now]
    s.slots[recall.slot] = [*kept, [rule.name, rule.version, identity, *span, match.key, now, verdict]][-MAX_OPEN:]


def span_of(s: PartnerState, now: float, rule: Rule, match: Match, recall: Recall) -> list[float] | None:
    """The silence that made a match, from and to; of a stretch of truth, as the match comes. What follows a nudge that did not clear may come while a stretch has
    only begun, which did not make it then."""
    silence = recall.silences.get(rule.name)
    if silence is None or silence.stretch is None or match.queued_at is not None:
        return match.span
    stretch = s.slots[silence.stretch]
    return [stretch[0], stretch[0] + silence.wait] if stretch is not None and stretch[0] + silence.wait <= now else None


def shown(s: PartnerState, recall: Recall, nudge_id: str) -> None:
    """A nudge that was seen can't be taken back. To be called where anything is remembered."""
    s.slots[recall.slot] = [entry for entry in s.slots[recall.slot] if entry[2] != nudge_id] or None


def disproved(s: PartnerState, e: Any, t: float, now: float, found: Found | None, recall: Recall, waiting: Waiting | None) -> Found | None:
    """A late event: what it disproves is recalled; what of it waits still is not true any more."""
    left = []
    for entry in s.slots[recall.slot] or ():
        name, version, _, began, deadline, key, *_ = entry
        silence = recall.silences.get(name)
        if silence is None or silence.version != version or not _disproves(silence, e, t, now, began, deadline, key):
            left.append(entry)
            continue
        found = found or Found()
        found.recalled.append((silence.number, entry))
    s.slots[recall.slot] = left or None
    for name, kept in _held(s, recall, waiting):
        silence, span = recall.silences.get(name), kept[-1]
        if silence is not None and span and _disproves(silence, e, t, now, span[0], span[1], kept[4]):
            kept[-1] = []
    return found


def _held(s: PartnerState, recall: Recall, waiting: Waiting | None) -> Iterator[tuple[str, list[Any]]]:
    """What waits, by the rule's name: for a safe moment, or for the end of quiet hours."""
    if waiting is not None and (kept := s.slots[waiting.slot]):
        yield from kept.items()
    if recall.queue is not None and (queued := s.slots[recall.queue]) and isinstance(queued[-1], list):  # states of before have no span
        yield queued[0], queued


def _disproves(silence: Silence, e: Any, t: float, now: float, began: float, deadline: float, key: Any) -> bool:
    if e.type not in silence.events or not t < deadline:
        return False
    if silence.stretch is not None:  # from the event on it may have been true for long enough since
        return began < t and t + silence.wait > now
    return began <= t and _of_key(e, silence.events[e.type], key)


def _of_key(e: Any, same: str | None, key: Any) -> bool:
    if not same:
        return True
    value = getattr(e, same)
    return key in value if isinstance(value, list) else bool(key == value)


def undo(s: PartnerState, rule: Rule, entry: Sent) -> None:
    """As if it had not been sent: for cooldown and caps, for seats and budgets, and for what it was meant to clear."""
    identity, at, verdict = entry[2], entry[6], entry[7]
    slot = rule.trial_slot if verdict == "shadow" else rule.sends_slot
    s.slots[slot] = _without(s.slots[slot], at)
    if verdict == "shadow":
        return
    s.sends = _without(s.sends, at)
    s.house.give_back(rule, at, s, paid=verdict == "send")
    if rule.clears is not None and s.slots[rule.clears.slot]:
        s.slots[rule.clears.slot] = [episode for episode in s.slots[rule.clears.slot] if episode[1] != identity] or None


def _without(moments: list[float] | None, at: float) -> list[float]:
    left = list(moments or ())
    if at in left:
        left.remove(at)
    return left
