"""Replays one partner through the core with eyes open: the same corridor, rules and handlers, and beside what is decided the reasons for it, taken at the very
moment. Events of others only move stream time on, as they do live; what partners share – seats and budgets – is this partner's alone here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from events.structs import Forget
from rulebook.model import Nudge, Pattern
from rulebook.syntax import Expr
from segments.state import PartnerState
from training_rules.clauses import Clause, Clauses
from training_rules.corridor import Corridor
from training_rules.found import Match
from training_rules.gates import Gate, held_by
from training_rules.reading import steps_of
from training_rules.rules import Handler, Rules

#: So many events are remembered of those that a trigger reads; so many decisions.
EVENTS_KEPT, DECISIONS_KEPT = 5, 1000
#: What policy says to a match; other verdicts are about what came of it.
BY_POLICY = ("send", "ghost", "shadow", "hold")


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that a trigger reads, and what its `where` came to for it then (None where it has none)."""

    event: str
    event_id: str
    at: float
    clause: Clause | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with all the gates that held it, in order, what its `if` came to, and the nudge that was sent, if one was."""

    decision: Any
    gates: tuple[Gate, ...]
    condition: Clause | None
    nudge: Any = None


class Watched:
    """`feed` everything that was handed to the partner's partition, in its order; then look. `events` counts the partner's own, `first` and `last` are
    the times (s) of the first and the last of them; `moves` are the transitions of segments."""

    def __init__(self, rules: Rules, partner_id: str, corridor: Corridor | None = None) -> None:
        self.partner_id = partner_id
        self.decided: deque[Decided] = deque(maxlen=DECISIONS_KEPT)
        self.moves: deque[Any] = deque(maxlen=DECISIONS_KEPT)
        self.events, self.first, self.last = 0, inf, -inf
        self._seen: dict[tuple[str, int], deque[Seen]] = {}
        self._asked: list[tuple[tuple[Gate, ...], Clause | None]] = []
        self._erasures = 0
        self.corridor = corridor or Corridor(rules)
        self._watch_by(rules)

    def _watch_by(self, rules: Rules) -> None:
        """These rules decide from now on."""
        self.clauses, self._steps = Clauses(rules), _steps(rules)
        self.rules = replace(rules, handlers=self._handlers(rules), pattern_handlers=self._patterns(rules), witness=self._witness)
        self.corridor.rules = self.rules

    @property
    def state(self) -> PartnerState | None:
        """The partner's state; None where nothing is known of them."""
        return self.corridor.partners.look(self.partner_id)

    def feed(self, event: Any) -> None:
        """Apply one event of the partition."""
        if event.partner_id != self.partner_id:
            self._take(self.corridor.advance(event.occurred_at))
            return
        if event.__class__ is Forget:
            self._forget(event)
            return
        self.events += 1
        self.first, self.last = min(self.first, event.occurred_at), max(self.last, event.occurred_at)
        self._take(self.corridor.feed(event))

    def take_up(self, take: Callable[[], Iterable[Any]]) -> None:
        """Let what concerns all partners be taken up in the corridor: its rules may be others after it."""
        self._take(take())
        if self.corridor.rules is not self.rules:
            self._watch_by(self.corridor.rules)

    def _forget(self, event: Forget) -> None:
        """Of an erased partner nothing is shown any more."""
        self._erasures += 1
        self.corridor.forget(self.partner_id, event.occurred_at, "erasures", self._erasures)
        self.decided.clear()
        self.moves.clear()
        self._seen.clear()
        self.events, self.first, self.last = 0, inf, -inf

    def advance(self, to: float) -> None:
        """Time has come to `to` (s since the epoch)."""
        self._take(self.corridor.advance(to))

    def seen(self, name: str, step: int) -> tuple[Seen, ...]:
        """The last events that were looked at for a step of a rule's trigger."""
        return tuple(self._seen.get((name, step), ()))

    def _take(self, outputs: Iterable[Any]) -> None:
        for out in outputs:
            if out.type == "nudge":
                self.decided[-1] = replace(self.decided[-1], nudge=out)
            elif out.type == "decision":
                self.decided.append(Decided(out, *(self._asked.pop(0) if out.verdict in BY_POLICY else ((), None))))
            elif out.type == "segment_transition":
                self.moves.append(out)

    def _witness(self, s: PartnerState, now: float, matches: list[Match]) -> None:
        """Policy is about to decide: what it will find at each gate, and in each `if`."""
        for match in matches:
            rule = self.rules.rules[match.trigger]
            condition = self.rules.ruleset.nudges[rule.name].condition
            shown = None if condition is None else self.clauses.look(condition, s, now)
            self._asked.append((held_by(s, now, match, self.rules), shown))

    def _handlers(self, rules: Rules) -> Mapping[type, Handler]:
        return {kind: self._watching(handler, kind.type) for kind, handler in rules.handlers.items()}  # type: ignore[attr-defined]

    def _patterns(self, rules: Rules) -> Mapping[str, Handler]:
        return {name: self._watching(handler, name) for name, handler in rules.pattern_handlers.items()}

    def _watching(self, handler: Handler, event: str) -> Handler:
        """The handler, and after it a look at what it went by: nothing that a `where` reads has changed since."""
        steps = self._steps.get(event, [])
        if not steps:
            return handler

        def handle(s: PartnerState, e: Any, t: float, now: float) -> Any:
            found = handler(s, e, t, now)
            for name, step, where in steps:
                self._note(name, step, e, t, None if where is None else self.clauses.look(where, s, now, e))
            return found

        return handle

    def _note(self, name: str, step: int, e: Any, t: float, clause: Clause | None) -> None:
        event_id = e.event_id if isinstance(e.event_id, str) else e.event_id[0]
        self._seen.setdefault((name, step), deque(maxlen=EVENTS_KEPT)).append(Seen(e.type, event_id, t, clause))


def _steps(rules: Rules) -> dict[str, list[tuple[str, int, Expr | None]]]:
    """By event: the steps of triggers that read it."""
    found: dict[str, list[tuple[str, int, Expr | None]]] = {}
    for definition in definitions(rules):
        for number, (event, where) in enumerate(steps_of(definition.trigger)):
            found.setdefault(event, []).append((definition.name, number, where))
    return found


def definitions(rules: Rules) -> Iterator[Nudge | Pattern]:
    """Patterns and nudges that run, in order."""
    for rule in rules.rules:
        yield rules.ruleset.nudges[rule.name] if rule.nudge else rules.ruleset.patterns[rule.name]


