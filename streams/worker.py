"""A worker: the partitions it has, events in, outputs and state out. It is what the batch lane serves (`streams.lane.ports.Port`).

Nothing is lost: partners carry the last offset applied of each topic; a commit (`streams.commit`) is outputs ▸ changelog ▸ offsets, each acknowledged;
whatever goes wrong ends the process before offsets move.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from faust.types import TP

from events.broadcasts import BROADCASTS
from streams.collector import Woken, long_lived
from streams.commit import Commit
from streams.crowd.herd import crowd_of
from streams.ends import Ends
from streams.errors import PartitionerFault, TopicFault
from streams.freezing import Newest
from streams.identity import grown
from streams.inflow import Inflow
from streams.lane.consumer import LaneConsumer
from streams.lane.restored import Restored
from streams.lane.terms import next_term
from streams.lane.transport import LaneApp
from streams.outputs import Outputs, Tap
from streams.partition import Partition, corridor_of
from streams.partitioner import Guard
from streams.plan import Plan
from streams.reload import begin, rule_sets
from streams.standing import standing
from streams.stats import Counters, usage
from training_rules import House

NAP, IDLE = 0.02, 0.5  # s until the next look, when something is held and when nothing is

log = logging.getLogger("nudgeline.worker")


class Worker:
    """The partitions of this process. `start` gives it its consumer and producer; all calls come from one event loop."""

    def __init__(
        self, plan: Plan, *, partitions: int, changelog: str, timer_slack: float = 2.0, tap: Tap | None = None, guard: Guard | None = None,
        identities: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.plan, self._count, self._changelog, self._slack, self._tap = plan, partitions, changelog, timer_slack, tap
        self._families = {s.topic: number for number, s in enumerate(plan.sources)}
        self._guard, self._said = guard, ""
        self._identities, self._woken, self._epoch = dict(identities or {}), Woken(), 0
        self._news, self._asked = asyncio.Event(), asyncio.Event()
        self.partitions: dict[int, Partition] = {}
        self.counters = Counters([s.family for s in plan.sources])
        self.failure: BaseException | None = None
        self.ended = asyncio.Event()
        self.newest: Callable[[], Newest | None] = lambda: None  # when each family's topic last had a record: whoever asks the broker knows

    def bind(self, app: LaneApp) -> None:
        """The Faust app that this worker lives in. What was loaded and compiled up to here stays, whatever is read from now on."""
        with long_lived():
            self._app = app
            self.outputs = Outputs(app, self.plan, self._count, self.counters, self._tap, self.failed)
            self._commit = Commit(
                app, self.plan, self.partitions, self.outputs, self._changelog, counters=self.counters, tap=self._tap, identities=self._identities
            )
            self._inflow = Inflow(app, self._families, self.partitions)
            self._ends = Ends(app, self.plan, self.partitions, self._inflow)

    # -- what the lane asks for

    def handed_on(self, tp: TP, records: int) -> None:
        self._inflow.queued(tp, records, crowded=self.outputs.crowded)

    async def opened(self, partitions: Mapping[int, Restored], generation: int) -> None:
        self.counters.rebalances += 1
        self.closed()  # whatever was opened before, or is still being opened, counts no more
        epoch = self._epoch
        with long_lived():
            for number, restored in sorted(partitions.items()):
                self._commit.look_at_sources(number, restored)
                count = len(restored)
                rules, kept = await begin(self.plan, restored)
                corridor = await corridor_of(self.plan, restored, House(number, self._count), rules)
                if epoch != self._epoch:  # taken away again meanwhile
                    corridor.close()
                    return
                term = next_term(restored.highest_term, generation)
                home = self.partitions[number] = Partition(number, self.plan, corridor, term, self.outputs.tell, self.counters, kept)
                self.counters.restored += count
                if self._tap is not None:
                    self._tap.opened(number)
                if erased := home.still_erased():
                    self.outputs.tell(number, erased)

    def began(self, positions: Mapping[TP, int]) -> None:
        self._inflow.begin()
        for tp, position in positions.items():
            if tp.partition >= self._count:
                self.failed(TopicFault(grown(tp.topic, self._count, tp.partition + 1)))
            if self.failure is not None:
                return
            if (partition := self.partitions.get(tp.partition)) is not None:  # else taken away while it was sought
                partition.merge.begin(self._families[tp.topic], position)
        self._news.set()

    def gone(self, tp: TP, records: int) -> None:
        self.counters.gone += records
        log.error("up to %d records of %s, partition %d, were deleted by Kafka (retention) before they were read: they are lost to us", records, tp.topic, tp.partition)

    def closed(self) -> None:
        self._epoch += 1
        for partition in self.partitions.values():
            partition.close()
        self.partitions.clear()
        self._inflow.forget()
        self._commit.forget()

    def failed(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
        self.ended.set()

    async def write_out(self) -> Mapping[TP, int]:
        if self.failure is not None:
            raise self.failure
        return await self._commit.write_out()

    # -- in

    def feed(self, event: Any) -> None:
        """Take one fetched batch: a Faust event whose value are the records."""
        tp, records = event.message.tp, event.value
        self._inflow.fed(tp, len(records))
        self._look_at_keys(tp, records)
        partition, family = self.partitions[tp.partition], self._families[tp.topic]
        partition.feed(family, records, event.message.offset + 1, time.time())
        self._news.set()

    def _look_at_keys(self, tp: TP, records: Sequence[Any]) -> None:
        if self._guard is None:
            return
        family = self.plan.sources[self._families[tp.topic]].family
        said = "" if family in BROADCASTS else self._guard.look(family, records, tp.partition)
        if said and self._guard.stops:
            self.failed(PartitionerFault(said))
        elif said and said != self._said:
            self._said = said
            log.warning("%s", said)

    async def pump(self) -> None:
        """Hand on what may go, partition by partition, a chunk at a time; for ever."""
        while True:
            went = 0
            for partition in list(self.partitions.values()):
                if self.running and not self.outputs.crowded:
                    went += self._run(partition)
                await asyncio.sleep(0)
            if not self.outputs.crowded:
                self._inflow.give_room()
            if not went:
                await self._nap()

    @property
    def running(self) -> bool:
        """Whether events may be handed on: not while partitions are taken away, and never after a failure."""
        app = self._app
        return bool(self.partitions) and not app.rebalancing and app.flow_control.is_active() and self.failure is None

    def _run(self, partition: Partition) -> int:
        """Whether anything went (true), or more can go at once."""
        if partition.barrier.stands:
            self._asked.set()
        if not partition.holds:
            return 0
        self._ends.hear(partition)
        went = partition.run(time.monotonic())
        self.counters.applied += went
        partition.make_room(self.plan.awake_limit // len(self.partitions))
        return went + partition.ready

    async def commit_when_asked(self) -> None:
        """Commit at once where a partition stands until all is written out; for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await cast(LaneConsumer, self._app.consumer).commit()

    async def _nap(self) -> None:
        """Until there is something new; not long while something is held, or held back."""
        self._news.clear()
        try:
            async with asyncio.timeout(NAP if self._inflow.held or any(p.holds for p in self.partitions.values()) else IDLE):
                await self._news.wait()
        except TimeoutError:
            return

    # -- time

    def tick(self) -> None:
        """With the wall clock, and all read to the end, time passes without events: up to the moment the broker last said so. Who is idle rests."""
        for partition in self.partitions.values():
            partition.rest(time.monotonic())
            partners = partition.corridor.partners
            self._woken.add(partners.woken)
            partners.woken = 0
            if self.running and not self.outputs.crowded:
                self._ends.hear(partition)
                partition.listen(time.time(), self.newest())
                if self.plan.clock == "wall" and self._ends.time_passes(partition):
                    partition.advance(self._ends.heard_up_to(partition) - self._slack)

    async def at_the_end(self) -> bool:
        """Whether all is handed on that lies in our partitions; the broker is asked for their ends."""
        return self.running and await self._ends.all_reached()

    def committed(self) -> bool:
        """Whether the offsets of all that was handed on are committed."""
        return self._ends.committed()

    # -- windows

    def snapshot(self) -> dict[str, Any]:
        """What this worker did and where it stands, as plain data."""
        return {
            **self.counters.snapshot(),
            **usage(),
            **standing(self.partitions, self._ends.lag),
            "rule_sets": rule_sets(self.plan),
            "crowd": crowd_of(self.plan),
            "partitioners": self._guard.names() if self._guard is not None else {},
        }
