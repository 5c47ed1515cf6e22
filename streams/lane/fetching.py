"""The thread in which aiokafka lives: fetches without one object more for each record, and answers fast when partitions are idle."""

from __future__ import annotations

from typing import Any

from aiokafka.consumer.fetcher import FetchResult
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

FETCH_WAIT_MS = 100  # how long the broker may hold an empty fetch: a partition taken up meanwhile waits for that answer


class LaneThread(AIOKafkaConsumerThread):
    """Faust's consumer thread with aiokafka's own C records handed on as they are."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # Faust fixes 1.5 s
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is Faust's
        max_records: int | None = None,
    ) -> Any:
        fetcher = consumer._fetcher
        for result in fetcher._records.values():
            as_they_are(result)
        return await super()._fetch_records(consumer, active_partitions, timeout=timeout, max_records=max_records)

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


def as_they_are(result: Any) -> None:
    """Spare aiokafka's ConsumerRecord (eleven fields) where the C record already has all that is read: offset, timestamp, key, value."""
    if type(result) is FetchResult and result.has_more():
        result._partition_records._consumer_record = _same


def _same(_: Any, record: Any) -> Any:
    return record
