"""Work-safe delivery: what may not be shown now waits until the partner is free, and is decided anew then.

Slot: `{rule: [version, events, args, fields, key, queued_at, control, until, span]}`, of each rule the latest; None where nothing waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nextafter
from typing import TYPE_CHECKING

from segments import facts
from segments.state import PartnerState
from training_rules.found import Found, Match

if TYPE_CHECKING:
    from training_rules.rules import Rule

#: How long a nudge waits at most (s) whose rule has no `valid_for`.
LONGEST = 1800.0
#: The events after which a partner may be free who was not; time alone is the other way.
FREEING = {"riding": ("position", "order_delivered", "order_cancelled"), "on_order": ("order_delivered", "order_cancelled")}
_UNTIL = 7


@dataclass(frozen=True)
class Waiting:
    """Where nudges wait, in which state of the partner (`never_while`), and the rules by name and version: one that was changed meanwhile has nothing to say."""

    slot: int
    timer: int
    state: str
    numbers: Mapping[tuple[str, str], int]


def busy(s: PartnerState, now: float, state: str) -> bool:
    return facts.riding(s, now) if state == "riding" else bool(s.orders)


def wait(s: PartnerState, now: float, rule: Rule, m: Match, waiting: Waiting) -> None:
    """A match that may not be shown now takes the place of what waits of its rule."""
    queued_at = now if m.queued_at is None else m.queued_at
    until = now + LONGEST if rule.valid_for is None else queued_at + rule.valid_for
    kept = s.slots[waiting.slot] or {}
    s.slots[waiting.slot] = kept
    kept[rule.name] = [rule.version, m.events, m.args, m.fields, m.key, queued_at, m.control, until, m.span]
    _wake(s, now, waiting)


def freed(s: PartnerState, now: float, found: Found | None, waiting: Waiting) -> Found | None:
    """What waits is a match again: all of it when the partner is free, else what has waited for too long. To be called where something waits."""
    kept, held = s.slots[waiting.slot], busy(s, now, waiting.state)
    over = [name for name, entry in kept.items() if not held or entry[_UNTIL] <= now]
    for name in over:
        version, events, args, fields, key, queued_at, control, until, span = kept.pop(name)
        if (number := waiting.numbers.get((name, version))) is not None:
            found = found or Found()
            found.matches.append(Match(number, events, args, fields, key, queued_at, control, until, span))
    if not kept:
        s.slots[waiting.slot] = None
    _wake(s, now, waiting)
    return found


def _wake(s: PartnerState, now: float, waiting: Waiting) -> None:
    """Look again when the first has waited for too long, or the last fix is too old to say that the partner rides; always later than now."""
    kept, due = s.slots[waiting.slot], inf
    if kept:
        rests = facts.goes_stale(s.fix_at, now, facts.SPEED_FRESH) if waiting.state == "riding" and not s.orders else inf
        due = max(nextafter(now, inf), min(rests, *(entry[_UNTIL] for entry in kept.values())))
    s.dues[waiting.timer] = due
    s.next_due = min(s.next_due, due)
