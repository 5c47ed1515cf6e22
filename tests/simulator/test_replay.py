import asyncio
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from simulator import replay as replaying
from simulator.importers import Cut, Record, open_source
from simulator.replay import dry_run, pace, shifted_to
from simulator.sender import positive_hash

Lines = Callable[..., Path]
T0 = 1_700_000_000


class FakeSender:
    """Remembers when what was added and what each flush sent."""

    def __init__(self) -> None:
        self.began = monotonic()
        self.added: list[float] = []
        self.flushes: list[int] = []

    @property
    def waiting(self) -> int:
        return len(self.added) - self.sent

    @property
    def sent(self) -> int:
        return sum(self.flushes)

    def add(self, family: str, key: bytes, value: bytes) -> None:
        self.added.append(monotonic() - self.began)

    async def flush(self) -> None:
        self.flushes.append(self.waiting)


def paced(times: Sequence[float], speed: float) -> FakeSender:
    sender = FakeSender()
    asyncio.run(pace((Record("gps", b"k", b"v", at) for at in times), sender, speed))  # type: ignore[arg-type]
    return sender


def log_ins(lines: Lines, *times: float) -> Path:
    return lines(*(f'{{"type":"logged_in","event_id":"e{at}","partner_id":"p","occurred_at":{T0 + at}}}' for at in times))


def test_as_fast_as_possible_waits_for_nothing() -> None:
    assert paced([0, 1e6], inf).flushes == [2]


def test_no_event_is_sent_before_it_is_due() -> None:
    times = [100.0, 100.0, 106.0, 112.0]
    added = paced(times, speed=60).added
    assert all(when >= (at - times[0]) / 60 - replaying.SLICE for when, at in zip(added, times, strict=True))


def test_what_came_before_a_pause_is_sent_before_the_pause() -> None:
    assert paced([0.0, 0.0, 6.0, 12.0], speed=60).flushes == [2, 1, 1]


def test_a_long_run_is_sent_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "CHUNK", 4)
    assert paced([0.0] * 10, inf).flushes == [4, 4, 2]


def test_nothing_to_send_sends_nothing() -> None:
    assert paced([], speed=60).sent == 0


def test_a_shift_ends_the_recording_at_the_moment_given(lines: Lines) -> None:
    assert shifted_to(open_source(log_ins(lines, 10, 40)), Cut(), end=T0 + 1000).shift == 960


def test_at_a_pace_the_last_event_happens_when_it_is_sent(lines: Lines) -> None:
    assert shifted_to(open_source(log_ins(lines, 10, 40)), Cut(), end=T0 + 1000, speed=3).shift == 970


def test_at_its_own_pace_the_recording_begins_now(lines: Lines) -> None:
    assert shifted_to(open_source(log_ins(lines, 10, 40)), Cut(), end=T0 + 1000, speed=1).shift + 10 == 1000


def test_a_shift_of_nothing_is_none(lines: Lines) -> None:
    assert shifted_to(open_source(log_ins(lines, 10)), Cut(begin=T0 + 20), end=T0 + 1000).shift == 0


def test_a_dry_run_makes_every_event(lines: Lines) -> None:
    made = dry_run(open_source(log_ins(lines, 10, 40)))
    assert (made.events, made.report.events) == (2, {"logged_in": 2})


# From the tests of Kafka's own Utils.murmur2 (Java), as signed 32-bit numbers.
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "hashed"), JAVA.items())
def test_a_key_is_hashed_as_java_hashes_it(key: bytes, hashed: int) -> None:
    assert positive_hash(key) == hashed & 0x7FFFFFFF


@given(st.binary(min_size=1, max_size=40))
def test_a_key_is_hashed_as_kafka_python_hashes_it(key: bytes) -> None:
    assert positive_hash(key) == murmur2(key) & 0x7FFFFFFF
