"""How far a worker is, held against the ends of its topics as the broker told them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import cast

from faust.types import TP

from streams.inflow import Inflow
from streams.lane.consumer import LaneConsumer
from streams.lane.transport import LaneApp
from streams.partition import Partition
from streams.plan import Plan


class Ends:
    """Asks the lane's consumer where the topics of `partitions` end, and since when that is known."""

    def __init__(self, app: LaneApp, plan: Plan, partitions: Mapping[int, Partition], inflow: Inflow) -> None:
        self._app, self._sources, self._partitions, self._inflow = app, plan.sources, partitions, inflow

    def hear(self, partition: Partition) -> None:
        """Tell the merge where its topics end, and how old that news is."""
        behind = time.monotonic() - time.time()
        for family, source in enumerate(self._sources):
            tp = TP(source.topic, partition.number)
            at = self._consumer.heard_at(tp)
            end = None if at is None else self._consumer.end_offset(tp)
            partition.merge.heard(family, end, -1.0 if at is None else at + behind, asked=tp not in self._inflow.held)

    def heard_up_to(self, partition: Partition) -> float:
        """When (s since the epoch) the broker last said of all its topics where they end, but for feeds that are frozen; 0 where it never did."""
        return min(self._consumer.heard_at(tp) or 0.0 for tp in self._tps(partition, partition.feeds.frozen))

    def reached(self, partition: Partition) -> bool:
        """All that the broker is known to have for this partition was handed on."""
        return partition.caught_up and not self._inflow.any_queued(self._tps(partition))

    def time_passes(self, partition: Partition) -> bool:
        """All is handed on, but for feeds that are frozen: time goes on without events."""
        if not (frozen := partition.feeds.frozen):
            return self.reached(partition)
        return partition.caught_up_but(frozen) and not self._inflow.any_queued(self._tps(partition, frozen))

    async def all_reached(self) -> bool:
        """Whether all is handed on that lies in our partitions; the broker is asked for their ends."""
        if not all(map(self.reached, self._partitions.values())):
            return False
        tps = [tp for partition in self._partitions.values() for tp in self._tps(partition)]
        ends = await self._consumer.highwaters(*tps)
        reached = {tp: at for p in self._partitions.values() for tp, at in p.positions().items()}
        return all(reached.get(TP(*tp), -1) >= end for tp, end in ends.items())

    def committed(self) -> bool:
        """Whether the offsets of all that was handed on are committed."""
        committed = self._consumer.acknowledged_offset
        return all(committed(tp) >= at for p in self._partitions.values() for tp, at in p.offsets().items())

    def lag(self, partition: Partition) -> int:
        """Records that the broker is known to have for this partition, and that were not handed on."""
        ends = {tp: self._consumer.end_offset(tp) for tp in self._tps(partition)}
        return sum(max(0, end - at) for tp, at in partition.offsets().items() if (end := ends[tp]) is not None)

    def _tps(self, partition: Partition, but: Collection[str] = ()) -> Iterable[TP]:
        return (TP(source.topic, partition.number) for source in self._sources if source.family not in but)

    @property
    def _consumer(self) -> LaneConsumer:
        return cast(LaneConsumer, self._app.consumer)
