"""A worker: the partitions it has, events in, outputs and state out. It is what the batch lane serves (`streams.lane.ports.Port`).

Nothing is lost: partners carry the last offset applied of each topic; a commit is outputs ▸ changelog ▸ offsets, each acknowledged; whatever
goes wrong ends the process before offsets move, and a replay then repeats the same outputs under the same ids.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any, Protocol, cast

from faust.types import TP

from events.broadcasts import BROADCASTS
from events.decode import encode
from events.structs import OUTPUT_STRUCTS, Erased
from streams.crowd.herd import crowd_of
from streams.erasure import Over, covered
from streams.errors import PartitionerFault, TopicFault
from streams.freezing import Newest
from streams.identity import grown, other_than_restored
from streams.lane.consumer import LaneConsumer
from streams.lane.outbox import BatchProducer, Outbox, Record, send_records
from streams.lane.restored import Restored
from streams.lane.terms import SOURCES, next_term, sealed
from streams.lane.transport import LaneApp
from streams.partition import SLICE, Partition, Plan, Snapshot, corridor_of
from streams.partitioner import Guard
from streams.reload import begin, rule_sets
from streams.stats import Counters, usage
from training_rules import House

#: Records of one topic partition under way (queued, or held by the merge) at which its fetching is held back, and at which it goes on.
HIGH, LOW = 8000, 4000
#: The cyclic collector's thresholds: what a fetch brings is gone, without cycles, before the youngest is due.
COLLECT = 400_000, 20, 50
#: Partners that woke up or are new, after which the collector is told that they stay.
MANY_WOKEN = 4000
#: Bytes of outputs under way to Kafka at which no further event is handed on, and fetching is held back: a slow broker slows the intake.
MOST_OUT = 16 * 1024 * 1024
#: A commit does its work in pieces of some milliseconds; so long (s) it lets others go on between two of them, and so long at most in all;
#: an event passes half a dozen turns of the loop until its nudge is on its way.
PAUSE, PAUSES = 0.01, 0.4
NAP, IDLE = 0.02, 0.5  # s until the next look, when something is held and when nothing is


Features = OUTPUT_STRUCTS["features"]
log = logging.getLogger("nudgeline.worker")


class Tap(Protocol):
    """Looks at what happens through a window (Redis views). `put` must return at once; `shows` says whether it may still show a partner who was erased."""

    def opened(self, partition: int) -> None: ...

    def put(self, partition: int, outputs: Sequence[Any]) -> None: ...

    def shows(self, partner_id: str) -> bool: ...


class Worker:
    """The partitions of this process. `start` gives it its consumer and producer; all calls come from one event loop."""

    def __init__(
        self, plan: Plan, *, partitions: int, changelog: str, timer_slack: float = 2.0, tap: Tap | None = None, guard: Guard | None = None,
        identities: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.plan, self._count, self._changelog, self._slack, self._tap = plan, partitions, changelog, timer_slack, tap
        self._families = {s.topic: number for number, s in enumerate(plan.sources)}
        self._app: LaneApp
        self._outbox: Outbox | None = None
        self._queued: dict[TP, int] = defaultdict(int)
        self._held: set[TP] = set()
        self._torn, self._epoch, self._settled = False, 0, 0
        self._guard, self._said = guard, ""
        self._identities, self._unsigned = dict(identities or {}), set[int]()
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

    # -- what the lane asks for

    def handed_on(self, tp: TP, records: int) -> None:
        self._queued[tp] += records
        if (self.crowded or self._load(tp) > HIGH) and tp not in self._held:
            self._held.add(tp)
            self._consumer.hold(tp)

    async def opened(self, partitions: Mapping[int, Restored], generation: int) -> None:
        self.counters.rebalances += 1
        epoch = self._epoch
        with long_lived():
            for number, restored in sorted(partitions.items()):
                self._look_at_sources(number, restored)
                count = len(restored)
                rules, kept = await begin(self.plan, restored)
                corridor = await corridor_of(self.plan, restored, House(number, self._count), rules)
                if epoch != self._epoch:  # taken away again meanwhile
                    corridor.close()
                    return
                term = next_term(restored.highest_term, generation)
                home = self.partitions[number] = Partition(number, self.plan, corridor, term, self.tell, self.counters, kept)
                self.counters.restored += count
                if self._tap is not None:
                    self._tap.opened(number)
                if erased := home.still_erased():
                    self.tell(number, erased)

    def _look_at_sources(self, number: int, restored: Restored) -> None:
        """Are these the topics that the states were made from? Raises TopicFault. What the changelog does not say yet is to be written."""
        if said := other_than_restored(known := restored.sources, self._identities):
            raise TopicFault(said)
        if known != self._identities:
            self._unsigned.add(number)

    def began(self, positions: Mapping[TP, int]) -> None:
        self._queued.clear()
        for tp, position in positions.items():
            if tp.partition >= self._count:
                self.failed(TopicFault(grown(tp.topic, self._count, tp.partition + 1)))
            if self.failure is not None:
                return
            if (partition := self.partitions.get(tp.partition)) is not None:  # else taken away while it was sought
                partition.merge.begin(self._families[tp.topic], position)
        self._news.set()

    def closed(self) -> None:
        self._epoch += 1
        for partition in self.partitions.values():
            partition.close()
        self.partitions.clear()
        self._queued.clear()
        self._held.clear()
        self._unsigned.clear()
        self._torn = False

    def failed(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
        self.ended.set()

    async def write_out(self) -> Mapping[TP, int]:
        if self.failure is not None:
            raise self.failure
        if self._torn:
            return {}
        self._torn, epoch = True, self._epoch  # until all is written: cut off in between, changed partners would count as written
        shots = await self._shots()
        await self._write(shots)
        if epoch != self._epoch:
            return {}  # taken away meanwhile: who has them now may have read the changelog before this was in it
        self._torn = False
        for shot in shots:
            self.partitions[shot.partition].barrier.written()
        self.counters.commits += 1
        return {tp: offset for shot in shots for tp, offset in shot.offsets.items()}

    async def _shots(self) -> list[Snapshot]:
        """Each partition at a moment of its own. Those that are taken away meanwhile are left."""
        pause = _pause(sum(len(p.corridor.dirty) // SLICE + 1 for p in self.partitions.values()))
        shots = [await self._shot(partition, pause) for partition in list(self.partitions.values())]
        return [shot for shot in shots if shot is not None]

    async def _shot(self, partition: Partition, pause: float) -> Snapshot | None:
        slices = partition.snapshot(time.monotonic(), self._over(partition))
        while self.partitions.get(partition.number) is partition:
            if (shot := next(slices)) is not None:
                return shot
            await asyncio.sleep(pause)
        return None

    def _over(self, partition: Partition) -> Over:
        """Of whom nothing more need be kept: no event from before can come any more, and Redis shows nothing."""
        acknowledged, options = self._consumer.acknowledged_offset, self.plan.rules.options
        committed = {source.name: acknowledged(TP(source.topic, partition.number)) for source in self.plan.sources}
        before = partition.corridor.stream_time - options.allowed_lateness
        return lambda s: covered(s, committed, before) and not (self._tap is not None and self._tap.shows(s.partner_id))

    async def _write(self, shots: Sequence[Snapshot]) -> None:
        if self._outbox is not None:
            await self._outbox.settle()
        signed = [shot.partition for shot in shots if shot.records and shot.partition in self._unsigned]
        pause = _pause(len(shots))
        await asyncio.gather(*[self._send(shot, number * pause) for number, shot in enumerate(shots)])
        self._unsigned.difference_update(signed)
        self.counters.states_written += sum(len(shot.records) for shot in shots)

    async def _send(self, shot: Snapshot, after: float) -> None:
        await asyncio.sleep(after if shot.records else 0)
        await send_records(self._producer, self._changelog, shot.partition, self._signature(shot) + shot.records)

    def _signature(self, shot: Snapshot) -> list[Record]:
        """Before the first states of a partition: which topics they are made from."""
        if not shot.records or shot.partition not in self._unsigned:
            return []
        return [(SOURCES, sealed(self.partitions[shot.partition].term, encode(self._identities)))]

    # -- in

    def feed(self, event: Any) -> None:
        """Take one fetched batch: a Faust event whose value are the records."""
        tp, records = event.message.tp, event.value
        self._queued[tp] -= len(records)
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
                if self.running and not self.crowded:
                    went += self._run(partition)
                await asyncio.sleep(0)
            self._give_room()
            if not went:
                await self._nap()

    @property
    def running(self) -> bool:
        """Whether events may be handed on: not while partitions are taken away, and never after a failure."""
        app = self._app
        return bool(self.partitions) and not app.rebalancing and app.flow_control.is_active() and self.failure is None

    @property
    def crowded(self) -> bool:
        """So much is on its way out that nothing more may come in."""
        return self._outbox is not None and self._outbox.waiting > MOST_OUT

    def _run(self, partition: Partition) -> int:
        """Whether anything went (true), or more can go at once."""
        if partition.barrier.stands:
            self._asked.set()
        if not partition.holds:
            return 0
        self._hear(partition)
        went = partition.run(time.monotonic())
        self.counters.applied += went
        partition.make_room(self.plan.awake_limit // len(self.partitions))
        return went + partition.ready

    async def commit_when_asked(self) -> None:
        """Commit at once where a partition stands until all is written out; for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._consumer.commit()

    async def _nap(self) -> None:
        """Until there is something new; not long while something is held, or held back."""
        self._news.clear()
        try:
            async with asyncio.timeout(NAP if self._held or any(p.holds for p in self.partitions.values()) else IDLE):
                await self._news.wait()
        except TimeoutError:
            return

    def _load(self, tp: TP) -> int:
        return self._queued[tp] + self.partitions[tp.partition].held(self._families[tp.topic])

    def _give_room(self) -> None:
        """Fetch again what was held back, where there is room."""
        if not self._held or self.crowded:
            return
        for tp in [tp for tp in self._held if self._load(tp) < LOW]:
            self._held.discard(tp)
            self._consumer.release(tp)

    def _hear(self, partition: Partition) -> None:
        """Tell the merge where its topics end, and how old that news is."""
        behind = time.monotonic() - time.time()
        for family, source in enumerate(self.plan.sources):
            tp = TP(source.topic, partition.number)
            at = self._consumer.heard_at(tp)
            end = None if at is None else self._consumer.end_offset(tp)
            partition.merge.heard(family, end, -1.0 if at is None else at + behind, asked=tp not in self._held)

    # -- time

    def tick(self) -> None:
        """With the wall clock, and all read to the end, time passes without events: up to the moment the broker last said so. Who is idle rests."""
        for partition in self.partitions.values():
            partition.rest(time.monotonic())
            self._settle(partition)
            if self.running and not self.crowded:
                self._hear(partition)
                partition.listen(time.time(), self.newest())
                if self.plan.clock == "wall" and self._goes_on(partition):
                    heard = min(self._consumer.heard_at(tp) or 0.0 for tp in self._tps(partition, partition.feeds.frozen))
                    partition.advance(heard - self._slack)

    def _settle(self, partition: Partition) -> None:
        """Who woke up stays for minutes, and goes without leaving cycles behind: when they are many the collector looks at them once, and not again and again."""
        partners = partition.corridor.partners
        self._settled, partners.woken = self._settled + partners.woken, 0
        if self._settled >= MANY_WOKEN:
            self._settled = 0
            gc.collect()
            gc.freeze()

    def caught_up_with(self, partition: Partition) -> bool:
        """All that the broker is known to have for this partition was handed on."""
        return partition.caught_up and not any(self._queued[tp] for tp in self._tps(partition))

    def _goes_on(self, partition: Partition) -> bool:
        """Whether time passes: all is handed on, but for feeds that are frozen."""
        if not (frozen := partition.feeds.frozen):
            return self.caught_up_with(partition)
        return partition.caught_up_but(frozen) and not any(self._queued[tp] for tp in self._tps(partition, frozen))

    def _tps(self, partition: Partition, but: Collection[str] = ()) -> Iterable[TP]:
        return (TP(source.topic, partition.number) for source in self.plan.sources if source.family not in but)

    async def at_the_end(self) -> bool:
        """Whether all is handed on that lies in our partitions; the broker is asked for their ends."""
        if not self.running or not all(map(self.caught_up_with, self.partitions.values())):
            return False
        tps = [tp for partition in self.partitions.values() for tp in self._tps(partition)]
        ends = await self._consumer.highwaters(*tps)
        reached = {tp: at for p in self.partitions.values() for tp, at in p.positions().items()}
        return all(reached.get(TP(*tp), -1) >= end for tp, end in ends.items())

    def committed(self) -> bool:
        """Whether the offsets of all that was handed on are committed."""
        committed = self._consumer.committed_offset
        return all(committed(tp) >= at for p in self.partitions.values() for tp, at in p.offsets().items())

    # -- out

    def tell(self, number: int, outputs: Sequence[Any]) -> None:
        """Outputs that came of partition `number`: on their way from now on."""
        self.counters.said(outputs)
        by_topic: dict[str, list[Record]] = defaultdict(list)
        for output in outputs:
            gone = output.__class__ is Erased
            by_topic[self.plan.outputs[Features if gone else output.__class__]].append((_key(output), None if gone else encode(output)))
        for topic, records in by_topic.items():
            self._box.put(topic, number, records)
        if self._tap is not None:
            self._tap.put(number, outputs)

    @property
    def _box(self) -> Outbox:
        if self._outbox is None:
            self._outbox = Outbox(self._producer, self._count, self.failed)
        return self._outbox

    @property
    def _consumer(self) -> LaneConsumer:
        return cast(LaneConsumer, self._app.consumer)

    @property
    def _producer(self) -> BatchProducer:
        return self._app.batch_producer

    # -- windows

    def snapshot(self) -> dict[str, Any]:
        """What this worker did and where it stands, as plain data."""
        return (
            self.counters.snapshot()
            | usage()
            | {
                "partners": sum(len(p.corridor.partners) for p in self.partitions.values()),
                "awake": sum(len(p.corridor.partners.awake) for p in self.partitions.values()),
                "stored": sum(len(p.corridor.partners.store) for p in self.partitions.values()),
                "partitions": {number: self._state_of(p) for number, p in sorted(self.partitions.items())},
                "lag": sum(self.lag(p) for p in self.partitions.values()),
                "rule_sets": rule_sets(self.plan),
                "crowd": crowd_of(self.plan),
                "feeds": dict(sum((p.feeds.counts for p in self.partitions.values()), Counter())),
                "partitioners": self._guard.names() if self._guard is not None else {},
            }
        )

    def _state_of(self, partition: Partition) -> dict[str, Any]:
        corridor = partition.corridor
        return {
            "partners": len(corridor.partners),
            "stream_time": None if corridor.stream_time == -inf else corridor.stream_time,
            "lag": self.lag(partition),
            "waits": partition.merge.timeouts,
            "dropped": corridor.house.dropped,
            "erased": len(corridor.partners.erased),
            "outlived": corridor.outlived,
            "rules": corridor.rules.version,
            "frozen": partition.feeds.state(),
        }

    def lag(self, partition: Partition) -> int:
        """Records that the broker is known to have for this partition, and that were not handed on."""
        ends = {tp: self._consumer.end_offset(tp) for tp in self._tps(partition)}
        return sum(max(0, end - at) for tp, at in partition.offsets().items() if (end := ends[tp]) is not None)


def _pause(pieces: int) -> float:
    """How long (s) a commit of so many pieces lets go between two of them."""
    return min(PAUSE, PAUSES / max(pieces, 1))


@contextmanager
def long_lived() -> Iterator[None]:
    """What is made inside stays: the cyclic collector never looks at it again. A million partners would stop the stream for seconds each time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*COLLECT)
        gc.enable()


def _key(output: Any) -> bytes | None:
    """Outputs are keyed by partner; a dead letter as its original was."""
    if output.type == "dead_letter":
        return None if output.key_base64 is None else b64decode(output.key_base64)
    key: bytes = output.partner_id.encode()
    return key
