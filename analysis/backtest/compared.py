"""Two rule sets over the same events: who is nudged by a rule now and was not before, who no more, and where another rule goes instead."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.backtest.tally import WON
from events.outputs import Verdict
from events.structs import OUTPUT_STRUCTS, STRUCTS

#: Events shown before and after the moment of a sample, partners whose latest events are kept for that, and samples kept of one kind and partition.
BEFORE, AFTER, FOLLOWED, KEPT = 6, 3, 20_000, 20
SAMPLES = 3
NOT_TRIGGERED = "not triggered"
_Position, _Decision, _Transition = STRUCTS["position"], OUTPUT_STRUCTS["decision"], OUTPUT_STRUCTS["segment_transition"]
_GONE = WON | {Verdict.SHADOW}
_SENT = Verdict.SEND
_UNTOLD = {"event_id", "partner_id", "occurred_at", "received_at", "source", "type"}

Moment = tuple[str, str, float]
"""Rule, partner, and when it was decided (s since the epoch)."""


@dataclass(frozen=True)
class Line:
    """One line of a timeline: when (s since the epoch), `event`, `before` or `now`, and what."""

    at: float
    what: str
    text: str


@dataclass(frozen=True)
class Sample:
    """A moment at which the two sets part: what became of the partner (`gained`, `lost`, `displaced`), and what happened around it."""

    rule: str
    change: str
    partner_id: str
    at: float
    lines: tuple[Line, ...]


@dataclass
class Changes:
    """Of all rules of both sets. `before`, `now`: partners reached; `gained`, `lost`, `both`: those of only one set, and of both; `displaced`: partners for
    whom another rule won at a moment at which the rule went before, and `displaced_by` how often which. `instead`: how often a send of before became what;
    `was`: how often a send of now was what. `same`, `only_before`, `only_now`: decisions and moves in and out of segments, of both sets or only one."""

    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    both: Counter[str] = field(default_factory=Counter)
    displaced: Counter[str] = field(default_factory=Counter)
    displaced_by: Counter[tuple[str, str]] = field(default_factory=Counter)
    instead: Counter[tuple[str, str]] = field(default_factory=Counter)
    was: Counter[tuple[str, str]] = field(default_factory=Counter)
    same: int = 0
    only_before: int = 0
    only_now: int = 0
    samples: list[Sample] = field(default_factory=list)

    @property
    def none(self) -> bool:
        """Whether both sets decided the same throughout."""
        return not (self.only_before or self.only_now)

    def add(self, other: Changes) -> None:
        """Take in what another partition has."""
        for name in ("gained", "lost", "both", "displaced", "displaced_by", "instead", "was"):
            getattr(self, name).update(getattr(other, name))
        self.same += other.same
        self.only_before += other.only_before
        self.only_now += other.only_now
        self.samples += other.samples

    def shown(self) -> list[Sample]:
        """A few samples of each rule and change: the earliest."""
        counts: Counter[tuple[str, str]] = Counter()
        found = []
        for sample in sorted(self.samples, key=lambda s: (s.rule, s.change, s.at, s.partner_id)):
            counts[sample.rule, sample.change] += 1
            if counts[sample.rule, sample.change] <= SAMPLES:
                found.append(sample)
        return found


class Comparing:
    """Compares what two sets decided slice by slice of one partition: both heard the same, so that what is decided at one moment comes in one slice."""

    def __init__(self) -> None:
        self.changes = Changes()
        self._latest: dict[str, deque[Any]] = {}
        self._displaced: dict[str, set[str]] = {}
        self._kept: Counter[tuple[str, str]] = Counter()
        self._samples: list[Sample] = []

    def take(self, events: Sequence[Any], before: Sequence[Any], now: Sequence[Any]) -> None:
        """A slice of events, and what both sets said to it."""
        if before or now:
            self._compare(events, before, now)
        latest = self._latest
        for event in events:
            if event.__class__ is _Position:
                continue
            kept = latest.get(event.partner_id)
            if kept is None:
                if len(latest) >= FOLLOWED:
                    continue
                kept = latest[event.partner_id] = deque(maxlen=BEFORE)
            kept.append(event)

    def _compare(self, events: Sequence[Any], before: Sequence[Any], now: Sequence[Any]) -> None:
        changes, had, has = self.changes, Counter(_keys(before)), Counter(_keys(now))
        same = (had & has).total()
        changes.same += same
        changes.only_before += had.total() - same
        changes.only_now += has.total() - same
        if had != has:
            self._part(events, _decisions(before), _decisions(now))

    def _part(self, events: Sequence[Any], before: Mapping[Moment, Any], now: Mapping[Moment, Any]) -> None:
        """What became of each send that only one of the sets has."""
        winners = {(who, at): rule for (rule, who, at), d in now.items() if d.verdict in WON}
        for key, decision in before.items():
            if decision.verdict is _SENT and not _is_sent(now.get(key)):
                self._gone(key, events, before, now, winners)
        for key, decision in now.items():
            if decision.verdict is _SENT and not _is_sent(before.get(key)):
                self.changes.was[key[0], _said(before.get(key))] += 1
                self._sample("gained", key, events, before, now)

    def _gone(self, key: Moment, events: Sequence[Any], before: Mapping[Moment, Any], now: Mapping[Moment, Any], winners: Mapping[tuple[str, float], str]) -> None:
        """A send of before that is none now."""
        rule, who, at = key
        self.changes.instead[rule, _said(now.get(key))] += 1
        winner = winners.get((who, at))
        if winner is not None and winner != rule:
            self._displaced.setdefault(rule, set()).add(who)
            self.changes.displaced_by[rule, winner] += 1
            self._sample("displaced", key, events, before, now)
        self._sample("lost", key, events, before, now)

    def _sample(self, change: str, key: Moment, events: Sequence[Any], before: Mapping[Moment, Any], now: Mapping[Moment, Any]) -> None:
        rule, who, at = key
        if self._kept[rule, change] >= KEPT or (who not in self._latest and len(self._latest) >= FOLLOWED):
            return
        self._kept[rule, change] += 1
        mine = [*self._latest.get(who, ()), *(e for e in events if e.partner_id == who and e.__class__ is not _Position)]
        around = [e for e in mine if e.occurred_at <= at][-BEFORE:] + [e for e in mine if e.occurred_at > at][:AFTER]
        lines = [(e.occurred_at, 0, Line(e.occurred_at, "event", described(e))) for e in around]
        span = (min([at, *(e.occurred_at for e in around)]), max([at, *(e.occurred_at for e in around)]))
        for number, (set_, decided) in enumerate((("before", before), ("now", now)), 1):
            lines += [(t, number, Line(t, set_, f"{r}: {_said(d)}")) for (r, w, t), d in decided.items() if w == who and span[0] <= t <= span[1]]
        lines.sort(key=lambda line: line[:2])
        self._samples.append(Sample(rule, change, who, at, tuple(line for _, _, line in lines)))

    def closed(self, before: Mapping[str, set[str]], now: Mapping[str, set[str]]) -> Changes:
        """The changes with what had to wait for the end: the partners that each rule reached, in both sets."""
        changes = self.changes
        for rule in {*before, *now}:
            had, has = before.get(rule, set()), now.get(rule, set())
            changes.gained[rule], changes.lost[rule], changes.both[rule] = len(has - had), len(had - has), len(has & had)
            changes.displaced[rule] = len(self._displaced.get(rule, ()))
        changes.samples = list(self._true(before, now))
        return changes

    def _true(self, before: Mapping[str, set[str]], now: Mapping[str, set[str]]) -> Iterator[Sample]:
        """Samples whose partner was gained or lost on the whole, not only at the moment; the first of each partner."""
        seen = set()
        for s in self._samples:
            had, has = s.partner_id in before.get(s.rule, ()), s.partner_id in now.get(s.rule, ())
            right = s.change == "displaced" or (s.change == "gained" and not had) or (s.change == "lost" and not has)
            if right and (s.rule, s.change, s.partner_id) not in seen:
                seen.add((s.rule, s.change, s.partner_id))
                yield s


def _keys(outputs: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """What was decided, without what differs between any two rule sets: ids and versions."""
    for out in outputs:
        if out.__class__ is _Decision:
            yield out.rule, out.partner_id, out.decided_at, out.verdict, out.reason
        elif out.__class__ is _Transition:
            yield out.segment, out.partner_id, out.decided_at, out.transition


def _is_sent(decision: Any) -> bool:
    return decision is not None and decision.verdict is _SENT


def _decisions(outputs: Sequence[Any]) -> dict[Moment, Any]:
    """Decisions on nudges by their moment; two of one rule at one moment (with `same`) are told apart by their id."""
    found: dict[Moment, Any] = {}
    for out in outputs:
        if out.__class__ is _Decision and out.rule:
            key = (out.rule, out.partner_id, out.decided_at)
            earlier = found.get(key)
            if earlier is None or _weight(out) > _weight(earlier):
                found[key] = out
    return found


def _weight(decision: Any) -> tuple[bool, str]:
    """Of several decisions of one rule at one moment the send counts."""
    return decision.verdict in _GONE, decision.decision_id


def _said(decision: Any) -> str:
    if decision is None:
        return NOT_TRIGGERED
    return f"{decision.verdict} ({decision.reason})" if decision.reason else str(decision.verdict)


def described(event: Any) -> str:
    """An event in a line: its type, and the fields that it has."""
    told = [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name in event.__struct_fields__ if name not in _UNTOLD and (value := getattr(event, name)) is not None]
    return " · ".join([event.type, ", ".join(told)]) if told else event.type
