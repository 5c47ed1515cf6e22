"""Sources whose records concern all partners of a partition: rule sets, figures of zones. Their events are no partner's; a partition hands each to the
listener of its topic, at the place that it has in event time, and never earlier: time has come so far, or the next event is later.

So whoever writes one a little ahead of time reaches all partitions at the same moment of event time, live and in a replay. What a listener keeps stands in
the mark of each flush: with it a new owner begins, and meets again what came after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from training_rules import Corridor


class Listener(Protocol):
    """What one partition does with the records of one broadcast topic. All calls come from the event loop's thread; nothing may block.

    `settles`: whether all that came before a record is written out and committed before it, and it before anything that comes after: a crash then never
    repeats under the one what was done under the other.
    """

    settles: bool

    def ready(self, event: Any) -> bool:
        """Whether it can be applied. Where not, the partition stands until it can, and asks again every few milliseconds."""

    def apply(self, event: Any) -> Sequence[Any]:
        """Apply it, between two events of partners. Stream time has come to its `occurred_at`. Returns outputs. Raises BadEvent where it can't be: it becomes a dead letter."""

    def kept(self) -> Any:
        """What the next owner has to know, as plain data (msgpack); None for nothing."""


class Broadcast(Protocol):
    """A broadcast topic, as all partitions of a worker share it."""

    def heard(self, event: Any) -> None:
        """A record was read in some partition: its turn comes. The same event is heard of once for each partition."""

    def listener(self, corridor: Corridor, kept: Any) -> Listener:
        """The listener of a partition that comes up; `kept`: what the last owner's had to tell (None: there was none, or nothing)."""
