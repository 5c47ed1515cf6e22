"""The private parts of Faust, mode and aiokafka that the lane builds on: present, and shaped as on the day it was written.

When one of these fails after an upgrade, read what changed there before anything is adapted: each is part of a promise that nothing is lost.
"""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

import pytest
from aiokafka.consumer.consumer import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.subscription_state import TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.producer import AIOKafkaProducer
from faust.app import App
from faust.tables.base import Collection
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.conductor import Conductor
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Producer
from mode.threads import QueueServiceThread
from mode.utils.queues import FlowControlEvent, FlowControlQueue

CALLS: list[tuple[Any, str, tuple[str, ...]]] = [
    (Consumer, "_drain_messages", ("self", "fetcher")),
    (Consumer, "_wait_next_records", ("self", "timeout")),
    (Consumer, "_get_active_partitions", ("self",)),
    (Consumer, "_new_consumer_thread", ("self",)),
    (Consumer, "_is_changelog_tp", ("self", "tp")),
    (Consumer, "_filter_tps_with_pending_acks", ("self", "topics")),
    (Consumer, "_commit_tps", ("self", "tps", "start_new_transaction")),
    (Consumer, "_commit_offsets", ("self", "offsets", "start_new_transaction")),
    (Consumer, "_commit", ("self", "offsets")),
    (Consumer, "_should_commit", ("self", "tp", "offset")),
    (Consumer, "on_buffer_full", ("self", "tp")),
    (Consumer, "on_buffer_drop", ("self", "tp")),
    (Consumer, "perform_seek", ("self",)),
    (Consumer, "seek_wait", ("self", "partitions")),
    (Consumer, "earliest_offsets", ("self", "partitions")),
    (Consumer, "highwaters", ("self", "partitions")),
    (Consumer, "on_partitions_revoked", ("self", "revoked")),
    (Consumer, "verify_event_path", ("self", "now", "tp")),
    (AIOKafkaConsumerThread, "_create_worker_consumer", ("self", "transport")),
    (AIOKafkaConsumerThread, "_fetch_records", ("self", "consumer", "active_partitions", "timeout", "max_records")),
    (AIOKafkaConsumerThread, "_ensure_consumer", ("self",)),
    (QueueServiceThread, "call_thread", ("self", "fun", "args", "kwargs")),
    (Producer, "_settings_extra", ("self",)),
    (Producer, "_ensure_producer", ("self",)),
    (Conductor, "_update_tp_index", ("self", "assigned")),
    (TableManager, "on_rebalance", ("self", "assigned", "revoked", "newly_assigned", "generation_id")),
    (Recovery, "revoke", ("self", "tp")),
    (Recovery, "_wait", ("self", "coro", "timeout")),
    (Recovery, "on_recovery_completed", ("self", "generation_id")),
    (Collection, "on_rebalance", ("self", "assigned", "revoked", "newly_assigned", "generation_id")),
    (Collection, "on_recovery_completed", ("self", "active_tps", "standby_tps")),
    (Collection, "apply_changelog_batch", ("self", "batch")),
    (App, "_new_transport", ("self",)),
    (App, "_new_producer_transport", ("self",)),
    (App, "create_event", ("self", "key", "value", "headers", "message")),
    (App, "on_first_start", ("self",)),
    (App, "on_rebalance_end", ("self",)),
    (FlowControlEvent, "is_active", ("self",)),
    (FlowControlQueue, "force_put_nowait", ("self", "item")),
    (Fetcher, "fetched_records", ("self", "partitions", "timeout", "max_records")),
    (Fetcher, "_notify", ("self", "future")),
    (FetchResult, "has_more", ("self",)),
    (FetchResult, "getall", ("self", "max_records")),
    (FetchResult, "check_assignment", ("self", "tp")),
    (FetchResult, "_update_position", ("self",)),
    (AIOKafkaProducer, "create_batch", ("self",)),
    (AIOKafkaProducer, "send_batch", ("self", "batch", "topic", "partition")),
    (AIOKafkaProducer, "partitions_for", ("self", "topic")),
    (BatchBuilder, "append", ("self", "timestamp", "key", "value", "headers")),
]


@pytest.mark.parametrize(("owner", "name", "parameters"), CALLS, ids=[f"{owner.__name__}.{name}" for owner, name, _ in CALLS])
def test_a_private_call_has_the_signature_that_the_lane_knows(owner: Any, name: str, parameters: tuple[str, ...]) -> None:
    assert tuple(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_the_version_of_faust_is_the_one_that_was_read() -> None:
    assert version("faust-streaming") == "0.15.3"


@pytest.mark.parametrize("name", ["position", "has_valid_position", "highwater", "timestamp"])
def test_a_partition_s_state_says_where_reading_and_the_end_are(name: str) -> None:
    assert name in inspect.getsource(TopicPartitionState)


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        (Consumer, ("self._acked", "self._acked_index", "self._committed_offset", "self._buffered_partitions", "self._read_offset")),
        (Fetcher, ("self._records", "self._fetch_waiters")),
        (PartitionRecords, ("self._records", "self._isolation_level", "self._check_crcs", "self.next_fetch_offset", "self._tp")),
        (FetchResult, ("self._partition_records", "self._topic_partition")),
        (AIOKafkaConsumer, ("self._fetch_max_wait_ms", "self._subscription", "self._fetcher")),
        (Recovery, ("self.active_offsets",)),
        (TableManager, ("self._changelogs", "self._changelog_queue")),
    ],
    ids=lambda found: found.__name__ if inspect.isclass(found) else "",
)
def test_a_private_attribute_is_where_the_lane_expects_it(owner: type, words: tuple[str, ...]) -> None:
    source = "".join(inspect.getsource(c) for c in owner.__mro__ if c.__module__.startswith(("faust", "aiokafka")))
    assert [w for w in words if w not in source] == []


def test_faust_asks_each_commit_for_its_offsets_in_one_place() -> None:
    """`_commit_tps` is the lane's: everything that commits must come through it."""
    source = "".join(inspect.getsource(c) for c in Consumer.__mro__ if c.__module__.startswith("faust"))
    assert source.count("await self._commit_tps(") == 1
    assert source.count("await self._commit_offsets(") == 1
