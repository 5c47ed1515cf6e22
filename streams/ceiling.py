"""A partner's state as bytes, never much over the ceiling: what makes it too large is cut, counted, and said."""

from __future__ import annotations

import logging
from math import inf
from typing import Protocol

from segments.state import PartnerState
from training_rules import Rules
from training_rules.ceiling import cut

#: Between two words about one partner (s).
SAY_EVERY = 60.0

log = logging.getLogger("nudgeline.worker")


class HasRules(Protocol):
    """Where rules run, one set after the other."""

    rules: Rules


class Ceiling:
    """`most`: bytes of a state; the rules are those that run in the corridor. What has no bound of its own – windows, events of the last minutes – loses its oldest elements."""

    def __init__(self, corridor: HasRules, most: int) -> None:
        self._corridor, self._most = corridor, most
        self._said: dict[str, float] = {}  # until when nothing more is said of a partner

    def dump(self, state: PartnerState, now: float) -> bytes:
        """The state as bytes. `now`: monotonic seconds."""
        raw = self._corridor.rules.dump(state)
        return raw if len(raw) <= self._most else self._cut(state, now)

    def _cut(self, state: PartnerState, now: float) -> bytes:
        raw, dropped, largest = cut(state, self._corridor.rules, self._most)
        if now >= self._said.get(state.partner_id, -inf):
            self._said = {name: until for name, until in self._said.items() if until > now} | {state.partner_id: now + SAY_EVERY}
            shown = ", ".join(f"{name} ({size:,} bytes)" for name, size in largest)
            log.warning(
                "the state of partner %s was over NUDGELINE_STATE_LIMIT: its oldest %s elements went, %s bytes are left; largest were %s",
                state.partner_id, f"{dropped:,}", f"{len(raw):,}", shown,
            )  # fmt: skip
        return raw
