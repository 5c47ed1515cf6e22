"""What the lane adds to how Faust opens partitions: nothing is opened that was not read, nothing settles too early, and no wait ends unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from faust.tables.recovery import ServiceStopped
from faust.types import TP

from streams.app import TABLE, build_app
from streams.lane.recovery import LaneRecovery
from streams.settings import Settings
from tests.streams.test_partition import LOADED

MINE = TP("changelog", 0)


class Lane:
    """An app that is not started, its table and its recovery, and what its worker was told."""

    def __init__(self) -> None:
        self.app, worker = build_app(Settings(), LOADED)
        self.opened, self.failed = list[list[int]](), list[BaseException]()

        async def opened(partitions: dict[int, Any], generation: int) -> None:
            self.opened.append(list(partitions))

        worker.opened, worker.failed = opened, self.failed.append  # type: ignore[method-assign,assignment]
        self.book: Any = self.app.tables[TABLE]
        self.recovery: Any = self.app.tables.recovery
        self.recovery._generation_id = self.app.consumer_generation_id = 7


def lane(told: Callable[[Lane], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        return await told(Lane())

    return asyncio.run(run())


@pytest.mark.parametrize(("again", "generation", "opened"), [(False, 7, [[0]]), (True, 7, []), (False, 8, [])], ids=["read", "given anew", "about to be given anew"])
def test_partitions_are_opened_only_where_their_changelog_was_read(again: bool, generation: int, opened: list[list[int]]) -> None:
    async def told(of: Lane) -> list[list[int]]:
        of.app.consumer_generation_id = generation
        if again:
            of.recovery.signal_recovery_start.set()
        await of.book.on_recovery_completed({MINE}, set())
        return of.opened

    assert lane(told) == opened


@pytest.mark.parametrize(("revoked_since", "settled"), [(False, True), (True, False)])
def test_the_group_has_settled_only_where_nothing_was_taken_away_since(revoked_since: bool, settled: bool) -> None:
    async def told(of: Lane) -> bool:
        of.app.on_rebalance_start()
        of.app.settling = of.app.rebalancing_count
        if revoked_since:
            of.app.on_rebalance_start()
        of.app.on_rebalance_end()
        return not of.app.rebalancing

    assert lane(told) is settled


def test_a_step_of_recovery_that_takes_too_long_ends_the_worker() -> None:
    async def told(of: Lane) -> list[str]:
        with pytest.raises(ServiceStopped):
            await of.recovery._wait(asyncio.sleep(60), timeout=0.01)
        return [type(error).__name__ for error in of.failed]

    assert lane(told) == ["TimeoutError"]


def test_a_step_within_a_step_that_takes_too_long_is_told_once() -> None:
    async def told(of: Lane) -> list[str]:
        with pytest.raises(ServiceStopped):
            await of.recovery._wait(of.recovery._wait(asyncio.sleep(60), timeout=0.01))
        return [type(error).__name__ for error in of.failed]

    assert lane(told) == ["TimeoutError"]


def test_a_recovery_that_is_stopped_is_no_fault() -> None:
    async def told(of: Lane) -> list[BaseException]:
        assert isinstance(of.recovery, LaneRecovery)
        of.recovery._stopped.set()
        with pytest.raises(ServiceStopped):
            await of.recovery._wait(asyncio.sleep(60), timeout=10)
        return of.failed

    assert lane(told) == []
