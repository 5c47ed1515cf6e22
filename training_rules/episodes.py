"""Episodes: was the pain gone in time, after a nudge (or a ghost)? Pending while `clears` is not true, resolved when it is, or when its time is over.

Slot: `[[opened_at, nudge_id, control], ...]`, oldest first; None where none is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from segments.state import PartnerState
from training_rules.patterns import MAX_OPEN

if TYPE_CHECKING:
    from training_rules.rules import Clearing

Episode = list[Any]


def clear_source(number: int, slot: int, timer: int, condition: str, changes: Sequence[str], within: float) -> list[str]:
    """The lines of `clear_<number>(s, v, now)`: the episodes that are cleared now, or None."""
    deadline = f"v[{slot}][0][0] + {within!r}"
    return [
        f"def clear_{number}(s, v, now):",
        "    done = None",
        f"    if v[{slot}] and {condition}: done, v[{slot}] = v[{slot}], None",
        f"    due = s.dues[{timer}] = {'min(' + ', '.join([deadline, *changes]) + ')' if changes else deadline} if v[{slot}] else inf",
        "    if due < s.next_due: s.next_due = due",
        "    return done",
    ]


def opened(s: PartnerState, clearing: Clearing, now: float, nudge_id: str, *, control: bool) -> list[Episode]:
    """Open an episode. Returns those that are cleared at once: what the nudge asks for is true already."""
    episodes = s.slots[clearing.slot] = s.slots[clearing.slot] or []
    episodes.append([now, nudge_id, control])
    if len(episodes) > MAX_OPEN:
        del episodes[0]
        s.drop()
    return clearing.look(s, s.slots, now) or []


def overdue(s: PartnerState, clearing: Clearing, now: float) -> list[Episode]:
    """The episodes whose time is over, oldest first; they are not open any more. To be called after a look at this moment."""
    episodes: list[Episode] = s.slots[clearing.slot] or []
    over = [e for e in episodes if e[0] + clearing.within <= now]
    if over:
        s.slots[clearing.slot] = episodes[len(over) :] or None
        clearing.look(s, s.slots, now)
    return over
