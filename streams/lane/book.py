"""The table of partners: Faust gives it a changelog topic, its place in the assignment, and recovery; the live values are the worker's.

Faust's own store is not used: it keeps keys of partitions that went away, and writes each change for itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from faust.tables.table import Table
from faust.types import TP

from streams.lane.ports import Port
from streams.lane.restored import Restored

if TYPE_CHECKING:
    from streams.lane.transport import LaneApp


class Book(Table[bytes, bytes]):
    """Restores in whole batches and hands the states over when recovery is complete."""

    def __init__(self, app: Any, *, port: Port, **kwargs: Any) -> None:
        super().__init__(app, key_type=bytes, value_type=bytes, **kwargs)
        self._port = port
        self._read: dict[int, Restored] = defaultdict(Restored)

    def restore(self, partition: int, records: Iterable[Any]) -> None:
        """Take in changelog records of one partition, in order."""
        self._read[partition].apply(records)

    async def on_rebalance(self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0) -> None:
        """Every partition is given up, and read anew: another worker may have had it in between. Faust would go on where it last stopped reading."""
        self._port.closed()
        self._read.clear()
        app = cast("LaneApp", self.app)
        app.settling = app.rebalancing_count
        manager: Any = app.tables
        manager.changelog_queue.clear()
        for tp in list(manager.recovery.active_offsets):
            manager.recovery.revoke(tp)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Faust drops what this raises, so that a fault is reported by hand. It also comes here when partitions are given anew while the changelog is read:
        of those nothing is read yet."""
        recovery: Any = self.app.tables.recovery
        if recovery.signal_recovery_start.is_set() or recovery._generation_id != self.app.consumer_generation_id:
            return
        try:
            read, self._read = self._read, defaultdict(Restored)
            await self._port.opened({tp.partition: read[tp.partition] for tp in active_tps}, self.app.consumer_generation_id)
        except Exception as error:  # noqa: BLE001 - reported, see above
            self._port.failed(error)

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Nothing: `restore` has the records already; these events only count offsets."""
