"""Orders stop for ten minutes while positions flow, in one partition: nobody is told what the full record disproves. What happens is that of `benches.silence`."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import UnsupportedVersionError

from benches.silence import BACK, END, OUT, START, Live, Said, full_record, shift
from streams.freezing import Asking
from streams.lane.restored import Restored
from streams.partition import Partition, corridor_of
from streams.settings import load
from tests.streams.test_partition import Record, shot_of

Case = tuple[Live, Said]


def stopped(partners: int = 10, until: float = BACK) -> Live:
    """A partition to which orders do not come any more."""
    live = Live()
    live.go(shift(partners), 0, until, withheld=True)
    return live


@pytest.fixture(scope="module")
def told() -> Case:
    """All of it, with what the full record proves."""
    events, live = shift(200), Live()
    live.go(events, 0, END, withheld=True)
    return live, full_record(events)


def test_nobody_is_nudged_whom_the_full_record_disproves(told: Case) -> None:
    live, proven = told
    assert live.nudges() - proven == set()


def test_all_are_nudged_whom_it_proves_if_that_is_still_valid(told: Case) -> None:
    live, proven = told
    assert proven - live.nudges() == live.expired()


def test_the_case_has_all_that_it_is_about(told: Case) -> None:
    live, proven = told
    assert ({rule for rule, _, at in proven if OUT < at < BACK}, bool(live.expired())) == ({"stuck", "idle", "app_only"}, True)


def test_it_would_fail_were_nothing_frozen() -> None:
    events, blind = shift(200), Live(listens=False)
    blind.go(events, 0, END, withheld=True)
    assert blind.nudges() - full_record(events)


def test_without_an_outage_the_worker_says_what_the_record_says() -> None:
    events, live = shift(40, seed=2), Live()
    live.go(events, 0, END, withheld=False)
    assert live.nudges() == full_record(events)


def test_the_rules_that_do_not_read_orders_go_on() -> None:
    assert {rule for rule, _, at in stopped(200).nudges() if at > OUT + 60} == {"app_only"}


def test_it_is_said_once_for_all_partners(told: Case) -> None:
    said = [(str(o.verdict), o.evidence["feeds"], o.evidence["rules"]) for o in told[0].told if o.type == "decision" and not o.partner_id]
    assert said == [("frozen", ["orders"], ["idle", "stuck"]), ("thawed", ["orders"], ["idle", "stuck"])]


def test_the_statistics_say_what_is_frozen_and_why() -> None:
    live = stopped()
    assert ({feed: state["why"] for feed, state in live.partition.feeds.state().items()}, live.partition.feeds.counts["frozen"]) == ({"orders": "silent"}, 1)


def test_the_next_owner_knows_what_is_frozen_and_does_not_say_it_again() -> None:
    live = stopped()
    restored = Restored()
    restored.apply(Record(n, 0, key, value) for n, (key, value) in enumerate(shot_of(live.partition).records))
    kept = restored.kept
    told: list[Any] = []
    later = Partition(0, live.plan, asyncio.run(corridor_of(live.plan, restored)), 2, lambda _, outputs: told.extend(outputs), live.counters, kept)
    for second in range(3):
        later.listen(START + BACK + second, {"orders": START + OUT})
    assert (later.feeds.frozen, told) == (live.partition.feeds.frozen, [])


def test_in_a_replay_nothing_is_frozen() -> None:
    live = Live(clock="events")
    live.go(shift(10), 0, BACK, withheld=True)
    assert live.partition.feeds.frozen == {}


def test_until_the_broker_was_asked_nothing_is_judged() -> None:
    live = stopped()
    frozen = dict(live.partition.feeds.frozen)
    live.partition.listen(START + 1e6, None)
    assert live.partition.feeds.frozen == frozen


def test_in_a_backlog_of_all_feeds_nothing_is_frozen_and_the_worker_says_what_the_record_says() -> None:
    events, live, wall = shift(100), Live(), START + END + 3600
    live.fetched(events, wall)
    while live.partition.run(wall) or live.partition.ready:
        wall += 1
        live.partition.listen(wall, {})
        assert live.partition.feeds.frozen == {}
    live.partition.advance(START + END - 2)
    assert live.nudges() == full_record(events)


class Ends:
    """A broker that says where topics end, and the stamp of their newest record."""

    def __init__(self, orders: int, stamp: int) -> None:
        self.orders, self.stamp = orders, stamp

    def list_partition_offsets(self, asked: Any) -> Any:
        found = {}
        for tp, spec in asked.items():
            orders = tp.topic == "partner.orders"
            found[tp] = Record(self.orders if orders else 0, self.stamp if orders and int(spec) == -3 else -1, b"", b"")
        return found


def test_the_broker_says_when_a_topic_last_had_a_record_whoever_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, broker = Asking(load()), Ends(5, 1_760_000_000_000)
    tps = {family: [_partition(topic, n) for n in range(2)] for family, topic in load().read.items()}
    asking._ask(broker, tps)  # type: ignore[arg-type]
    before = dict(asking.newest or {})
    monkeypatch.setattr("streams.freezing.time.time", lambda: 1_760_000_900.0)
    asking._ask(broker, tps)  # type: ignore[arg-type]
    same = dict(asking.newest or {})
    broker.orders = 6
    asking._ask(broker, tps)  # type: ignore[arg-type]
    assert (before, same, asking.newest) == ({"orders": 1_760_000_000.0}, before, {"orders": 1_760_000_900.0})


def test_an_old_broker_says_only_that_topics_grow() -> None:
    asking, broker = Asking(load()), Ends(5, 0)
    tps = {"orders": [_partition("partner.orders", 0)]}

    def refuses(asked: Any) -> Any:
        if -3 in map(int, asked.values()):
            raise UnsupportedVersionError("no timestamps")
        return Ends(broker.orders, -1).list_partition_offsets(asked)

    client = SimpleNamespace(list_partition_offsets=refuses)
    asking._ask(client, tps)  # type: ignore[arg-type]
    nothing = dict(asking.newest or {})
    broker.orders = 6
    asking._ask(client, tps)  # type: ignore[arg-type]
    assert (nothing, list(asking.newest or ())) == ({}, ["orders"])


def _partition(topic: str, number: int) -> Any:
    return TopicPartition(topic, number)
