"""Faust's Kafka consumer with a fetched partition batch as one event, and commits that the worker's own accounts allow.

An event's value is the list of records (each with `offset`, `timestamp` in ms, `key`, `value`); its message bears the offset of the last one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from aiokafka.errors import IllegalStateError, KafkaError
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode import Service

from streams.errors import TopicFault
from streams.identity import beyond
from streams.lane.book import Book
from streams.lane.continuity import Continuity, Reseek
from streams.lane.fetching import LaneThread
from streams.lane.ports import Port

POLL = 1.0  # s to wait for records; a resumed partition and a stop end the wait
NAP = 0.01  # s between two looks while every partition is held back

Batch = Sequence[Any]


class LaneConsumer(Consumer):
    """Delivers whole batches; `hold` and `release` are the back-pressure, by topic partition."""

    _thread: LaneThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.continuity = Continuity()
        self._acknowledged: dict[TP, int] = {}

    @property
    def _port(self) -> Port:
        return cast(Port, self.app.port)  # type: ignore[attr-defined]

    def _new_consumer_thread(self) -> LaneThread:
        return LaneThread(self, loop=self.loop, beacon=self.beacon)

    # -- delivery

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                records, _ = await self._wait_next_records(POLL)
                await asyncio.sleep(0)
                for tp, batch in (records or {}).items():
                    if self._may_deliver():
                        await self._deliver(TP(tp.topic, tp.partition), batch)
                if self._may_deliver():
                    await self._pass_what_is_no_record()
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109 - the signature is Faust's
        if self.flow_active and not self._get_active_partitions() and self._buffered_partitions:
            await self.sleep(NAP)  # Faust would sleep a second
            return {}, None
        return await super()._wait_next_records(timeout)

    def _may_deliver(self) -> bool:
        """Not while partitions are taken away: resuming the flow empties the queues, and what lay in them would be lost."""
        return self.flow_active and not self.should_stop and self.app.flow_control.is_active()

    def _may_hand_on(self, tp: TP) -> bool:
        """Sources only when the group has settled: up to then Faust resumes the flow once more, and what lay in the agents' queues would be lost."""
        return not self.app.rebalancing or self._is_changelog_tp(tp)

    async def _deliver(self, tp: TP, batch: Batch) -> None:
        if not self._may_hand_on(tp):
            return  # read again, as a hole
        expected, accepted = self.continuity.expected(tp), self.continuity.accept(tp, batch)
        if isinstance(accepted, Reseek):
            await self._seek_again(tp, accepted.offset)
        elif accepted:
            self._put(tp, accepted, accepted[-1].offset)
            await self._look_into(tp, expected, accepted[0].offset)

    def _put(self, tp: TP, batch: Batch, last: int) -> None:
        self._read_offset[tp] = last
        if self._is_changelog_tp(tp):
            self._restore(tp, batch, last)
        else:
            self._hand_on(tp, batch, last)

    def _restore(self, tp: TP, batch: Batch, last: int) -> None:
        """The book takes the whole batch; Faust's recovery gets one empty event, to count offsets by."""
        tables: Any = self.app.tables
        cast(Book, tables._changelogs[tp.topic]).restore(tp.partition, batch)
        tables.changelog_queue.force_put_nowait(self._event(tp, (), last))

    def _hand_on(self, tp: TP, batch: Batch, last: int) -> None:
        """To the agent. Its queue has no bound of its own: the worker counts what is under way, and holds the partition."""
        conductor: Any = self.app.topics
        channels = conductor._tp_index[tp]
        event = self._event(tp, batch, last)
        event.message.incref(len(channels))
        self._port.handed_on(tp, len(batch))
        for channel in channels:
            channel.queue.force_put_nowait(event)

    def _event(self, tp: TP, batch: Batch, last: int) -> Any:
        time, generation = batch[-1].timestamp / 1000.0 if batch else 0.0, self.app.consumer_generation_id
        message = ConsumerMessage(
            tp.topic, tp.partition, last, time, 0, None, None, None, None, 0, 0, tp, generation_id=generation,
        )  # fmt: skip
        return self.app.create_event(None, batch, None, message)

    async def _pass_what_is_no_record(self) -> None:
        """Marks of transactions and compacted tails have offsets, but no record: an empty batch says that they are passed.

        Between two fetches nothing is under way from the thread: where aiokafka has read on and no record came, there was none, or the answer
        was lost; so that is read again before it is believed.
        """
        for tp, position in self.continuity.positions():
            reached = self._thread.read_to(tp)
            if reached is None:
                continue
            if self.continuity.fell_back(tp, reached):
                self._port.failed(TopicFault(beyond(tp.topic, tp.partition, position, self._thread.end_offset(tp) or reached)))
                return
            if reached <= position or not self._may_hand_on(tp):
                continue
            if self.continuity.passed(tp, reached):
                self._put(tp, (), reached - 1)
                await self._look_into(tp, position, reached)
            else:
                await self._seek_again(tp, position)

    async def _look_into(self, tp: TP, begin: int | None, end: int) -> None:
        """Marks of transactions are holes of one; in a larger one there may have been records that Kafka deleted, by age or size, before they were read."""
        if begin is None or end - begin <= 1 or self._is_changelog_tp(tp):
            return
        try:
            (earliest,) = (await self.earliest_offsets(tp)).values()
        except KafkaError as error:
            self.log.warning("whether records of %s were deleted unread can't be told: %s", tp, error)
            return
        if earliest > begin:
            self._port.gone(tp, min(earliest, end) - begin)

    async def _seek_again(self, tp: TP, offset: int) -> None:
        try:
            await super().seek_wait({tp: offset})
        except IllegalStateError:
            self.log.debug("%s went to another worker while it was to be read again", tp)

    # -- back-pressure

    def hold(self, tp: TP) -> None:
        """Fetch no more of a partition until `release`; what is already fetched still comes."""
        self.on_buffer_full(tp)

    def release(self, tp: TP) -> None:
        if tp in self._buffered_partitions:
            self.on_buffer_drop(tp)
            self._thread.wake()

    # -- positions

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Read from these offsets; what was fetched before is not believed."""
        await super().seek_wait(partitions)
        self.continuity.begin({TP(*tp): offset for tp, offset in partitions.items()})

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self.continuity.forget(list(revoked))
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Begin at the committed offsets. A partition that has none is pinned to its earliest record, lest a later seek loses the ones before."""
        await super().perform_seek()
        sources = [tp for tp in self.assignment() if not self._is_changelog_tp(tp)]
        positions = {tp: offset for tp in sources if (offset := self._committed_offset[tp])}
        fresh = [tp for tp in sources if tp not in positions]
        if fresh:
            earliest = {TP(*tp): offset for tp, offset in (await self.earliest_offsets(*fresh)).items()}
            await self.seek_wait(earliest)
            positions |= earliest
        self._buffered_partitions.clear()
        self.continuity.begin(positions)
        self._acknowledged = {tp: offset for tp in sources if (offset := self._committed_offset[tp])}
        self._port.began(positions)

    def end_offset(self, tp: TP) -> int | None:
        """The offset of the next record to be written, as last heard from the broker; None before that, or when the partition is not ours."""
        return self._thread.end_offset(tp)

    def heard_at(self, tp: TP) -> float | None:
        """When the broker last answered about this partition (s since the epoch)."""
        return self._thread.heard_at(tp)

    # -- commits

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        """Faust's acks only say that an agent took a batch; what was applied, the worker knows."""
        self._acked.clear()
        self._acked_index.clear()
        return iter(())

    async def _commit_tps(self, tps: Iterable[TP], start_new_transaction: bool) -> bool:  # noqa: FBT001 - the signature is Faust's
        try:
            offsets = await self._port.write_out()
        except Exception as error:  # noqa: BLE001 - whatever it is, offsets stay, and the process ends
            self._port.failed(error)
            return False
        due = self._due(offsets)
        return await self._commit_offsets(due, start_new_transaction=start_new_transaction) if due else False

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        done: bool = await super()._commit(offsets)
        if done:
            self._acknowledged.update(offsets)
        return done

    def acknowledged_offset(self, tp: TP) -> int:
        """What the broker is known to have committed of a partition; 0 when nothing is. (Faust notes also what was refused.)"""
        return self._acknowledged.get(tp, 0)

    def _due(self, offsets: Mapping[TP, int]) -> dict[TP, int]:
        return {tp: offset for tp, offset in offsets.items() if self._should_commit(tp, offset)}

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's own look at stalled streams counts records one by one; the worker reports lag itself."""

    @Service.task
    async def _commit_livelock_detector(self) -> None:
        """See `verify_event_path`."""
