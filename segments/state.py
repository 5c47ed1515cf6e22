"""The one cupboard per partner: opened at the start of a step, closed at its end."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import msgspec

#: Orders that may be open at once; the oldest is dropped, and counted, when a closing event was lost.
MAX_ORDERS = 16


class Offsets(dict[str, int]):
    """The last offset handed on to the partners of a partition, by source topic, at one moment. Shared by all states that were written then, and never changed."""

    __slots__ = ("raw",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.raw = msgspec.Raw(_encode(dict(self)))


_encode = msgspec.msgpack.Encoder().encode
NOTHING_APPLIED = Offsets()


class PartnerState:
    """All that is kept of one partner. Times are seconds since the epoch.

    `slots` holds windows, memberships, open matches and last sends by number; `dues` the next moment at which a timed slot wants to be
    looked at, `next_due` no later than the first of them; `alarm` is when the partner is to be woken at the latest; `unseen` is true until the first event; `applied` the last offset of each source topic up to which all of the partner's events were applied when the state was last written (what came since, the corridor knows); `house` is what the partners of one partition share; `heard`
    is how far the partner's own time had come when they were last looked at: what every event moves on, but a late one; `looked_at` when that was (monotonic s); `changed` that the partner is known to be written next.
    `alarm`, `house`, `heard`, `looked_at` and `changed` are no part of a snapshot.
    """

    __slots__ = (
        "alarm", "applied", "changed", "closed", "context", "day_end", "day_start", "dropped", "dues", "fix_at", "heard", "house", "lat", "lon", "looked_at", "next_due", "now", "online",
        "online_before", "online_since", "opted_out", "orders", "partner_id", "profile", "profile_at", "recent", "sends", "session_at", "session_start",
        "slots", "speed", "unseen", "zone", "zone_at",
    )  # fmt: skip

    def __init__(self, partner_id: str, slots: int = 0, timers: int = 0) -> None:
        self.partner_id = partner_id
        self.now = -inf
        self.next_due = inf
        self.alarm = inf
        self.house: Any = None
        self.heard = self.looked_at = -inf
        self.changed = False
        self.unseen = True
        self.applied: Mapping[str, int] = NOTHING_APPLIED
        self.slots: list[Any] = [None] * slots
        self.dues: list[float] = [inf] * timers
        self.profile: dict[str, Any] = {}
        self.profile_at = -inf
        self.online: bool | None = None
        self.session_at = -inf
        self.session_start = -inf
        self.online_since = -inf
        self.online_before = 0.0
        self.fix_at = -inf
        self.lat = self.lon = 0.0
        self.speed: float | None = None
        self.zone: str | None = None
        self.zone_at = -inf
        self.orders: dict[str, float] = {}
        self.closed: dict[str, float] = {}
        self.recent: dict[str, float] = {}
        self.sends: list[float] = []
        self.opted_out: list[str] = []
        self.context: dict[str, list[Any]] = {}
        self.day_start = inf
        self.day_end = -inf
        self.dropped = 0

    def drop(self, count: int = 1) -> None:
        """Count what there was no room for: elements of a window, an open match, an open order."""
        self.dropped += count
        if self.house is not None:
            self.house.dropped += count
