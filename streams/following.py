"""What concerns all partners, for those who run history through the core outside of a worker: a backtest, or one partner's story. The rule sets that were in
force, and what partners make together, are taken up where the workers took them up, by the same listeners; whoever asks waits until they are ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from events.structs import BROADCAST_STRUCTS
from streams.reload import Kept, Library
from training_rules import Corridor

RulesChanged = BROADCAST_STRUCTS["rules_changed"]
#: The classes of what concerns all partners.
FOR_ALL: frozenset[type] = frozenset(BROADCAST_STRUCTS.values())


class Follower:
    """One corridor. Without a `library` its rules stay as they are; `kept`: what the library said of the set that it begins with (`Library.begins`)."""

    def __init__(self, corridor: Corridor, library: Library | None = None, kept: Kept | None = None) -> None:
        self._corridor, self._listener = corridor, library.listener(corridor, kept) if library is not None else None

    def take(self, event: Any) -> Sequence[Any]:
        """Take it up: what is due by its time goes before it. Raises BadEvent for a rule set that can't run: what ran goes on."""
        out = list(self._corridor.advance(event.occurred_at)) if event.occurred_at > self._corridor.stream_time else []
        if event.__class__ is not RulesChanged:
            out += self._corridor.announce(event)
        elif self._listener is not None:
            self._listener.wait(event)
            out += self._listener.apply(event)
        return out


class Ahead:
    """What concerns all partners comes up before it holds, and never holds earlier than the next event. `before` gives what goes before one; what is left
    at the end holds where time comes so far."""

    def __init__(self) -> None:
        self._held: list[Any] = []

    def put(self, event: Any) -> None:
        self._held.append(event)

    def before(self) -> list[Any]:
        """All that was put: something later goes on."""
        held, self._held = self._held, []
        return held

    def by(self, moment: float) -> Iterator[Any]:
        """Those that hold by a moment (s since the epoch)."""
        return (event for event in self.before() if event.occurred_at <= moment)


def in_order(events: Iterable[Any], ahead: Ahead) -> Iterator[Any]:
    """Events of a partition: each after what concerns all and holds by then; what is left stays in `ahead`."""
    for event in events:
        if event.__class__ in FOR_ALL:
            ahead.put(event)
            continue
        yield from ahead.before()
        yield event
