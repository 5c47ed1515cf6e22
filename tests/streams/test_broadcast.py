"""What concerns all partners of a partition: each record at its place in event time, and met again by whoever comes next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from math import inf
from typing import Any

from faust.types import TP

from events.broadcasts import BROADCASTS
from streams.lane.restored import Restored
from streams.partition import Partition, corridor_of
from streams.plan import ORDER, Plan, Source
from streams.snapshot import Snapshot
from streams.stats import Counters
from tests.streams.test_partition import LOADED, NOW, RATINGS, Record, record, shot_of
from training_rules import Corridor

SOURCES = tuple(Source(family, f"topic.{family}", f"topic.{family}") for family in (*ORDER, *BROADCASTS))
RULES = len(ORDER)


class Notes:
    """Writes down what it is told, and where stream time and the last partner's event stood."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.applied: list[tuple[str, float, int]] = []
        self.is_ready = True

    def heard(self, event: Any) -> None:
        self.read.append(event.event_id)

    def listener(self, corridor: Corridor, kept: Any) -> Any:
        notes = self

        class Listener:
            settles = False

            def __init__(self) -> None:
                self.last = kept

            def ready(self, event: Any) -> bool:
                return notes.is_ready

            def apply(self, event: Any) -> Sequence[Any]:
                self.last = event.event_id
                notes.applied.append((event.event_id, corridor.stream_time, sum(1 for _ in corridor.partners)))
                return ()

            def kept(self) -> Any:
                return self.last

        self.made = Listener()
        return self.made


def announced(offset: int, at: float, name: str = "") -> Record:
    value = {"type": "rules_changed", "event_id": name or f"R{offset}", "occurred_at": at, "version": "v", "files": {}}
    return Record(offset, int(NOW * 1000), b"R", json.dumps(value).encode())


class Bench:
    def __init__(self, restored: Restored | None = None) -> None:
        self.notes, self.told = Notes(), list[Any]()
        plan = Plan(rules=LOADED, sources=SOURCES, future_tolerance=1e9, features_every=0.0, broadcasts={"rules": self.notes})
        kept = restored.kept if restored else {}
        corridor = asyncio.run(corridor_of(plan, restored)) if restored else Corridor(LOADED)
        self.partition = Partition(3, plan, corridor, 7, lambda _, outputs: self.told.extend(outputs), Counters([s.family for s in SOURCES]), kept)
        for number in range(len(SOURCES)):
            self.partition.merge.begin(number, 0)
            self.partition.merge.heard(number, 0, inf)

    def feed(self, number: int, *records: Record) -> None:
        self.partition.feed(number, records, records[-1].offset + 1, wall=NOW)
        self.partition.merge.heard(number, records[-1].offset + 1, inf)

    def run(self) -> Snapshot:
        while self.partition.run(0.0) or self.partition.ready:
            pass
        return shot_of(self.partition)


def after_restart(shot: Snapshot) -> Bench:
    restored = Restored()
    restored.apply(Record(n, 0, key, value) for n, (key, value) in enumerate(shot.records))
    return Bench(restored)


def test_it_is_applied_between_the_events_before_and_after_it() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, NOW + 5))
    bench.feed(RATINGS, record(0, who="P1", at=NOW), record(1, who="P2", at=NOW + 4), record(2, who="P3", at=NOW + 6))
    bench.run()
    assert bench.notes.applied == [("R0", NOW + 5, 2)]
    assert len(bench.partition.corridor.partners) == 3


def test_it_is_heard_of_before_its_turn() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, NOW + 5))
    bench.run()
    assert (bench.notes.read, bench.notes.applied) == (["R0"], [])


def test_without_events_it_is_applied_when_time_has_come_so_far() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, NOW + 5))
    bench.run()
    bench.partition.advance(NOW + 4)
    assert bench.notes.applied == []
    bench.partition.advance(NOW + 9)
    assert bench.notes.applied == [("R0", NOW + 5, 0)]
    assert bench.partition.corridor.stream_time == NOW + 9


def test_nothing_goes_on_and_no_time_passes_before_it_is_ready() -> None:
    bench = Bench()
    bench.notes.is_ready = False
    bench.feed(RULES, announced(0, NOW + 5))
    bench.feed(RATINGS, record(0, at=NOW + 6))
    assert bench.partition.run(0.0) == 0
    bench.partition.advance(NOW + 9)
    assert len(bench.partition.corridor.partners) == 0
    bench.notes.is_ready = True
    bench.run()
    assert len(bench.partition.corridor.partners) == 1


def test_its_offset_is_committed_once_it_is_applied() -> None:
    bench, tp = Bench(), TP("topic.rules", 3)
    bench.feed(RULES, announced(0, NOW + 5))
    assert bench.run().offsets[tp] == 0
    bench.partition.advance(NOW + 5)
    assert bench.run().offsets[tp] == 1


def test_states_that_are_written_after_it_have_its_offset_among_those_applied() -> None:
    bench = Bench()
    bench.feed(RULES, announced(4, NOW + 5))
    bench.feed(RATINGS, record(0, at=NOW + 6))
    bench.run()
    assert bench.partition.corridor.partners["P1"].applied["topic.rules"] == 4


def test_what_a_listener_keeps_is_told_to_the_next_owner() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, NOW - 5))
    bench.feed(RATINGS, record(0))
    assert after_restart(bench.run()).notes.made.last == "R0"


def test_what_was_not_closed_by_a_mark_is_met_again_at_the_same_place() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0, at=NOW))
    shot = bench.run()
    bench.feed(RULES, announced(0, NOW + 5))
    bench.feed(RATINGS, record(1, who="P2", at=NOW + 6))
    torn = bench.run()
    again = after_restart(Snapshot(3, [*shot.records, *torn.records[:-1]], {}))
    again.feed(RULES, announced(0, NOW + 5))
    again.feed(RATINGS, record(1, who="P2", at=NOW + 6), record(2, who="P3", at=NOW + 7))
    again.run()
    assert (again.notes.made.last, [name for name, *_ in again.notes.applied]) == ("R0", ["R0"])


def test_a_record_that_can_not_be_read_is_a_dead_letter_and_one_without_value_is_nothing() -> None:
    bench = Bench()
    bench.feed(RULES, Record(0, 0, b"R", b"{"), Record(1, 0, b"R", None), announced(2, NOW - 1))
    bench.feed(RATINGS, record(0))
    bench.run()
    assert [o.reason for o in bench.told if o.type == "dead_letter"] == ["invalid_event"]
    assert [name for name, *_ in bench.notes.applied] == ["R2"]
