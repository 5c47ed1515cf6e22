"""A commit: what was said is acknowledged ▸ changed partners are in the changelog ▸ then offsets may be committed. Whatever goes wrong in between,
no offset is given out, and a replay repeats the same outputs under the same ids.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat

from faust.types import TP

from events.decode import encode
from streams.erasure import Over, covered
from streams.errors import TopicFault
from streams.identity import other_than_restored
from streams.lane.outbox import Record, send_records
from streams.lane.restored import Restored
from streams.lane.terms import SOURCES, sealed
from streams.lane.transport import LaneApp
from streams.outputs import Outputs, Tap
from streams.partition import Partition
from streams.plan import Plan
from streams.snapshot import SLICE, Snapshot
from streams.stats import Counters

#: A commit does its work in pieces of some milliseconds; so long (s) it lets others go on between two of them, and so long at most in all;
#: an event passes half a dozen turns of the loop until its nudge is on its way.
PAUSE, PAUSES = 0.01, 0.4


class Commit:
    """Writes out the `partitions` of a worker. `identities`: ids in Kafka of the source topics, by the names that offsets are kept under."""

    def __init__(
        self, app: LaneApp, plan: Plan, partitions: Mapping[int, Partition], outputs: Outputs, changelog: str, *,
        counters: Counters, tap: Tap | None, identities: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._app, self._plan, self._partitions, self._outputs, self._changelog = app, plan, partitions, outputs, changelog
        self._counters, self._tap, self._identities = counters, tap, identities
        self._unsigned = set[int]()
        self._torn, self._epoch = False, 0

    def look_at_sources(self, number: int, restored: Restored) -> None:
        """Are these the topics that the states were made from? Raises TopicFault. What the changelog does not say yet is to be written."""
        if said := other_than_restored(known := restored.sources, self._identities):
            raise TopicFault(said)
        if known != self._identities:
            self._unsigned.add(number)

    def forget(self) -> None:
        """The partitions are taken away: what is being written of them counts no more."""
        self._epoch += 1
        self._unsigned.clear()
        self._torn = False

    async def write_out(self) -> Mapping[TP, int]:
        """The offsets (next to read) that may be committed, when all that they cover is written."""
        if self._torn:
            return {}
        self._torn, epoch = True, self._epoch  # until all is written: cut off in between, changed partners would count as written
        shots = await self._shots()
        await self._outputs.settle()
        if epoch == self._epoch:
            await self._write(shots)
        if epoch != self._epoch:
            return {}  # taken away meanwhile: who has them now may have read the changelog before this was in it
        self._torn = False
        for shot in shots:
            self._partitions[shot.partition].barrier.written()
        self._counters.commits += 1
        return {tp: offset for shot in shots for tp, offset in shot.offsets.items()}

    # -- the moment

    async def _shots(self) -> list[Snapshot]:
        """Each partition at a moment of its own. Those that are taken away meanwhile are left."""
        pause = _pause(sum(len(p.corridor.dirty) // SLICE + 1 for p in self._partitions.values()))
        pauses = chain(repeat(pause, round(PAUSES / pause)), repeat(0.0))
        shots = [await self._shot(partition, pauses) for partition in list(self._partitions.values())]
        return [shot for shot in shots if shot is not None]

    async def _shot(self, partition: Partition, pauses: Iterator[float]) -> Snapshot | None:
        slices = partition.snapshot(time.monotonic(), self._over(partition))
        while self._partitions.get(partition.number) is partition:
            if (shot := next(slices)) is not None:
                return shot
            await asyncio.sleep(next(pauses))
        return None

    def _over(self, partition: Partition) -> Over:
        """Of whom nothing more need be kept: no event from before can come any more, and Redis shows nothing."""
        acknowledged, options = self._app.consumer.acknowledged_offset, self._plan.rules.options
        committed = {source.name: acknowledged(TP(source.topic, partition.number)) for source in self._plan.sources}
        before = partition.corridor.stream_time - options.allowed_lateness
        return lambda s: covered(s, committed, before) and not (self._tap is not None and self._tap.shows(s.partner_id))

    # -- the writing

    async def _write(self, shots: Sequence[Snapshot]) -> None:
        epoch, signed = self._epoch, [shot.partition for shot in shots if shot.records and shot.partition in self._unsigned]
        pause = _pause(len(shots))
        await asyncio.gather(*[self._send(shot, number * pause) for number, shot in enumerate(shots)])
        if epoch == self._epoch:
            self._unsigned.difference_update(signed)
        self._counters.states_written += sum(len(shot.records) for shot in shots)

    async def _send(self, shot: Snapshot, after: float) -> None:
        epoch = self._epoch
        await asyncio.sleep(after if shot.records else 0)
        if epoch == self._epoch:  # else taken away meanwhile
            await send_records(self._app.batch_producer, self._changelog, shot.partition, self._signature(shot) + shot.records)

    def _signature(self, shot: Snapshot) -> list[Record]:
        """Before the first states of a partition: which topics they are made from."""
        if not shot.records or shot.partition not in self._unsigned:
            return []
        return [(SOURCES, sealed(self._partitions[shot.partition].term, encode(self._identities)))]


def _pause(pieces: int) -> float:
    """How long (s) a commit of so many pieces lets go between two of them."""
    return min(PAUSE, PAUSES / max(pieces, 1))
