"""When the lane hands on what was fetched."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.lane.consumer import LaneConsumer

GPS, CHANGELOG = TP("gps", 0), TP("changelog", 0)


class Lane(LaneConsumer):
    """Only delivery; writes down what was handed on, up to which offset, and where reading began again."""

    def __init__(self, *, rebalancing: bool) -> None:
        from streams.lane.continuity import Continuity

        self.app: Any = SimpleNamespace(rebalancing=rebalancing, tables=SimpleNamespace(changelog_topics={"changelog"}))
        self.continuity, self.told = Continuity(), []  # type: Continuity, list[tuple[TP, int]]
        self.continuity.begin({GPS: 0, CHANGELOG: 0})
        self._thread: Any = SimpleNamespace(read_to={GPS: 2}.get)

    def _put(self, tp: TP, batch: Any, last: int) -> None:
        self.told.append((tp, last))

    async def _seek_again(self, tp: TP, offset: int) -> None:
        self.told.append((tp, -offset))


def fetched(lane: Lane, tp: TP, *offsets: int) -> list[tuple[TP, int]]:
    asyncio.run(lane._deliver(tp, [SimpleNamespace(offset=offset) for offset in offsets]))
    return lane.told


@pytest.mark.parametrize(("rebalancing", "told"), [(False, [(GPS, 1)]), (True, [])])
def test_sources_are_handed_on_only_when_the_group_has_settled(rebalancing: bool, told: list[tuple[TP, int]]) -> None:
    """Faust empties the agents' queues when it resumes the flow, which it does last of all."""
    assert fetched(Lane(rebalancing=rebalancing), GPS, 0, 1) == told


def test_the_changelog_is_read_while_the_group_settles() -> None:
    assert fetched(Lane(rebalancing=True), CHANGELOG, 0, 1) == [(CHANGELOG, 1)]


def test_what_came_too_early_is_read_again() -> None:
    lane = Lane(rebalancing=True)
    fetched(lane, GPS, 0, 1)
    asyncio.run(lane._pass_what_is_no_record())
    assert lane.told == []
    lane.app.rebalancing = False
    asyncio.run(lane._pass_what_is_no_record())
    assert lane.told == [(GPS, 0)]
    assert fetched(lane, GPS, 0, 1)[1:] == [(GPS, 1)]


class Deleting(Lane):
    """Of whose topic the broker has nothing before an offset."""

    def __init__(self, earliest: int) -> None:
        super().__init__(rebalancing=False)
        self.earliest, self.gone = earliest, list[int]()
        self.app.port = SimpleNamespace(gone=lambda _, records: self.gone.append(records))

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        return dict.fromkeys(tps, self.earliest)


@pytest.mark.parametrize(("earliest", "gone"), [(7, [7]), (5, [5]), (0, [])], ids=["all of the hole", "some of it", "none"])
def test_records_that_were_deleted_unread_are_told(earliest: int, gone: list[int]) -> None:
    lane = Deleting(earliest)
    fetched(lane, GPS, 7, 8)
    assert fetched(lane, GPS, 7, 8) == [(GPS, 0), (GPS, 8)]
    assert lane.gone == gone


def test_a_mark_of_a_transaction_is_no_loss() -> None:
    lane = Deleting(1)
    fetched(lane, GPS, 1)
    fetched(lane, GPS, 1)
    assert lane.gone == []
