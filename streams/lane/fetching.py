"""The thread in which aiokafka lives: fetches without one object more for each record, and answers fast when partitions are idle."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from math import inf
from typing import Any
from weakref import ref

from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult
from aiokafka.errors import CorruptRecordException
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

#: What the broker is asked for: how long (ms) it may hold a fetch that has fewer bytes. With little under way each record is answered at once, and an empty
#: fetch is held long, though a partition taken up meanwhile waits for that answer. With much, records are let gather for some milliseconds: answers that
#: bring a handful each would keep a core busy with asking, and whatever comes beside them, like a commit, would make events queue.
LITTLE, MUCH = (100, 1), (8, 32_768)
#: Records a second from which on there is much under way, and below which there is little again.
BUSY, CALM = 8000, 4000
LOOK = 0.25  # s between two looks at the rate


class LaneThread(AIOKafkaConsumerThread):
    """Faust's consumer thread with aiokafka's own C records handed on as they are, whole batches at a time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rate = Rate()

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms, consumer._fetch_min_bytes = LITTLE  # Faust fixes 1.5 s
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is Faust's
        max_records: int | None = None,
    ) -> Any:
        fetcher = consumer._fetcher
        if not isinstance(fetcher._records, _Whole):
            fetcher._records = _Whole(fetcher._records)
        found = await super()._fetch_records(consumer, active_partitions, timeout=timeout, max_records=max_records)
        if self._rate.count(sum(map(len, (found or {}).values())), time.monotonic()):
            fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes = MUCH if self._rate.busy else LITTLE
        return found

    def wake(self) -> None:
        """End a wait for records: a partition that was held back may have some. Thread-safe."""
        self.thread_loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        fetcher = self._ensure_consumer()._fetcher
        for waiter in list(fetcher._fetch_waiters):
            fetcher._notify(waiter)

    def _state(self, tp: TP) -> Any:
        subscription = self._ensure_consumer()._subscription.subscription
        assignment = subscription.assignment if subscription else None
        return assignment.state_value(tp) if assignment and tp in assignment.tps else None

    def end_offset(self, tp: TP) -> int | None:
        state = self._state(tp)
        return state.highwater if state else None

    def read_to(self, tp: TP) -> int | None:
        """The offset that aiokafka reads next."""
        state = self._state(tp)
        return state.position if state and state.has_valid_position else None

    def heard_at(self, tp: TP) -> float | None:
        state = self._state(tp)
        return state.timestamp / 1000 if state and state.timestamp else None


class Rate:
    """Whether much is under way, by the records that came since the last look. Pure: the clock is an argument (monotonic s)."""

    def __init__(self) -> None:
        self.busy, self._count, self._since = False, 0, -inf

    def count(self, records: int, now: float) -> bool:
        """Take records; returns whether `busy` changed."""
        self._count += records
        passed, before = now - self._since, self.busy
        if passed >= LOOK:
            self.busy = self._count / passed >= (CALM if self.busy else BUSY)
            self._count, self._since = 0, now
        return self.busy != before


class _Whole(OrderedDict[Any, Any]):
    """What aiokafka has fetched, by partition. Each result hands on aiokafka's C records a batch at a time: they have all that is read (offset,
    timestamp, key, value, headers), and aiokafka spends more on handing them on one by one than on reading them."""

    def __init__(self, fetched: Mapping[Any, Any]) -> None:
        super().__init__()
        for tp, result in fetched.items():
            self[tp] = result

    def __setitem__(self, tp: Any, result: Any) -> None:
        if type(result) is FetchResult:
            _untie(result)
        super().__setitem__(tp, result)


def _untie(result: Any) -> None:
    """Reading whole batches, with nothing that points back to itself: an answer is up to a megabyte that the collector does not see, comes with few objects
    that would make it look, and what is unread when partitions change hands would be frozen with the states (`streams.collector.long_lived`) for good."""
    itself, kept = ref(result), result._partition_records
    result.getall = lambda max_records=None: _all_of(itself(), max_records)
    if kept is not None:
        kept._records_iterator = None  # a generator that holds it, begun only where records are asked for one by one


def _all_of(result: Any, most: int | None) -> list[Any]:
    """As `FetchResult.getall`, whole batches at once; it moves the position on."""
    kept = result._partition_records
    if kept is None or most is not None or kept._isolation_level == READ_COMMITTED:
        if kept is not None and kept._records_iterator is None:
            kept._records_iterator = kept._unpack_records()
        rest: list[Any] = FetchResult.getall(result, most)
        return rest
    if not result.check_assignment(result._topic_partition):
        return []
    position = kept.next_fetch_offset
    rows = _read(kept)
    result._update_position()
    result._partition_records = None
    return rows if not rows or rows[0].offset >= position else [r for r in rows if r.offset >= position]


def _read(kept: Any) -> list[Any]:
    """Every record of a partition's answer; control batches have none for us. A batch's own next offset counts, whatever compaction took away."""
    records, rows = kept._records, list[Any]()
    while records.has_next():
        batch = records.next_batch()
        if kept._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {kept._tp}")
        if not batch.is_control_batch:
            rows += batch
        kept.next_fetch_offset = batch.next_offset
    return rows
