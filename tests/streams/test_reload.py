"""Changes of the rule set in one partition: taken up where they hold, by rules that were made ready before; what can't run is passed over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from math import inf
from typing import Any

import pytest
from faust.types import TP

from events.decode import encode
from rulebook.loader import load_texts, read_text
from streams.changes import RulesChanged, change
from streams.errors import TopicFault
from streams.judging import faults_of
from streams.lane.restored import Restored
from streams.partition import Partition, corridor_of
from streams.plan import Plan
from streams.reload import Library, begin
from streams.snapshot import Snapshot
from streams.stats import Counters
from tests.streams.test_broadcast import RULES, SOURCES
from tests.streams.test_partition import GPS, NOW, RATINGS, Record, record, shot_of
from tests.training_rules.town import MESSAGES, nudge
from training_rules import EngineOptions, House, compile_rules

TWO = "{happens: rating_received, times: 2, within: 1h}"


def text(*nudges: str, tests: str = "") -> str:
    return "version: 1\nnudges:\n" + "".join(nudges) + MESSAGES + tests


FIRST = text(nudge("low", TWO))
BOTH = text(nudge("low", TWO), nudge("new", "{happens: rating_received}"))
WRONG = text(nudge("low", "{happens: no_such_event}"))
RED = text(nudge("low", TWO), tests="tests:\n  - name: red\n    timeline:\n      - {at: 1m, expect: {nudge: low}}\n")


def announced(offset: int, body: str, at: float, judged_by: str = "another", paused: Sequence[str] = ()) -> Record:
    event = RulesChanged(event_id=f"{at:.3f}-R{offset}", occurred_at=at, version=f"v{offset}", files={"a.yaml": body}, judged_by=judged_by, paused=list(paused))
    return Record(offset, int(NOW * 1000), event.event_id.encode(), encode(event))


class Bench:
    """A partition whose states are written whenever it is told to; `library` is that of the worker."""

    def __init__(self, restored: Restored | None = None, known: Sequence[Any] = (), first: str = FIRST) -> None:
        rules = compile_rules(read_text(first)[0], EngineOptions(everyone=True))
        self.library, self.told = Library(rules, known, judge=faults_of), list[Any]()
        plan = Plan(rules=rules, sources=SOURCES, future_tolerance=1e9, features_every=0.0, broadcasts={"rules": self.library})
        restored = restored or Restored()

        async def opened() -> Partition:
            rules, kept = await begin(plan, restored)
            corridor = await corridor_of(plan, restored, House(), rules)
            return Partition(3, plan, corridor, 7, lambda _, outputs: self.told.extend(outputs), Counters([s.family for s in SOURCES]), kept)

        self.partition = asyncio.run(opened())
        for number in range(len(SOURCES)):
            self.partition.merge.begin(number, 0)
            self.partition.merge.heard(number, 0, inf)

    def feed(self, number: int, *records: Record) -> None:
        self.partition.feed(number, records, records[-1].offset + 1, wall=NOW)
        self.partition.merge.heard(number, records[-1].offset + 1, inf)

    def write(self) -> Snapshot:
        shot = shot_of(self.partition)
        self.partition.barrier.written()
        return shot

    def run(self) -> Snapshot:
        """Until all that can go has gone; states are written whenever that is waited for."""
        deadline = time.monotonic() + 20
        while self.partition.run(0.0) or self.partition.ready or self.partition.barrier.stands or self.partition.merge.turn(0.0) is not None:
            assert time.monotonic() < deadline, "it never comes to an end"
            if self.partition.barrier.stands:
                self.write()
        return self.write()

    def sent(self) -> list[tuple[str, str]]:
        """Rule and cause of each nudge."""
        return [(o.rule, o.cause) for o in self.told if o.type == "nudge"]

    @property
    def version(self) -> str:
        return self.partition.corridor.rules.version


def version(body: str, *paused: str) -> str:
    return load_texts({"a.yaml": body}, paused=paused)[0].version


def restored(*shots: Snapshot) -> Restored:
    found = Restored()
    for shot in shots:
        found.apply(Record(n, 0, key, value) for n, (key, value) in enumerate(shot.records))
    return found


def ratings(*minutes: float, who: str = "P1", first: int = 0) -> list[Record]:
    return [record(first + n, who=who, at=NOW + 60 * minute) for n, minute in enumerate(minutes)]


def test_events_before_a_change_are_decided_by_the_old_rules_and_those_after_it_by_the_new() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, BOTH, NOW + 90))
    bench.feed(RATINGS, *ratings(0, 1, 2))
    bench.run()
    assert bench.sent() == [("low", "rating_received0"), ("new", "rating_received2")]


def test_every_decision_carries_the_version_by_which_it_was_made() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, BOTH, NOW + 90))
    bench.feed(RATINGS, *ratings(0, 1, 2))
    bench.run()
    assert [o.ruleset_version for o in bench.told if o.type == "decision"] == [version(FIRST), version(BOTH)]


def test_an_open_match_of_a_rule_that_did_not_change_is_completed_after_the_change() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, BOTH, NOW + 30))
    bench.feed(RATINGS, *ratings(0, 1))
    bench.run()
    assert ("low", "rating_received1") in [(o.rule, o.cause) for o in bench.told if o.type == "decision"]


@pytest.mark.parametrize("bad", [WRONG, RED, "version: 2\n", "{"])
def test_a_set_that_can_not_run_leaves_the_last_good_one_and_becomes_a_dead_letter(bad: str) -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, bad, NOW + 30))
    bench.feed(RATINGS, *ratings(0, 1))
    bench.run()
    assert bench.version == version(FIRST)
    assert bench.sent() == [("low", "rating_received0")]
    assert [(o.reason, o.topic, o.offset) for o in bench.told if o.type == "dead_letter"] == [("bad_rules", "topic.rules", 0)]
    assert (bench.library.taken, bench.library.refused) == (0, 1)


def test_after_a_bad_set_a_good_one_is_taken_up() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, WRONG, NOW + 30), announced(1, BOTH, NOW + 40))
    bench.feed(RATINGS, *ratings(0, 1))
    bench.run()
    assert bench.version == version(BOTH)


def test_what_our_own_version_judged_is_not_judged_again() -> None:
    asked = list[dict[str, str]]()
    event = change("v", {"a.yaml": BOTH}, NOW)
    Library(compile_rules(read_text(FIRST)[0]), judge=lambda files: asked.append(files) or "").heard(event)  # type: ignore[func-returns-value]
    assert asked == []


def test_nothing_goes_between_what_was_written_out_and_a_change() -> None:
    """Late events that come meanwhile go after it: a crash repeats nothing under one set that was done under the other."""
    bench = Bench()
    bench.feed(RULES, announced(0, BOTH, NOW + 30))
    bench.feed(RATINGS, *ratings(0, 1))
    deadline = time.monotonic() + 20
    while not bench.partition.barrier.stands and time.monotonic() < deadline:
        bench.partition.run(0.0)
    assert (bench.version, bench.partition.run(0.0)) == (version(FIRST), 0)
    bench.feed(RATINGS, *ratings(0.1, who="P2", first=2))
    bench.write()
    assert bench.partition.run(0.0)
    assert (bench.version, bench.partition.barrier.stands, bench.partition.run(0.0)) == (version(BOTH), True, 0)


def test_no_feed_is_thawed_between_what_was_written_out_and_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, looks = Bench(), list[float]()
    monkeypatch.setattr(bench.partition.feeds, "look", lambda wall, _: looks.append(wall) or [])
    bench.feed(RULES, announced(0, BOTH, NOW + 30))
    bench.feed(RATINGS, *ratings(0, 1))
    deadline = time.monotonic() + 20
    while not bench.partition.barrier.stands and time.monotonic() < deadline:
        bench.partition.run(0.0)
    bench.write()
    bench.partition.listen(1.0, {})
    bench.run()
    bench.partition.listen(2.0, {})
    assert (looks, bench.version) == ([2.0], version(BOTH))


def test_a_change_waits_until_the_feeds_that_flow_are_heard_of_from_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers that wait for them are due before it: they are decided by the old rules, as in a replay."""
    bench, heard = Bench(), list[bool]()
    feeds, asked = bench.partition.feeds, bench.partition.feeds.heard_by
    monkeypatch.setattr(feeds, "_flowing", ["gps"])
    monkeypatch.setattr(feeds, "heard_by", lambda at: heard.append(asked(at)) or heard[-1])
    bench.feed(RULES, announced(0, BOTH, NOW + 30))
    bench.feed(RATINGS, *ratings(0, 1))
    deadline = time.monotonic() + 20
    while not heard and time.monotonic() < deadline:
        bench.partition.run(0.0)
    assert (heard, bench.partition.barrier.stands) == ([False], False)
    bench.feed(GPS, record(0, "position", at=NOW + 40))
    bench.run()
    assert bench.version == version(BOTH)


def test_who_takes_a_partition_over_begins_with_the_set_its_states_were_made_by() -> None:
    bench = Bench()
    record_ = announced(0, BOTH, NOW + 30)
    bench.feed(RULES, record_)
    bench.feed(RATINGS, *ratings(0, 1))
    shot = bench.run()
    again = Bench(restored(shot), known=bench.library._changes.values())
    again.feed(RATINGS, *ratings(2, first=2))
    again.run()
    assert again.version == version(BOTH)
    assert again.sent() == [("new", "rating_received2")]


def test_who_takes_over_before_a_change_meets_it_and_says_the_same() -> None:
    bench, again = Bench(), None
    bench.feed(RATINGS, *ratings(0))
    before = bench.run()
    told = len(bench.told)
    for target in (bench, again := Bench(restored(before))):
        target.feed(RULES, announced(0, BOTH, NOW + 90))
        target.feed(RATINGS, *ratings(1, 2, first=1))
        target.run()
    assert again is not None
    assert list(map(repr, again.told)) == list(map(repr, bench.told[told:]))


def test_after_a_change_and_a_restart_windows_are_unknown_for_as_long_as_without_the_restart() -> None:
    few = text(nudge("few", "{happens: rating_received}", if_="count(rating_received over 10m) < 2"))
    event = announced(0, few, NOW + 30)
    bench = Bench()
    bench.feed(RULES, event)
    bench.feed(RATINGS, *ratings(0, 1))
    shot = bench.run()
    for at, wanted in ((10.4, []), (10.6, [("few", "rating_received2")])):
        again = Bench(restored(shot), known=bench.library._changes.values())
        again.feed(RATINGS, *ratings(at, who="P2", first=2))
        again.run()
        assert again.sent() == wanted


def test_a_partition_without_any_state_begins_with_the_first_set_that_was_put_in_force() -> None:
    known = [change(version(BOTH), {"a.yaml": BOTH}, NOW + 1000)]
    assert Bench(known=known).version == version(BOTH)


def test_states_from_before_the_first_change_go_on_with_the_rules_of_the_files() -> None:
    bench = Bench()
    bench.feed(RATINGS, *ratings(0))
    known = [change(version(BOTH), {"a.yaml": BOTH}, NOW + 1000)]
    assert Bench(restored(bench.run()), known=known).version == version(FIRST)


def test_states_made_by_a_change_that_nobody_knows_are_refused() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, BOTH, NOW - 5))
    bench.feed(RATINGS, *ratings(0))
    with pytest.raises(TopicFault, match="does not have"):
        Bench(restored(bench.run()))


def test_two_that_were_written_at_once_leave_the_later_one_whatever_their_order() -> None:
    bench = Bench()
    bench.feed(RULES, announced(0, BOTH, NOW + 30), announced(1, FIRST, NOW + 20))
    bench.feed(RATINGS, *ratings(0, 1))
    bench.run()
    assert (bench.version, bench.library.taken) == (version(BOTH), 1)


def test_a_paused_rule_is_held_until_it_is_resumed() -> None:
    bench = Bench(first=text(nudge("new", "{happens: rating_received}")))
    body = text(nudge("new", "{happens: rating_received}"))
    bench.feed(RULES, announced(0, body, NOW - 5, paused=["new"]), announced(1, body, NOW + 30))
    bench.feed(RATINGS, *ratings(0, 1))
    bench.run()
    assert [(o.verdict, o.reason) for o in bench.told if o.type == "decision"] == [("hold", "mode_off"), ("send", None)]
    assert bench.version == version(body) != version(body, "new")


def test_the_offset_of_a_change_is_committed_after_it_was_taken_up() -> None:
    bench, tp = Bench(), TP("topic.rules", 3)
    bench.feed(RULES, announced(0, BOTH, NOW + 30))
    assert bench.run().offsets[tp] == 0
    bench.feed(RATINGS, *ratings(0, 1))
    assert bench.run().offsets[tp] == 1


def test_a_change_waits_until_a_snapshot_that_was_begun_before_it_is_made() -> None:
    """Its states are of the moment, and of the rules, at which it was begun."""
    bench = Bench()
    bench.feed(RATINGS, *ratings(0))
    bench.partition.run(0.0)
    bench.feed(RULES, announced(0, BOTH, NOW + 30))
    bench.feed(RATINGS, *ratings(1, first=1))
    deadline = time.monotonic() + 20
    while not bench.partition.barrier.stands and time.monotonic() < deadline:
        bench.partition.run(0.0)
    bench.write()
    slices = bench.partition.snapshot(0.0)
    bench.partition.corridor.dirty.add("P1")
    assert next(slices) is None
    assert (bench.partition.run(0.0), bench.version) == (0, version(FIRST))
    assert [shot for shot in slices if shot is not None]
    assert (bench.partition.run(0.0), bench.version) == (1, version(BOTH))
