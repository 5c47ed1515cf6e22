"""Where a worker stands, as plain data."""

from __future__ import annotations

from typing import Any

from faust.types import TP

from tests.streams.test_worker import Bench, story, two_ratings


def test_statistics_say_what_was_done_and_where_it_stands() -> None:
    async def told(bench: Bench) -> dict[str, Any]:
        await two_ratings(bench)
        bench.consumer.ends[TP("orders", 0)] = 3
        return bench.worker.snapshot()

    found = story(told)
    assert (found["applied"], found["nudges"], found["lag"], found["partners"]) == (2, {"low_ratings": 1}, 3, 1)
