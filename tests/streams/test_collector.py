"""What the cyclic collector does not look at."""

from __future__ import annotations

import gc

import pytest

from streams import collector
from tests.streams.test_partition import NOW, RATINGS, record
from tests.streams.test_worker import Bench, story


def test_many_who_woke_up_are_not_looked_at_by_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MANY_WOKEN", 3)

    async def told(bench: Bench) -> list[int]:
        frozen = []
        for number in range(4):
            bench.feed(RATINGS, record(number, who=f"P{number}", at=NOW + number))
            await bench.pumped()
            bench.worker.tick()
            frozen.append(gc.get_freeze_count())
        return frozen

    first, second, third, fourth = story(told)
    gc.unfreeze()
    assert first >= second < third >= fourth  # what was frozen and is gone is not counted
