"""What has to happen: one event, several, a silence, or several in order, from all the events that no match has consumed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import insort
from dataclasses import dataclass, field
from typing import Any

from rulebook.model import Nudge, RuleSet
from rulebook.syntax import Name
from tests.reference.delivery import Match
from tests.reference.partner import Partner
from tests.reference.truth import Truth, leaves_of

LATENESS, MAX_OPEN = 120.0, 8


@dataclass
class Moment:
    """What comes to light at one moment for one partner."""

    p: Partner
    now: float
    cause: str
    event: Any = None
    moves: list[str] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    ended: list[tuple[Any, list[Any], str]] = field(default_factory=list)
    recalled: list[Any] = field(default_factory=list)


class Triggers(ABC):
    """The part of the reference that an event can satisfy."""

    rules: RuleSet

    @abstractmethod
    def remind(self, p: Partner, now: float, *moments: float | None) -> None:
        """Have a look at the partner then."""

    def happens(self, m: Moment, d: Any, e: Any) -> None:
        for key in keys(e, d.trigger.same):
            self.happens_for(m, d, e, key)

    def happens_for(self, m: Moment, d: Any, e: Any, key: str | None) -> None:
        p, trigger, t = m.p, d.trigger, e.occurred_at
        if trigger.without:
            if e.type in trigger.without and key is not None:
                self.end(p, d.name, t, key)
            if e.type == "logged_out" and not trigger.keep_on_logout:
                self.end(p, d.name, t, None)
        if e.type != trigger.step.event or key is None:
            return
        good = trigger.step.where is None or Truth(self.rules, p, m.now, e).of(trigger.step.where) is True
        ids = self.row(p, d, key, e, good) if trigger.in_a_row else self.times(p, d, key, e) if good else None
        if ids is None:
            return
        args = self.event_args(d, p, m.now, e)
        if not trigger.without:
            m.matches.append(Match(d, ids, args, key))
            return
        late = t < m.now and (t + trigger.wait <= m.now or any(at > t and k in (key, None) for at, k in p.ends.get(d.name, [])))
        if not late:
            waits = p.waits.setdefault(d.name, [])
            insort(waits, [t, key, ids, args], key=lambda w: w[0])
            del waits[:-MAX_OPEN]
            self.remind(p, m.now, t + trigger.wait)

    def end(self, p: Partner, name: str, t: float, key: str | None) -> None:
        p.ends.setdefault(name, []).append([t, key])
        p.waits[name] = [w for w in p.waits.get(name, []) if w[0] > t or (key is not None and w[1] != key)]

    def times(self, p: Partner, d: Any, key: str, e: Any) -> list[str] | None:
        """The earliest events that are enough and near enough, of those that no match has consumed."""
        need, within = d.trigger.times, d.trigger.within
        if need == 1:
            return [e.event_id]
        entries = p.rows.setdefault((d.name, key), [])
        insort(entries, [e.occurred_at, e.event_id], key=lambda x: x[0])
        for first in range(len(entries) - need + 1):
            some = entries[first : first + need]
            if some[-1][0] < some[0][0] + within:
                del entries[first : first + need]
                return [x[1] for x in some]
        return None

    def row(self, p: Partner, d: Any, key: str, e: Any, good: bool) -> list[str] | None:
        entries, need = p.rows.setdefault((d.name, key), []), d.trigger.times
        mine = [e.occurred_at, e.event_id, good]
        insort(entries, mine, key=lambda x: x[0])
        if not good:
            return None
        at = next(i for i, x in enumerate(entries) if x is mine)
        first, last = at, at
        while first > 0 and entries[first - 1][2]:
            first -= 1
        while last + 1 < len(entries) and entries[last + 1][2]:
            last += 1
        if last - first + 1 < need:
            return None
        some = entries[first : first + need]
        for x in some:
            x[2] = False
        return [x[1] for x in some]

    def in_sequence(self, m: Moment, d: Any, e: Any) -> None:
        """An event moves the oldest open match that waits for it, or begins one. A late one takes its place: what came after it, and moved nothing, may follow."""
        for key in keys(e, d.trigger.same):
            self.in_sequence_of(m, d, e, key)

    def in_sequence_of(self, m: Moment, d: Any, e: Any, key: str | None) -> None:
        p, trigger = m.p, d.trigger
        ends = e.type in trigger.without and key is not None
        truth = Truth(self.rules, p, m.now, e)
        steps = [i for i, s in enumerate(trigger.steps) if s.event == e.type and key is not None and (s.where is None or truth.of(s.where) is True)]
        if not ends and not steps:
            return
        args = self.event_args(d, p, m.now, e) if e.type == trigger.steps[-1].event else {}
        unused = p.unused.setdefault(d.name, [])
        later = [u for u in unused if u[0] > e.occurred_at and u[1] == key]
        open_match = self.offer(p, d, e.occurred_at, key, e.event_id, steps, ends, None)
        if ends or open_match is None:
            insort(unused, [e.occurred_at, key, e.event_id, steps if open_match is None else [], ends, args], key=lambda u: u[0])
        if open_match is None:
            return
        for u in later:
            if open_match in p.partial[d.name] and self.offer(p, d, u[0], key, u[2], u[3], u[4], open_match) is not None:
                u[3], args = [], u[5]
        if len(open_match[2]) == len(trigger.steps):
            m.matches.append(Match(d, open_match[2], args, key))

    def offer(self, p: Partner, d: Any, t: float, key: str, event_id: str, steps: list[int], ends: bool, only: Any) -> Any:
        """The match that the event moved or began: of all that are open or, of those that came before a late one, of that one's alone."""
        trigger, opened = d.trigger, p.partial.setdefault(d.name, [])
        if ends:
            opened[:] = [x for x in opened if x[0] > t or x[1] != key or (only is not None and x is not only)]
        for x in opened if only is None else [only]:
            start, of, ids, last = x
            if x in opened and of == key and len(ids) in steps and last <= t < start + trigger.within:
                ids.append(event_id)
                x[3] = t
                if len(ids) == len(trigger.steps):
                    opened.remove(x)
                return x
        if only is not None or 0 not in steps:
            return None
        match = [t, key, [event_id], t]
        opened[:] = [x for x in opened if x[0] + trigger.within > t - LATENESS][1 - MAX_OPEN :]
        insort(opened, match, key=lambda x: x[0])
        return match

    def event_args(self, d: Any, p: Partner, now: float, e: Any) -> dict[str, Any]:
        """Message holes that read the event are read when it comes."""
        if not isinstance(d, Nudge):
            return {}
        own = {h: x for h, x in d.args.items() if any(isinstance(r, Name) and not r.scope and r.name in e.__struct_fields__ for r in leaves_of(x))}
        return {h: Truth(self.rules, p, now, e).of(x) for h, x in own.items()}


def keys(e: Any, same: str) -> list[Any]:
    """The value of `same`; each of them where it holds several."""
    value = getattr(e, same, None) if same else ""
    return [*dict.fromkeys(value)] or [None] if isinstance(value, list) else [value]
