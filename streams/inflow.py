"""How many records of each topic partition are under way, and whose fetching is held back for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import cast

from faust.types import TP

from streams.lane.consumer import LaneConsumer
from streams.lane.transport import LaneApp
from streams.partition import Partition

#: Records of one topic partition under way (queued, or held by the merge) at which its fetching is held back, and at which it goes on.
HIGH, LOW = 8000, 4000


class Inflow:
    """`families`: numbers of the sources by topic. `held`: what is not fetched now."""

    def __init__(self, app: LaneApp, families: Mapping[str, int], partitions: Mapping[int, Partition]) -> None:
        self._app, self._families, self._partitions = app, families, partitions
        self._queued: dict[TP, int] = defaultdict(int)
        self.held: set[TP] = set()

    def queued(self, tp: TP, records: int, *, crowded: bool) -> None:
        """So many records were fetched, and are on their way to `feed`; `crowded`: nothing more may come in."""
        self._queued[tp] += records
        if (crowded or self._load(tp) > HIGH) and tp not in self.held:
            self.held.add(tp)
            self._consumer.hold(tp)

    def fed(self, tp: TP, records: int) -> None:
        """So many have come there."""
        self._queued[tp] -= records

    def any_queued(self, tps: Iterable[TP]) -> bool:
        """Whether anything of these is on its way to `feed`."""
        return any(self._queued[tp] for tp in tps)

    def give_room(self) -> None:
        """Fetch again what was held back, where there is room."""
        for tp in [tp for tp in self.held if self._load(tp) < LOW]:
            self.held.discard(tp)
            self._consumer.release(tp)

    def begin(self) -> None:
        """Nothing is on its way: reading begins."""
        self._queued.clear()

    def forget(self) -> None:
        """The partitions are taken away."""
        self._queued.clear()
        self.held.clear()

    def _load(self, tp: TP) -> int:
        return self._queued[tp] + self._partitions[tp.partition].held(self._families[tp.topic])

    @property
    def _consumer(self) -> LaneConsumer:
        return cast(LaneConsumer, self._app.consumer)
