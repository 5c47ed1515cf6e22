"""The order in which a worker writes, and what a commit that was cut off, or taken away under, gives out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faust.types import TP

from streams.errors import TopicFault
from streams.lane.restored import Restored
from streams.lane.terms import SOURCES, sealed
from tests.streams.test_partition import NOW, RATINGS, Record, record
from tests.streams.test_worker import Bench, story, two_ratings


def test_outputs_are_acknowledged_before_the_changelog_is_sent() -> None:
    async def told(bench: Bench) -> list[str]:
        bench.producer.slow.clear()
        await two_ratings(bench)
        writing = asyncio.ensure_future(bench.worker.write_out())
        for _ in range(20):
            await asyncio.sleep(0)
        bench.producer.slow.set()
        await writing
        return bench.producer.order

    order = story(told)
    assert order[-1] == "changelog"
    assert {"decision", "nudge"} < set(order[:-1])


def test_offsets_are_given_out_only_after_the_changelog() -> None:
    async def told(bench: Bench) -> tuple[list[str], Any]:
        await two_ratings(bench)
        offsets = await bench.worker.write_out()
        return bench.producer.order, offsets[TP("ratings", 0)]

    order, offset = story(told)
    assert (order[-1], offset) == ("changelog", 2)


@pytest.mark.parametrize("topic", ["nudge", "changelog"])
def test_no_offset_is_given_out_when_a_write_fails(topic: str) -> None:
    async def told(bench: Bench) -> None:
        bench.producer.refuses = topic
        await two_ratings(bench)
        await bench.worker.write_out()

    with pytest.raises(ConnectionError):
        story(told)


def test_a_commit_cut_off_in_the_middle_is_followed_by_none() -> None:
    """Partners that it took for written are not."""

    async def told(bench: Bench) -> Any:
        await two_ratings(bench)
        bench.producer.slow.clear()
        writing = asyncio.ensure_future(bench.worker.write_out())
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        bench.producer.slow.set()
        return await bench.worker.write_out()

    assert story(told) == {}


def test_no_offset_is_given_out_by_a_write_that_partitions_were_taken_away_under() -> None:
    """Whoever has them now may have read the changelog before this write was in it, and would begin behind what it lacks."""

    async def told(bench: Bench) -> Any:
        await two_ratings(bench)
        bench.producer.slow.clear()
        writing = asyncio.ensure_future(bench.worker.write_out())
        await asyncio.sleep(0)
        bench.worker.closed()
        await bench.open()
        bench.producer.slow.set()
        return await writing

    assert story(told) == {}


def test_what_was_taken_away_while_outputs_were_on_their_way_is_not_written() -> None:
    async def told(bench: Bench) -> tuple[Any, list[str]]:
        bench.producer.slow.clear()
        await two_ratings(bench)
        writing = asyncio.ensure_future(bench.worker.write_out())
        for _ in range(20):
            await asyncio.sleep(0)
        bench.worker.closed()
        bench.producer.slow.set()
        return await writing, bench.producer.order

    offsets, order = story(told)
    assert offsets == {}
    assert "changelog" not in order


def test_states_made_from_another_topic_are_not_opened() -> None:
    async def told(bench: Bench) -> None:
        restored = Restored()
        restored.apply([Record(0, 0, SOURCES, sealed(1, b'{"gps":"a"}'))])
        await bench.worker.opened({0: restored}, 2)

    with pytest.raises(TopicFault, match="topic gps was deleted and made anew"):
        story(told, identities={"gps": "b"})


def test_the_changelog_is_told_once_which_topics_its_states_are_made_from() -> None:
    async def told(bench: Bench) -> list[int]:
        sizes = []
        for number in (0, 1):
            bench.feed(RATINGS, record(number, at=NOW + number))
            await bench.pumped()
            before = bench.producer.records.get("changelog", 0)
            await bench.worker.write_out()
            sizes.append(bench.producer.records["changelog"] - before)
        return sizes

    assert story(told, identities={"ratings": "a"}) == [3, 2]  # topics, state, mark; state, mark
