"""A partner is erased: nothing of the life before is left, nothing of a life after it is lost, wherever a worker is killed in between."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from faust.types import TP

from streams.erasure import covered
from streams.lane.restored import Restored
from streams.lane.terms import HEADER, MARK, mark, sealed
from streams.plan import ORDER
from tests.journeys.shift import comparable
from tests.streams.test_partition import GPS, LOADED, NOW, RATINGS, Bench, Record, after_restart, bad, record, shot_of
from training_rules.partners import nobody

PROFILE = ORDER.index("profile")
#: Everything happens well before the clock of the bench: no time stamp is later than now.
B = NOW - 10_000.0
STEPS = ("applied", "outputs", "changelog", "offsets")


def request(offset: int, who: str = "P1", at: float = B) -> Record:
    return Record(offset, int(at * 1000), who.encode(), None)


class World:
    """What outlives workers: topics, the changelog, outputs, committed offsets."""

    def __init__(self) -> None:
        self.topics: dict[int, list[Record]] = {family: [] for family in range(len(ORDER))}
        self.changelog: list[tuple[bytes | None, bytes | None]] = []
        self.committed: dict[str, int] = {}
        self.outputs: list[Any] = []

    def restored(self) -> Restored:
        found = Restored()
        found.apply(Record(n, 0, key, value) for n, (key, value) in enumerate(self.changelog))
        return found

    def partners(self) -> dict[str, Any]:
        states = map(LOADED.load, self.restored().states())
        return {s.partner_id: comparable(s, LOADED) for s in states}

    def ids(self) -> set[str]:
        return {o.nudge_id for o in self.outputs if o.type == "nudge"} | {f"gone {o.partner_id}" for o in self.outputs if o.type == "erased"}


class Life:
    """A worker's life on one partition, one commit after the other, until it is killed."""

    def __init__(self, world: World) -> None:
        self.world, self.bench = world, Bench(world.restored())
        self.at = {family: world.committed.get(f"topic.{name}", 0) for family, name in enumerate(ORDER)}
        for family, at in self.at.items():
            self.bench.partition.merge.begin(family, at)

    def commit(self, killed: str = "") -> bool:
        """Read what is there and commit it; whether it lived on after it."""
        world, bench = self.world, self.bench
        for family, records in world.topics.items():
            if new := records[self.at[family] :]:
                bench.feed(family, *new)
                self.at[family] = len(records)
        while bench.partition.run(0.0) or bench.partition.ready:
            pass
        before = bench.partition.corridor.stream_time - LOADED.options.allowed_lateness
        shot = shot_of(bench.partition, 0.0, lambda s: covered(s, world.committed, before))
        if killed == "applied":
            return False
        world.outputs += bench.told
        bench.told.clear()
        if killed == "outputs":
            return False
        world.changelog += shot.records
        if killed == "changelog":
            return False
        world.committed = {tp.topic: offset for tp, offset in shot.offsets.items()}
        return killed != "offsets"


#: What is written before each commit: P1 is erased and comes back, P2 stays, P3 is erased for good. P3 had a nudge: whoever did not know that any
#: more when the events before the erasure are read again would send another.
CHAPTERS: list[dict[int, list[Record]]] = [
    {
        RATINGS: [record(0, at=B), record(1, who="P2", at=B), record(2, who="P3", at=B), record(3, who="P3", at=B + 0.5)],
        GPS: [record(0, "position", "P3", B)],
    },
    {
        RATINGS: [record(4, at=B + 1), record(5, who="P3", at=B + 1), record(6, who="P3", at=B + 2), record(7, at=B + 12)],
        PROFILE: [request(0, "P1", B + 10), request(1, "P3", B + 10)],
        GPS: [record(1, "position", "P1", B + 2), record(2, "position", "P1", B + 13)],
    },
    {GPS: [record(3, "position", "P2", B + 140), record(4, "position", "P1", B + 141)]},
    {GPS: [record(5, "position", "P2", B + 150)]},
    {GPS: [record(6, "position", "P2", B + 160)]},
]


def told(killed_in: int = -1, step: str = "") -> World:
    """The whole story, with a kill at one step of one commit."""
    world = World()
    life = Life(world)
    for number, chapter in enumerate(CHAPTERS):
        for family, records in chapter.items():
            world.topics[family] += records
        if not life.commit(step if number == killed_in else ""):
            life = Life(world)
            life.commit()
    life.commit()
    return world


def test_an_erased_partner_begins_anew_or_is_gone() -> None:
    world = told()
    assert set(world.partners()) == {"P1", "P2"}
    assert world.partners()["P1"]["profile_at"] == B + 10
    assert world.changelog.count((b"P3", None)) == 1
    assert {"gone P1", "gone P3"} < world.ids()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("chapter", range(len(CHAPTERS)))
def test_a_kill_at_any_step_of_any_commit_changes_nothing(chapter: int, step: str) -> None:
    world, expected = told(chapter, step), told()
    assert (world.partners(), world.ids()) == (expected.partners(), expected.ids())


def test_events_before_an_erasure_count_for_no_life_after_it() -> None:
    """One low rating before it and one after: two in a row are a nudge, these are not."""
    bench = Bench()
    bench.feed(RATINGS, record(0, at=B), record(1, at=B + 20))
    bench.feed(PROFILE, request(0, at=B + 10))
    bench.run()
    assert "nudge" not in bench.kinds()


def test_an_event_of_the_life_before_that_comes_after_the_erasure_brings_nobody_back() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0, at=B), record(1, who="P2", at=B + 30))
    bench.feed(PROFILE, request(0, at=B + 20))
    bench.run()
    bench.feed(RATINGS, record(2, at=B + 15))
    bench.run()
    assert nobody(bench.partition.corridor.partners["P1"])
    assert bench.partition.corridor.outlived == 1


def test_timers_of_an_erased_partner_never_fire() -> None:
    bench = Bench()
    bench.feed(ORDER.index("orders"), record(0, "arrived_at_restaurant", at=B))
    bench.feed(PROFILE, request(0, at=B + 10))
    bench.run()
    bench.partition.advance(B + 5000)
    assert "nudge" not in bench.kinds()


def test_an_erasure_moves_no_time() -> None:
    """In a replay its record was written long after what is replayed."""
    bench = Bench(clock="events")
    bench.feed(RATINGS, record(0, at=B))
    bench.feed(PROFILE, request(0, at=NOW))
    bench.run()
    assert bench.partition.corridor.stream_time == B


def test_the_features_of_an_erased_partner_are_not_shown_any_more() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0, at=B))
    bench.run()
    bench.feed(PROFILE, request(0, at=B + 10))
    bench.run()
    assert bench.kinds() == ["features", "erased"]


def test_a_request_that_is_read_again_erases_nothing_of_the_life_after_it() -> None:
    first = Bench()
    first.feed(PROFILE, request(0))
    first.feed(RATINGS, record(0, at=B + 1))
    second = after_restart(first.run())
    second.feed(PROFILE, request(0))
    second.run()
    assert not nobody(second.partition.corridor.partners["P1"])


def test_a_new_owner_says_again_who_was_erased() -> None:
    first = Bench()
    first.feed(RATINGS, record(0, at=B))
    first.feed(PROFILE, request(0, at=B + 1))
    second = after_restart(first.run())
    assert [e.partner_id for e in second.partition.still_erased()] == ["P1"]


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"x" * 600])
def test_a_record_without_a_value_whose_key_is_no_partner_is_a_dead_letter(key: bytes | None) -> None:
    bench = Bench()
    bench.feed(PROFILE, bad(0, None, key))
    bench.partition.run(0.0)
    assert [letter.reason for letter in bench.told] == ["tombstone"]


def test_offsets_are_kept_until_all_of_them_are_committed_and_its_time_is_over() -> None:
    state = LOADED.new_state("P1")
    state.applied, state.profile_at = {"a": 4, "b": 7, "old#1": 9}, B
    assert not covered(state, {"a": 5, "b": 7}, B + 1)
    assert not covered(state, {"a": 5, "b": 8}, B)
    assert covered(state, {"a": 5, "b": 8}, B + 1)


def test_what_an_older_owner_writes_after_an_erasure_brings_nobody_back() -> None:
    world = told()
    old = next(value for key, value in world.changelog if key == b"P3" and value is not None)
    world.changelog.append((b"P3", sealed(6, old[HEADER:])))
    assert "P3" not in world.partners()


def test_no_offsets_are_let_go_before_a_mark_of_the_new_owner_is_written() -> None:
    first = Bench()
    first.feed(PROFILE, request(0))
    second = after_restart(first.run())
    shots = [shot_of(second.partition, 0.0, lambda _: True).records for _ in range(2)]
    assert shots == [[(MARK, mark(7, -inf))], [(b"P1", None), (MARK, mark(7, -inf))]]


def test_limits_are_given_back_what_an_erased_partner_had_of_them() -> None:
    from tests.training_rules.town import START, Town, nudge, rules

    town = Town(rules("nudges:\n" + nudge(seats="1", cooldown="1h")))
    town.feed("order_rejected", 0, partner="a")
    town.feed("order_rejected", 1, partner="b")
    town.corridor.forget("a", START + 60.0, "profile", 0)
    town.feed("order_rejected", 2, partner="b")
    assert [at for _, at in town.sent()] == [0, 2]


def test_offsets_of_the_partition_pass_a_request() -> None:
    bench = Bench()
    bench.feed(PROFILE, request(0), request(1, "P2"))
    assert bench.run().offsets[TP("topic.profile", 3)] == 2
