"""The rule language, slow and obvious, from its description alone: nothing is compiled, no timer is computed ahead where looking will do.

`Reference(rules).feed(event)` and `.advance(to)` return what was decided, as plain tuples. It shares the parsed rule set with the engine, and
nothing else: see `tests/reference/test_agreement.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from events import FAMILIES
from rulebook.model import Crosses, Happens, Holds, InSequence, Nudge, RuleSet
from rulebook.syntax import Call, Literal, Name
from rulebook.units import Unit
from tests.reference.delivery import Delivery, Made, Match, made_of, origin
from tests.reference.partner import FAST_FRESH, FRESH, PARTS, Element, Partner, is_long
from tests.reference.triggers import LATENESS, MAX_OPEN, Moment, Triggers
from tests.reference.truth import Counted, Truth, asked_in, counted, events_read, leaves_of, of_currency
from tests.reference.world import World

QUARTER, MOST_TOLD = 900.0, 20
FOREVER = frozenset(FAMILIES["profile"].types)


class Contradiction(Exception):
    """A segment that is to be entered and left at once (`check` warns of it): what it does then depends on how often one looks."""


class PatternEvent:
    """Its id stands for the events that made it; it has the field that the pattern's `same` compares."""

    def __init__(self, match: Match, occurred_at: float) -> None:
        self.type, self.occurred_at = match.rule.name, occurred_at
        same = getattr(match.rule.trigger, "same", "")
        self.__struct_fields__ = (same,) if same else ()
        self.event_id = Made(f"{self.type}:{origin(match.events[0])}" + (f":{match.key}" if same else ""), tuple(made_of(match.events)))
        if same:
            setattr(self, same, match.key)


class Reference(Triggers):
    def __init__(self, rules: RuleSet, *, everyone: bool = False, season: str = "1") -> None:
        self.rules, self.stream_time = rules, -math.inf
        self.partners: dict[str, Partner] = {}
        self.world = World()
        self.delivery = Delivery(rules, everyone=everyone, season=season)
        self.definitions = [*rules.patterns.values(), *(n for n in rules.nudges.values() if n.mode != "off")]
        self.counted = {c.key: c for e in _expressions(rules) for ref, currency in asked_in(e) for c in counted(ref, rules, currency)}
        self.literals = [literal for e in _expressions(rules) for literal in _literals(e)]
        self.agenda: list[tuple[float, str]] = []

    # -- time

    def feed(self, e: Any) -> list[Any]:
        out = self.advance(e.occurred_at)
        if e.partner_id not in self.partners:
            self.partners[e.partner_id] = Partner(e.partner_id, self.world)
            self.world.partners.append(self.partners[e.partner_id])
        p = self.partners[e.partner_id]
        now = self.stream_time
        if now - e.occurred_at > LATENESS and e.type not in FOREVER:
            return [*out, ("late", p.partner_id, now, e.event_id)]
        if e.event_id in p.applied:
            return out
        p.applied[e.event_id] = e.occurred_at
        return [*out, *self.moment(Moment(p, now, e.event_id, e))]

    def announce(self, e: Any) -> list[Any]:
        """Figures that concern all: everybody is looked at."""
        out = self.advance(e.occurred_at)
        self.world.told.append((self.stream_time, e))
        for _, p in sorted(self.partners.items()):
            out += self.moment(Moment(p, self.stream_time, e.event_id))
        return out

    def advance(self, to: float) -> list[Any]:
        """Look at every partner whenever time alone can have changed anything, in order of time, up to and including `to`."""
        out: list[Any] = []
        while self.agenda and self.agenda[0][0] <= to:
            at, partner_id = heappop(self.agenda)
            while self.agenda and self.agenda[0] == (at, partner_id):
                heappop(self.agenda)
            self.stream_time = max(self.stream_time, at)
            out += self.moment(Moment(self.partners[partner_id], at, f"@{at:.3f}"))
        self.stream_time = max(self.stream_time, to)
        return out

    def remind(self, p: Partner, now: float, *moments: float | None) -> None:
        for at in moments:
            if at is not None and now < at < math.inf:
                heappush(self.agenda, (at, p.partner_id))

    def remind_of_time(self, p: Partner, now: float) -> None:
        """The moments at which a fact, or its comparison with a constant, changes by time alone."""
        self.remind(p, now, p.next_midnight(now), *self.world.ends())
        for e in [e for e in p.facts[-3:] if e.type in ("position", "logged_in")]:
            self.remind(p, now, *(math.nextafter(e.occurred_at + fresh, math.inf) for fresh in (FRESH, FAST_FRESH)))
        joined, online, today = p.joined(), p.fact("online", now), p.fact("online_today", now)
        for literal in self.literals:
            if literal.unit is Unit.CLOCK:
                self.remind(p, now, (now // QUARTER + 1) * QUARTER)
            elif literal.unit is Unit.DURATION:
                reached = [*([joined + literal.value] if joined is not None else []), *([now + literal.value - today] if online else [])]
                self.remind(p, now, *reached, *(math.nextafter(at, math.inf) for at in reached))

    # -- one moment

    def moment(self, m: Moment) -> list[Any]:
        """Facts ▸ windows ▸ segments ▸ triggers, then the patterns that matched as events in turn, then delivery."""
        members = dict(m.p.members)
        self.remind_of_time(m.p, m.now)
        self.look(m, m.event, m.cause)
        if m.event is None:
            self.timers(m)
        if m.event is not None:
            m.recalled = self.delivery.disprove(m.p, m.event, m.now)
        m.matches += self.delivery.freed(m.p, m.now)
        at = 0
        while at < len(m.matches):
            match, at = m.matches[at], at + 1
            if not isinstance(match.rule, Nudge):
                self.look(m, PatternEvent(match, m.now), "")
        self.remind_of_time(m.p, m.now)
        return list(self.outputs(m, members))

    def look(self, m: Moment, e: Any, cause: str) -> None:
        p, now = m.p, m.now
        if e is not None:
            cause = cause or e.event_id
            self.apply(p, e, now)
        moved = self.settle(p, now, e.type if e is not None else None)
        m.moves += moved
        self.clear(m)
        for d in self.definitions:
            if e is not None:
                self.on_event(m, d, e)
            self.on_state(m, d, e, moved, cause)

    def apply(self, p: Partner, e: Any, now: float) -> None:
        t = e.occurred_at
        if not isinstance(e, PatternEvent):
            p.apply(e)
        for c in self.counted.values():
            if e.type in c.events and self.counts(p, c, e, now):
                value = getattr(e, c.field) if c.field else int(e.type in c.of) if c.of else 1
                if value is not None:
                    p.add(c.key, c.window, c.function, Element(t, value, p.midnight(now), p.session_start()), now)
                    self.remind(p, now, *leaving(t, c))
        for s in self.rules.segments.values():
            if s.stale_after is not None and e.type in events_read([s.enter.when, s.exit.when], self.rules):
                p.newest[s.name] = max(p.newest.get(s.name, -math.inf), t)
                self.remind(p, now, p.newest[s.name] + s.stale_after)

    def counts(self, p: Partner, c: Counted, e: Any, now: float) -> bool:
        if c.currency and not of_currency(e, c.currency):
            return False
        if isinstance(c.where, tuple):
            return bool(getattr(e, c.where[0]) == c.where[1])
        return c.where is None or Truth(self.rules, p, now, e).of(c.where) is True

    # -- segments

    def settle(self, p: Partner, now: float, kind: str | None) -> list[str]:
        """All in declared order, then again those that read one that moved, until nothing moves. Returns those that moved on the whole."""
        before, moved = dict(p.members), [s.name for s in self.rules.segments.values() if self.look_at_segment(p, s, now)]
        while moved:
            name = moved.pop(0)
            for s in self.rules.segments.values():
                read = {r.name for e in (s.enter.when, s.exit.when) for r in leaves_of(e) if isinstance(r, Name) and r.scope}
                if name in read and self.look_at_segment(p, s, now):
                    moved.append(s.name)
        return [name for name in self.rules.segments if p.members.get(name, False) != before.get(name, False)]

    def look_at_segment(self, p: Partner, s: Any, now: float) -> bool:
        member, truth = p.members.get(s.name, False), Truth(self.rules, p, now)
        if s.stale_after is not None and now >= p.newest.get(s.name, -math.inf) + s.stale_after:
            p.members[s.name], p.since[s.name] = False, None
            return member
        enter, leave = truth.of(s.enter.when) is True, truth.of(s.exit.when) is True if s.exit.when is not None else truth.of(s.enter.when) is False
        met, hold = (leave, s.exit.hold) if member else (enter, s.enter.hold)
        if not met:
            p.since[s.name] = None
            return False
        since = p.since.get(s.name)
        since = p.since[s.name] = now if since is None else since
        self.remind(p, now, since + hold)
        if now < since + hold:
            return False
        p.members[s.name] = not member
        back, hold = (enter, s.enter.hold) if member else (leave, s.exit.hold)
        if back and not hold:
            raise Contradiction(s.name)
        p.since[s.name] = now if back else None
        self.remind(p, now, now + hold)
        return True

    # -- triggers

    def on_event(self, m: Moment, d: Any, e: Any) -> None:
        match d.trigger:
            case Happens():
                self.happens(m, d, e)
            case InSequence():
                self.in_sequence(m, d, e)

    def on_state(self, m: Moment, d: Any, e: Any, moved: list[str], cause: str) -> None:
        match d.trigger:
            case Holds():
                self.holds(m, d, e, cause)
            case Crosses(segment, entered) if segment in moved and m.p.members[segment] is entered:
                m.matches.append(Match(d, [cause]))

    def holds(self, m: Moment, d: Any, e: Any, cause: str) -> None:
        """Once for each stretch of truth; an event of `without` begins the clock anew, at its own time."""
        p, wait = m.p, d.trigger.wait
        if Truth(self.rules, p, m.now).of(d.trigger.when) is not True:
            p.holds[d.name] = None
            return
        stretch = p.holds.get(d.name)
        if stretch is None:
            stretch = p.holds[d.name] = [m.now, False, cause]
        if e is not None and e.type in d.trigger.without and e.occurred_at > stretch[0] and e.occurred_at + wait > m.now:
            stretch[:] = [e.occurred_at, False, cause]
        self.remind(p, m.now, stretch[0] + wait)
        if not stretch[1] and m.now >= stretch[0] + wait:
            stretch[1] = True
            m.matches.append(Match(d, [stretch[2]]))

    # -- what only time brings

    def timers(self, m: Moment) -> None:
        p, now = m.p, m.now
        for d in self.definitions:
            if isinstance(d.trigger, Happens) and d.trigger.without:
                waits = p.waits.get(d.name, [])
                m.matches += [Match(d, ids, args, key, began=t) for t, key, ids, args in waits if t + d.trigger.wait <= now]
                p.waits[d.name] = [w for w in waits if w[0] + d.trigger.wait > now]
            if isinstance(d, Nudge) and d.clears is not None:
                episodes = p.episodes.get(d.name, [])
                for episode in [e for e in episodes if e[0] + d.clears.within <= now]:
                    episodes.remove(episode)
                    m.ended.append((d, episode, "not_cleared"))
                    follow = self.rules.nudges.get(d.clears.otherwise)
                    if follow is not None and follow.mode != "off":
                        m.matches.append(Match(follow, [episode[1]], control=episode[2]))
        if p.queued is not None and p.queued[0] <= now:
            m.matches.append(p.queued[1])
            p.queued = None

    def clear(self, m: Moment) -> None:
        for d in self.definitions:
            if isinstance(d, Nudge) and d.clears is not None and m.p.episodes.get(d.name) and Truth(self.rules, m.p, m.now).of(d.clears.when) is True:
                m.ended += [(d, episode, "cleared") for episode in m.p.episodes.pop(d.name)]

    # -- what goes out

    def outputs(self, m: Moment, members: dict[str, bool]) -> Iterator[Any]:
        p, now = m.p, m.now
        who = p.partner_id, now
        cause = "-" if m.cause.startswith("@") else m.cause
        for name in self.rules.segments:
            if p.members.get(name, False) != members.get(name, False):
                yield ("transition", *who, name, "entered" if p.members[name] else "exited", cause)
        for sent in m.recalled:
            yield ("recalled", *who, sent.rule.name, cause)
            if sent.verdict == "send":
                yield ("withdrawn", *who, sent.rule.name, cause)
            self.delivery.undo(p, sent)
        matches = [x for x in m.matches if isinstance(x.rule, Nudge)]
        self.delivery.decide(p, now, matches)
        self.remind(p, now, p.queued[0] if p.queued is not None else None, *(x.until for x in p.waiting.values()))
        for x in matches:
            yield ("decision", *who, x.rule.name, x.verdict, x.reason, cause, tuple(made_of(x.events)[:MOST_TOLD]))
            if x.verdict != "hold":
                self.delivery.remember(p, now, x)
            if x.verdict == "send":
                yield ("nudge", *who, x.rule.name, x.language, x.body)
            if x.verdict in ("send", "ghost") and x.rule.clears is not None:
                episodes = p.episodes.setdefault(x.rule.name, [])
                episodes.append([now, nudge_id(p, x), x.verdict == "ghost"])
                del episodes[:-MAX_OPEN]
                self.remind(p, now, now + x.rule.clears.within)
                if Truth(self.rules, p, now).of(x.rule.clears.when) is True:
                    m.ended += [(x.rule, e, "cleared") for e in p.episodes.pop(x.rule.name)]
        for rule, (opened_at, _, control), verdict in m.ended:
            yield ("episode", *who, rule.name, verdict, opened_at, control, cause)


def nudge_id(p: Partner, m: Match) -> str:
    """What a follow-up names as its first event; the function itself is the engine's own, and part of the contract."""
    from training_rules.decisions import make_id

    return make_id("nudge", m.rule.name, m.rule.version, p.partner_id, origin(m.events[0]) + (f":{m.key}" if m.key != "" else ""))


def leaving(t: float, c: Counted) -> list[float]:
    """When an element may leave a sliding window."""
    width = c.window.size / PARTS
    late = [(t // width + 1) * width + c.window.size] if is_long(c.window, c.function) else []
    return [t + c.window.size, *late] if c.window.kind == "sliding" else []


def _expressions(rules: RuleSet) -> list[Any]:
    """Every expression of a rule set that a partner's state answers."""
    found: list[Any] = []
    for s in rules.segments.values():
        found += [s.enter.when, s.exit.when]
    for d in (*rules.patterns.values(), *rules.nudges.values()):
        match d.trigger:
            case Happens(step):
                found.append(step.where)
            case InSequence(steps):
                found += [s.where for s in steps]
            case Holds(when):
                found.append(when)
        if isinstance(d, Nudge):
            found += [d.condition, d.seats, d.clears.when if d.clears else None, *d.args.values()]
            found += [Call("completed", module, d.span, d.span) for module in d.best_of]
    found += [Name(name, d.span) for d in rules.nudges.values() for name in ("orders_accepted_today", "rating", "modules_completed")]
    return [e for e in found if e is not None]


def _literals(expr: Any) -> list[Literal]:
    match expr:
        case Literal():
            return [expr]
        case _ if hasattr(expr, "operands"):
            return [x for o in expr.operands for x in _literals(o)]
        case _ if hasattr(expr, "operand"):
            return _literals(expr.operand)
        case _ if hasattr(expr, "left"):
            return [*_literals(expr.left), *_literals(expr.right)]
        case _:
            return []
