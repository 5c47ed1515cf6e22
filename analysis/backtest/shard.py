"""One partition of a backtest: each event is applied to every rule set, and what they say is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from analysis.backtest.compared import Changes, Comparing
from analysis.backtest.places import Places
from analysis.backtest.tally import Counting, Tally
from analysis.untriggered import Seen, Untriggered
from events.decode import encode
from events.errors import BadEvent
from events.structs import OUTPUT_STRUCTS, Erased, Forget
from streams.following import FOR_ALL, Ahead, Follower
from streams.reload import Library
from training_rules import Corridor, House, Rules
from training_rules.corridor import Entry

_Nudge, _Decision, _Transition = OUTPUT_STRUCTS["nudge"], OUTPUT_STRUCTS["decision"], OUTPUT_STRUCTS["segment_transition"]

_APART = FOR_ALL | {Forget}

Write = Callable[[float, bytes], Any]
"""Takes each transition and decision of the first rule set: its stream time (s) and a line of JSON."""


@dataclass
class Found:
    """What a partition, or all of them, brought. `tallies`: of each rule set; `untriggered`: what the rules of the first one had seen that never triggered.
    `partner_days`: local days of partners with an event, of all partners together. Times in seconds since the epoch."""

    events: int = 0
    first: float = inf
    last: float = -inf
    partner_days: int = 0
    tallies: list[Tally] = field(default_factory=list)
    seen: Seen | None = None
    changes: Changes | None = None

    def add(self, other: Found) -> None:
        """Take in what another partition brought; `seen` apart."""
        self.events += other.events
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.partner_days += other.partner_days
        for mine, theirs in zip(self.tallies, other.tallies, strict=True):
            mine.add(theirs)
        if self.changes is not None and other.changes is not None:
            self.changes.add(other.changes)


class Shard:
    """Partition `part` of `parts`, with a corridor for each of `rule_sets`. With `compare` the second is held against the first: what it says is `before`.

    With `in_force` the first set is not one but those of the library, from the one on that was in force at `begin` (s since the epoch). `refused`: what is
    wrong with those of them that can't run.
    """

    def __init__(
        self, rule_sets: Sequence[Rules], part: int = 0, parts: int = 1, *, compare: bool = False, write: Write | None = None,
        in_force: Library | None = None, begin: float = -inf,
    ) -> None:  # fmt: skip
        first, kept = (rule_sets[0], None) if in_force is None else in_force.begins(begin)
        self._corridors = [Corridor(rules, house=House(part, parts)) for rules in (first, *rule_sets[1:])]
        self._followers = [Follower(corridor, None if number else in_force, kept) for number, corridor in enumerate(self._corridors)]
        self._ahead, self.refused = Ahead(), list[str]()
        self._places = Places()
        self._counting = [Counting(self._places) for _ in rule_sets]
        self._waiting, self._write = Untriggered(rule_sets[0].ruleset), write
        self._comparing = Comparing() if compare else None
        self.events, self.first, self.last = 0, inf, -inf

    def take(self, entries: Sequence[Entry], sources: Sequence[str]) -> None:
        """Apply a slice of events; erasures among them, and what concerns all partners, go where they stand."""
        begin = 0
        for at, entry in enumerate(entries):
            if entry[3].__class__ in _APART:
                self._apply(entries[begin:at], sources)
                begin = at + 1
                if entry[3].__class__ in FOR_ALL:
                    self._ahead.put(entry[3])
                else:
                    self._take_up(self._ahead.before())
                    self._forget(entry, sources)
        self._apply(entries[begin:] if begin else entries, sources)

    def _take_up(self, events: Iterable[Any]) -> None:
        """What concerns all partners, each before whatever comes later."""
        for event in events:
            said = list[Sequence[Any]]()
            for follower in self._followers:
                try:
                    said.append(follower.take(event))
                except BadEvent as bad:
                    self.refused.append(f"rule set {event.version}: {bad.detail}")
                    said.append(())
            self._said((), said)

    def _apply(self, entries: Sequence[Entry], sources: Sequence[str]) -> None:
        if not entries:
            return
        self._take_up(self._ahead.before())
        events = [entry[3] for entry in entries]
        times = [event.occurred_at for event in events]
        self.events += len(events)
        self.first, self.last = min(self.first, *times), max(self.last, *times)
        look = self._waiting.take
        for event in events:
            look(event)
        self._places.take(events)
        self._said(events, [corridor.feed_all(entries, sources) for corridor in self._corridors])

    def _forget(self, entry: Entry, sources: Sequence[str]) -> None:
        """A partner is erased; not before stream time has come to it."""
        _, source, offset, event = entry
        for corridor in self._corridors:
            corridor.forget(event.partner_id, min(event.occurred_at, corridor.stream_time), sources[source], offset)

    def _said(self, events: Sequence[Any], outputs: Sequence[Sequence[Any]]) -> None:
        for counting, said in zip(self._counting, outputs, strict=True):
            if said:
                counting.take(said)
        if self._comparing is not None:
            self._comparing.take(events, outputs[1], outputs[0])
        if outputs[0]:
            self._hand_out(outputs[0])
        self._places.settle()

    def _hand_out(self, outputs: Sequence[Any]) -> None:
        if self._waiting.rules:
            for rule in {out.rule for out in outputs if out.__class__ is _Decision}:
                self._waiting.triggered(rule)
        if self._write is not None:
            for out in outputs:
                if out.__class__ is not _Nudge and out.__class__ is not Erased:
                    self._write(out.decided_at, encode(out) + b"\n")

    def finish(self, last: float) -> Found:
        """Fire the timers due by `last`, the time of the last event of all partitions (s), and say what came of it all."""
        self._take_up(self._ahead.by(last))
        self._said((), [corridor.advance(max(last, corridor.stream_time)) for corridor in self._corridors])
        tallies = [counting.closed(len(corridor.partners)) for counting, corridor in zip(self._counting, self._corridors, strict=True)]
        now, before = self._counting[0].reached, self._counting[-1 if self._comparing is None else 1].reached
        changes = None if self._comparing is None else self._comparing.closed(before, now)
        return Found(self.events, self.first, self.last, self._places.active_days, tallies, self._waiting.seen(), changes)
