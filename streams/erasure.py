"""Erasing a partner: which record asks for it, and how long something is kept after it. ADR 31 tells the whole way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from events.errors import BadEvent, DeadLetterReason
from events.structs import Forget
from segments.state import PartnerState

#: The family whose records without a value ask for it.
FAMILY = "profile"
#: The longest key that may be a partner's id (bytes; 128 characters).
LONGEST_KEY = 512

Over = Callable[[PartnerState], bool]
"""Whether nothing more need be kept of an erased partner."""


def request(bad: BadEvent, record: Any, wall: float) -> Forget:
    """What a profile without a value asks for. Raises `bad` where it is something else that was wrong with the record.

    It has no event time, so it takes its record's time stamp, though none that is after now (`wall`, s since the epoch); without one it goes where it lies.
    """
    key = record.key or b""
    if bad.reason is not DeadLetterReason.TOMBSTONE or not 0 < len(key) <= LONGEST_KEY:
        raise bad
    try:
        return Forget(min(record.timestamp / 1000, wall) if record.timestamp >= 0 else -inf, key.decode())
    except UnicodeDecodeError:
        raise bad from None


def covered(state: PartnerState, committed: Mapping[str, int], before: float) -> bool:
    """Whether no event from before the erasure can come any more: all that was applied is committed (offsets to read next, by source; a source that is
    gone is not read again), and what happened at the time of the erasure would be late, being older than `before` (s)."""
    return state.profile_at < before and all(committed.get(name, inf) > offset for name, offset in state.applied.items())
