"""A fetched answer is handed on whole, as aiokafka would hand it on one by one."""

from __future__ import annotations

import gc
import struct
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from streams.lane.fetching import BUSY, CALM, LOOK, Rate, _Whole

TP = TopicPartition("partner.orders", 0)
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def batch(base: int, values: list[bytes], codec: int = 0, attributes: int = 0, after: int | None = None) -> bytes:
    """A batch as it lies in a log; `after`: its own next offset, where compaction took its last records."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 20)
    for n, value in enumerate(values):
        builder.append(n, 1_772_445_600_000 + n, b"p", value, [("name", b"value")])
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, base)
    struct.pack_into(">h", raw, 21, codec | attributes)
    if after is not None:
        struct.pack_into(">i", raw, 23, after - base - 1)
    struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])))
    return bytes(raw)


def fetched(raw: bytes, position: int, isolation: int = READ_UNCOMMITTED) -> tuple[FetchResult, Any]:
    state = SimpleNamespace(position=position, paused=False)
    state.consumed_to = lambda offset: setattr(state, "position", offset)
    assignment = SimpleNamespace(active=True, state_value=lambda _tp: state)
    records = PartitionRecords(TP, MemoryRecords(raw), [], position, None, None, True, isolation)
    return FetchResult(TP, assignment=assignment, partition_records=records, backoff=0), state


def spelled(rows: list[Any]) -> list[Any]:
    return [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in rows]


def both(raw: bytes, position: int) -> tuple[Any, Any]:
    """What comes of it, and where reading goes on: by aiokafka's way, and by ours."""
    plain, at_plain = fetched(raw, position)
    ours, at_ours = fetched(raw, position)
    rows = _Whole({TP: ours})[TP].getall()
    assert not ours.has_more()
    return (spelled(plain.getall()), at_plain.position), (spelled(rows), at_ours.position)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_all_batches_come_in_every_codec(codec: int) -> None:
    raw = batch(5, [b"a", b"b"], codec) + batch(7, [b"c"], codec)
    theirs, ours = both(raw, 5)
    assert ours == theirs == (ours[0], 8)
    assert [row[3] for row in ours[0]] == [b"a", b"b", b"c"]


@pytest.mark.parametrize("assigned", [True, False], ids=["read", "of a partition that is gone"])
def test_an_answer_is_gone_once_it_is_read_without_the_collector(assigned: bool) -> None:
    result, _ = fetched(batch(5, [b"a", b"b"], 4), 5)
    result._assignment.active = assigned
    kept = weakref.ref(result._partition_records), weakref.ref(result)
    whole = _Whole({TP: result})
    del result
    gc.disable()
    try:
        rows = whole[TP].getall()
        whole.clear()
        assert [ref() for ref in kept] == [None, None]
    finally:
        gc.enable()
    assert len(rows) == (2 if assigned else 0)


def test_an_answer_that_is_never_read_is_gone_without_the_collector() -> None:
    result, _ = fetched(batch(5, [b"a"]), 5)
    kept = weakref.ref(result._partition_records)
    whole = _Whole({TP: result})
    del result
    gc.disable()
    try:
        whole.clear()
        assert kept() is None
    finally:
        gc.enable()


def test_records_can_be_asked_for_in_parts() -> None:
    result, state = fetched(batch(5, [b"a", b"b", b"c"]), 5)
    whole = _Whole({TP: result})[TP]
    assert [[r.value for r in whole.getall(2)], [r.value for r in whole.getall(2)]] == [[b"a", b"b"], [b"c"]]
    assert state.position == 8


def test_what_lies_before_the_position_is_left_out() -> None:
    theirs, ours = both(batch(5, [b"a", b"b", b"c"], 3), 6)
    assert ours == theirs
    assert [row[0] for row in ours[0]] == [6, 7]


def test_reading_goes_on_after_records_that_compaction_took() -> None:
    theirs, ours = both(batch(5, [b"a"], after=9), 5)
    assert ours == theirs == (ours[0], 9)


def test_marks_of_transactions_are_passed() -> None:
    raw = batch(5, [b"a"]) + batch(6, [b"mark"], attributes=0x30) + batch(7, [b"b"])
    theirs, ours = both(raw, 5)
    assert ours == theirs
    assert [row[0] for row in ours[0]] == [5, 7]


def test_a_batch_with_a_wrong_checksum_is_refused_and_the_position_stays() -> None:
    raw = bytearray(batch(5, [b"a"]))
    raw[-3] ^= 1
    result, state = fetched(bytes(raw), 5)
    with pytest.raises(CorruptRecordException):
        _Whole({TP: result})[TP].getall()
    assert state.position == 5


def test_a_partition_that_went_away_meanwhile_gives_nothing() -> None:
    result, state = fetched(batch(5, [b"a"]), 5)
    state.position = 4
    assert _Whole({TP: result})[TP].getall() == []


def test_committed_reads_are_left_to_aiokafka() -> None:
    result, _ = fetched(batch(5, [b"a"]), 5, READ_COMMITTED)
    assert [r.value for r in _Whole({TP: result})[TP].getall()] == [b"a"]


def looked(rate: Rate, at: float, a_second: float) -> bool:
    """The look after so many records a second."""
    return rate.count(int(a_second * LOOK), at)


def test_much_is_under_way_from_one_rate_on_and_until_it_falls_below_another() -> None:
    rate, found = Rate(), []
    for number, a_second in enumerate((0, BUSY - 100, BUSY, CALM, CALM - 100, CALM)):
        changed = looked(rate, number * LOOK, a_second)
        found.append((rate.busy, changed))
    assert found == [(False, False), (False, False), (True, True), (True, False), (False, True), (False, False)]


def test_the_rate_is_looked_at_now_and_then_only() -> None:
    rate = Rate()
    rate.count(0, 0.0)
    assert not rate.count(10 * BUSY, LOOK / 2)
    assert rate.count(0, LOOK)
