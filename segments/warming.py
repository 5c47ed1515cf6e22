"""A rule set that takes another's place: since when each slot of a partner's state has begun, and which windows are not full yet.

What is defined as it was lives on; all else begins at the moment of the change, for every partner alike, whether they are awake or have rested through many changes: a
slot's value counts only in a state that has come past the slot's beginning. A window that began is *warming*: unknown until everything that it
is to hold happened since then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import inf

from rulebook.syntax import Window


def identity(key: str) -> int:
    """What a snapshot calls a slot: a 32-bit hash of its definition."""
    return int.from_bytes(blake2b(key.encode(), digest_size=4).digest(), "big")


@dataclass(frozen=True)
class Begun:
    """Moments (s since the epoch) in stream time. `since`: when the rule set took over, -inf for the first; `slots`: when slots and timers began, by
    id; `others`: when those did that are not among them; `stretched`: since when windows hold everything that were made longer."""

    since: float = -inf
    slots: Mapping[int, float] = field(default_factory=dict)
    others: float = -inf
    stretched: Mapping[int, float] = field(default_factory=dict)

    def succeeded(self, at: float, ids: Iterable[int]) -> Begun:
        """What a set has to know that takes over `at`, from one with slots and timers of these ids: they live on."""
        return Begun(at, {i: self.slot(i) for i in ids}, at, self.stretched)

    def of(self, ids: Iterable[int]) -> Begun:
        """The same for these slots and timers only, in few words."""
        slots = {i: at for i in ids if (at := self.slot(i)) != -inf}
        return Begun(self.since, slots, -inf, {i: at for i, at in self.stretched.items() if at > self.slot(i)})

    def slot(self, identity: int) -> float:
        """When a slot began."""
        return self.slots.get(identity, self.others)

    def complete(self, identity: int) -> float:
        """Since when a window's slot holds everything."""
        return max(self.slot(identity), self.stretched.get(identity, -inf))


def full(window: Window, complete: float, slot: str) -> tuple[str, tuple[str, ...]]:
    """Code that is true once all that a window is to hold happened after `complete`, and code for the moments at which time alone makes it so."""
    match window.kind:
        case "sliding":
            return f"now >= {complete + window.size!r}", (f"leaves({complete!r}, {window.size!r}, now)",)
        case "today":
            return f"day_start(s, now) >= {complete!r}", ("day_end(s, now)",)
        case "session":
            return f"s.session_start >= {complete!r}", ()
        case "last":
            return f"({slot} is not None and len({slot}[0]) >= {int(window.size)})", ()
        case _:
            return f"s.profile.get('joined_at', -inf) >= {complete!r}", ()
