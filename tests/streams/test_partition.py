"""One partition number: bytes in, outputs and state out."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from math import inf
from types import SimpleNamespace
from typing import Any, NamedTuple

from faust.types import TP

from streams.erasure import Over
from streams.lane.restored import Restored
from streams.partition import Partition, corridor_of
from streams.plan import ORDER, ORIGINAL_KEPT, Plan, Source
from streams.settings import load
from streams.snapshot import Snapshot
from streams.stats import Counters
from streams.views.tap import ViewTap
from tests.journeys.shift import rules
from training_rules import Corridor

NOW = 1_760_000_000.0
RATINGS, ORDERS, GPS = ORDER.index("ratings"), ORDER.index("orders"), ORDER.index("gps")
LOADED = rules()


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def record(offset: int, kind: str = "rating_received", who: str = "P1", at: float = NOW, written: float = NOW, **fields: Any) -> Record:
    given = (
        {"order_id": "O1", "stars": 1}
        if kind == "rating_received"
        else {"lat": 12.9, "lon": 77.5}
        if kind == "position"
        else {"order_id": "O1"}
    )
    event = {"type": kind, "event_id": f"{kind}{offset}", "partner_id": who, "occurred_at": at, **given, **fields}
    return Record(offset, int(written * 1000), who.encode(), json.dumps(event).encode())


def bad(offset: int, value: bytes | None, key: bytes | None = b"P1") -> Record:
    return Record(offset, int(NOW * 1000), key, value)


def shot_of(partition: Partition, now: float = 0.0, over: Over = lambda _: False) -> Snapshot:
    """A snapshot, all slices at once."""
    return next(shot for shot in partition.snapshot(now, over) if shot is not None)


class Bench:
    """A partition with everything around it in plain sight."""

    def __init__(self, restored: Restored | None = None, **plan: Any) -> None:
        sources = tuple(Source(family, f"topic.{family}", f"topic.{family}") for family in ORDER)
        self.plan = Plan(**{"rules": LOADED, "sources": sources, "merge_settle": 0.0, "future_tolerance": 1e9, "features_every": 0.0, **plan})
        self.told: list[Any] = []
        self.counters = Counters(ORDER)
        corridor = asyncio.run(corridor_of(self.plan, restored)) if restored else Corridor(LOADED)
        self.partition = Partition(3, self.plan, corridor, 7, lambda _, outputs: self.told.extend(outputs), self.counters)
        for family in range(len(ORDER)):
            self.partition.merge.begin(family, 0)
            self.partition.merge.heard(family, 0, inf)

    def feed(self, family: int, *records: Record, position: int | None = None) -> None:
        after = records[-1].offset + 1 if position is None else position
        self.partition.feed(family, records, after, wall=NOW)
        self.partition.merge.heard(family, after, inf)

    def run(self) -> Snapshot:
        while self.partition.run(0.0) or self.partition.ready:
            pass
        return shot_of(self.partition)

    def kinds(self) -> list[str]:
        return [output.type for output in self.told]


def after_restart(shot: Snapshot, **plan: Any) -> Bench:
    """A partition that found this in the changelog."""
    restored = Restored()
    restored.apply(Record(n, 0, key, value) for n, (key, value) in enumerate(shot.records))
    return Bench(restored, **plan)


def test_a_match_over_two_records_is_told() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0), record(1, at=NOW + 1))
    bench.run()
    assert "nudge" in bench.kinds()


def test_families_go_through_the_corridor_in_order_of_time() -> None:
    bench = Bench()
    bench.feed(ORDERS, record(0, "arrived_at_restaurant", at=NOW), record(1, "order_picked_up", at=NOW + 1200))
    bench.feed(GPS, record(0, "position", at=NOW + 1000))
    bench.run()
    assert [o.decided_at for o in bench.told if o.type == "nudge"] == [NOW + 900]


def test_bad_bytes_go_to_dead_letters_and_their_neighbours_are_handled() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0), bad(1, b"{"), record(2, at=NOW + 1))
    bench.run()
    assert bench.kinds()[:1] == ["dead_letter"]
    assert "nudge" in bench.kinds()


def test_a_dead_letter_says_where_it_lay_why_and_what_it_was() -> None:
    bench = Bench()
    bench.feed(RATINGS, bad(5, b"{", b"K"))
    bench.partition.run(0.0)
    letter = bench.told[0]
    assert (letter.topic, letter.partition, letter.offset, letter.reason) == ("topic.ratings", 3, 5, "not_json")
    assert (b64decode(letter.original_base64), b64decode(letter.key_base64)) == (b"{", b"K")


def test_a_tombstone_is_a_dead_letter_without_original() -> None:
    bench = Bench()
    bench.feed(RATINGS, bad(0, None))
    bench.partition.run(0.0)
    assert (bench.told[0].reason, bench.told[0].original_base64) == ("tombstone", None)


def test_of_an_original_too_long_for_the_topic_the_beginning_is_kept() -> None:
    bench = Bench(max_bytes=1000)
    bench.feed(RATINGS, bad(0, b"x" * (ORIGINAL_KEPT + 1)))
    bench.partition.run(0.0)
    assert len(b64decode(bench.told[0].original_base64)) == ORIGINAL_KEPT
    assert "are kept" in bench.told[0].detail


def test_offsets_pass_over_bad_records() -> None:
    bench = Bench()
    bench.feed(RATINGS, bad(0, b"{"), bad(1, b"{"))
    assert bench.run().offsets[TP("topic.ratings", 3)] == 2


def test_an_event_from_the_future_is_refused_by_the_wall_clock() -> None:
    bench = Bench(clock="wall", future_tolerance=300.0)
    bench.feed(RATINGS, record(0, at=NOW + 301), record(1, at=NOW + 299))
    bench.partition.run(0.0)
    assert [letter.reason for letter in bench.told] == ["from_the_future"]


def test_in_a_replay_an_event_is_from_the_future_when_it_is_later_than_its_record() -> None:
    bench = Bench(clock="events", future_tolerance=300.0)
    bench.feed(RATINGS, record(0, at=NOW + 301, written=NOW), record(1, at=NOW + 301, written=NOW + 5))
    bench.partition.run(0.0)
    assert [letter.offset for letter in bench.told] == [0]


def test_in_a_replay_a_record_without_time_stamp_is_believed() -> None:
    bench = Bench(clock="events", future_tolerance=300.0)
    bench.feed(RATINGS, record(0, at=NOW + 9e6)._replace(timestamp=-1))
    bench.partition.run(0.0)
    assert bench.told == []


def test_a_record_replayed_after_a_restart_is_applied_once() -> None:
    first = Bench()
    first.feed(RATINGS, record(0))
    second = after_restart(first.run())
    second.feed(RATINGS, record(0), record(1, at=NOW + 1, stars=5))
    second.run()
    assert "nudge" not in second.kinds()


def test_a_topic_that_began_anew_is_not_taken_for_a_replay() -> None:
    first = Bench()
    first.feed(RATINGS, record(0))
    second = after_restart(first.run(), sources=tuple(Source(f, f"topic.{f}", f"topic.{f}#1") for f in ORDER))
    second.feed(RATINGS, record(0, at=NOW + 1)._replace(value=record(9, at=NOW + 1).value))
    second.run()
    assert "nudge" in second.kinds()


def test_after_a_restart_stream_time_goes_on_where_it_stood() -> None:
    first = Bench()
    first.feed(RATINGS, record(0, at=NOW + 5))
    assert after_restart(first.run()).partition.corridor.stream_time == NOW + 5


def test_records_read_again_after_a_torn_flush_are_not_late() -> None:
    """Of two partners only one was written before the crash; the other's deadline must not pass before its pick-up is read again."""
    bench = Bench()
    bench.feed(ORDERS, record(0, "arrived_at_restaurant", "P1"), record(1, "arrived_at_restaurant", "P2"))
    whole = bench.run()
    bench.feed(ORDERS, record(2, "order_picked_up", "P1", at=NOW + 60), record(3, "order_accepted", "P2", at=NOW + 1000))
    torn = [r for r in bench.run().records if r[0] == b"P2"]
    second = after_restart(whole._replace(records=whole.records + torn))
    second.feed(ORDERS, record(2, "order_picked_up", "P1", at=NOW + 60), record(3, "order_accepted", "P2", at=NOW + 1000))
    second.run()
    assert [o.partner_id for o in second.told if o.type == "nudge"] == []


def test_time_that_passes_without_events_fires_timers() -> None:
    bench = Bench()
    bench.feed(ORDERS, record(0, "arrived_at_restaurant"))
    bench.run()
    bench.partition.advance(NOW + 900)
    assert "nudge" in bench.kinds()


def test_time_does_not_go_back() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0))
    bench.run()
    bench.partition.advance(NOW - 100)
    assert bench.partition.corridor.stream_time == NOW


def test_reading_is_counted_by_family() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0), bad(1, b"{"))
    assert bench.counters.snapshot()["events_by_family"]["ratings"] == 2


def laid(bench: Bench) -> None:
    """Everybody goes to rest."""
    for now in (0.0, 1000.0, 2000.0):
        bench.partition.rest(now)
    assert not bench.partition.corridor.partners.awake


def test_views_show_those_at_rest_and_wake_nobody() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0), record(1, who="P2"))
    bench.run()
    laid(bench)
    tap = ViewTap(load(redis_url="redis://127.0.0.1:1"))
    tap.worker = SimpleNamespace(partitions={3: bench.partition})  # type: ignore[assignment]
    assert {(view.partner_id, view.at) for view in tap.everyone()} == {("P1", NOW), ("P2", NOW)}
    assert not bench.partition.corridor.partners.awake
