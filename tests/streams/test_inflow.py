"""What is far ahead is not fetched until there is room."""

from __future__ import annotations

import time

from faust.types import TP

from streams.inflow import HIGH, LOW
from streams.plan import ORDER
from tests.streams.test_partition import GPS, NOW, record
from tests.streams.test_worker import Bench, story


def test_a_family_far_ahead_is_held_back_and_taken_up_again() -> None:
    async def told(bench: Bench) -> tuple[bool, bool]:
        bench.consumer.ends[TP("orders", 0)] = 1  # there is an order, and it has not come yet
        bench.feed(GPS, *[record(n, "position", at=NOW + n) for n in range(HIGH + 1)])
        await bench.pumped()
        held = TP("gps", 0) in bench.consumer.held
        bench.feed(ORDER.index("orders"), record(0, "order_accepted", at=NOW + HIGH))
        await bench.pumped()
        return held, TP("gps", 0) in bench.consumer.held

    assert LOW < HIGH
    assert story(told) == (True, False)


def test_what_is_held_back_does_not_wait_for_news_of_itself() -> None:
    async def told(bench: Bench) -> tuple[bool, bool]:
        bench.consumer.heard_at = lambda tp: time.time() + (-60 if tp in bench.consumer.held else 60)  # type: ignore[method-assign]
        bench.feed(GPS, *[record(n, "position", at=NOW + n) for n in range(HIGH + 1)])
        held = TP("gps", 0) in bench.consumer.held
        await bench.pumped()
        return held, TP("gps", 0) in bench.consumer.held

    assert story(told, clock="events") == (True, False)
