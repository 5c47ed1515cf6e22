"""Which part of a recording is wanted, and moved to what time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf
from typing import Any

from events.time import seconds as to_seconds

SOURCE_LENGTH = 64  # of what a replay writes into `source`; the contract takes more
SHIFTED = "shifted"


@dataclass(frozen=True, slots=True)
class Cut:
    """Events from `begin` up to, not including, `until` (recorded times, seconds since the epoch), the first `limit`, `shift` s later."""

    begin: float = -inf
    until: float = inf
    limit: int | None = None
    shift: float = 0.0

    def holds(self, at: float) -> bool:
        return self.begin <= at < self.until


WHOLE = Cut()


def shifted(event: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """The same event, `seconds` later: also what it promised and, by whole days, when its partner joined; marked in `source`."""
    moved = {**event, "source": mark(event.get("source"))}
    for name in ("occurred_at", "promised_at"):
        if event.get(name) is not None:
            moved[name] = round(to_seconds(event[name]) + seconds, 3)
    if (joined := event.get("joined_on")) is not None:
        moved["joined_on"] = (date.fromisoformat(joined) + timedelta(days=round(seconds / 86400))).isoformat()
    return moved


def mark(source: object) -> str:
    """`source` with "shifted" added; a text too long for both loses its end."""
    if not source:
        return SHIFTED
    return f"{str(source)[: SOURCE_LENGTH - len(SHIFTED) - 2]}; {SHIFTED}"
