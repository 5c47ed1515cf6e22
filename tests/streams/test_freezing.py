"""Orders stop for ten minutes while positions flow, in one partition: nobody is told what the full record disproves."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any

import pytest

from events.decode import Decoder
from streams.lane.restored import Restored
from streams.partition import ORDER, Partition, corridor_of
from tests.streams.test_partition import NOW, Bench, Record, shot_of
from tests.training_rules.town import nudge, rules
from training_rules import Corridor

RULES = rules(
    "nudges:\n"
    + nudge("stuck", "{happens: arrived_at_restaurant, without: [order_picked_up, order_cancelled], for: 2m, same: order_id}", valid_for="8m")
    + nudge("idle", "{holds: online and not on_order, for: 4m, without: order_offered}")
    + nudge("app_only", "{happens: feature_used, without: module_started, for: 2m, keep_on_logout: true}")
)
OUT, BACK, END = 300.0, 900.0, 1500.0
FAMILY = {"position": "gps", "logged_in": "session", "logged_out": "session", "feature_used": "app"}


def shift(partners: int, seed: int = 1) -> list[dict[str, Any]]:
    """So many couriers for 25 minutes: each goes on shift, and has orders; some wait long at a restaurant, some are idle for long."""
    events = [one for n in range(partners) for one in _courier(f"P{n}", Random(seed * 1000 + n))]
    events += [_event(f"L{at}", kind, at + more) for at in range(0, int(END), 60) for kind, more in (("logged_in", 0.5), ("logged_out", 30.5))]  # others come and go
    return sorted(({**e, "event_id": f"E{n}"} for n, e in enumerate(events)), key=lambda e: e["occurred_at"])


def _courier(who: str, r: Random) -> list[dict[str, Any]]:
    made = [_event(who, "logged_in", r.uniform(0, 100)), _event(who, "feature_used", r.uniform(100, 1000), feature="x")]
    made += [_event(who, "position", at + r.random(), lat=1.0, lon=1.0) for at in range(0, int(END), 10)]
    at, number = r.uniform(0, 200), 0
    while at < END:
        for kind, longest in (("order_offered", 20), ("order_accepted", 60), ("arrived_at_restaurant", r.choice((60, 240))), ("order_picked_up", 100), ("order_delivered", r.choice((60, 400)))):
            if at < END:
                made.append(_event(who, kind, at, order_id=f"{who}-{number}"))
            at += r.uniform(1, longest)
        number += 1
    return made


def _event(who: str, kind: str, at: float, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "partner_id": who, "occurred_at": round(NOW + at, 3), **fields}


class Live(Bench):
    """A partition by the wall clock; `out`: when orders are kept back, and when they come, all at once."""

    def __init__(self, **plan: Any) -> None:
        super().__init__(rules=RULES, **plan)
        self.partition = Partition(3, self.plan, Corridor(RULES), 7, lambda _, outputs: self.told.extend(outputs), self.counters)
        for family in range(len(ORDER)):
            self.partition.merge.begin(family, 0)
            self.partition.merge.heard(family, 0, 0.0)
        self.offsets = dict.fromkeys(ORDER, 0)

    def go(self, events: list[dict[str, Any]], begin: float, end: float, *, withheld: bool) -> None:
        """Second by second; records come in the second in which they happen."""
        back, waiting = list[dict[str, Any]](), iter([*events, {"occurred_at": NOW + 1e9}])
        ahead = next(e for e in waiting if e["occurred_at"] >= NOW + begin)
        for second in range(int(begin), int(end)):
            wall, now = NOW + second + 1, list[dict[str, Any]]()
            while ahead["occurred_at"] < wall:
                family = FAMILY.get(ahead["type"], "orders")
                (back if withheld and family == "orders" and OUT <= second < BACK else now).append(ahead)
                ahead = next(waiting)
            if second == BACK:
                now, back = [*back, *now], []
            self._second(now, wall)

    def _second(self, events: list[dict[str, Any]], wall: float) -> None:
        for number, family in enumerate(ORDER):
            mine = [e for e in events if FAMILY.get(e["type"], "orders") == family]
            records = [Record(self.offsets[family] + n, int(wall * 1000), e["partner_id"].encode(), json.dumps(e).encode()) for n, e in enumerate(mine)]
            self.offsets[family] += len(records)
            if records:
                self.partition.feed(number, records, self.offsets[family], wall)
            self.partition.merge.heard(number, self.offsets[family], wall)
        while self.partition.run(wall) or self.partition.ready:
            pass
        self.partition.listen(wall, {})
        self.partition.advance(wall - 2)

    def nudges(self) -> set[tuple[str, str, float]]:
        return {(o.rule, o.partner_id, round(o.decided_at - NOW, 3)) for o in self.told if o.type == "nudge"}

    def expired(self) -> set[tuple[str, str, float]]:
        return {(o.rule, o.partner_id, round(o.decided_at - NOW, 3)) for o in self.told if o.type == "decision" and o.reason == "expired"}


def full_record(events: list[dict[str, Any]]) -> set[tuple[str, str, float]]:
    """What a backtest says: the same events in order through the core."""
    decoders, corridor = {family: Decoder(family) for family in ORDER}, Corridor(RULES)
    out = [o for e in events for o in corridor.feed(decoders[FAMILY.get(e["type"], "orders")].decode(json.dumps(e).encode(), e["partner_id"].encode()))]
    out += corridor.advance(NOW + END - 2)
    return {(o.rule, o.partner_id, round(o.decided_at - NOW, 3)) for o in out if o.type == "nudge"}


@pytest.fixture(scope="module")
def told() -> tuple[Live, set[tuple[str, str, float]]]:
    events, live = shift(200), Live()
    live.go(events, 0, END, withheld=True)
    return live, full_record(events)


def test_nobody_is_nudged_whom_the_full_record_disproves(told: tuple[Live, set[tuple[str, str, float]]]) -> None:
    live, proven = told
    assert live.nudges() - proven == set()


def test_all_are_nudged_whom_it_proves_if_that_is_still_valid(told: tuple[Live, set[tuple[str, str, float]]]) -> None:
    live, proven = told
    assert proven - live.nudges() == live.expired()


def test_the_case_has_all_that_it_is_about(told: tuple[Live, set[tuple[str, str, float]]]) -> None:
    live, proven = told
    assert ({rule for rule, _, at in proven if OUT < at < BACK}, bool(live.expired())) == ({"stuck", "idle", "app_only"}, True)


def test_without_silence_the_worker_says_what_the_record_says() -> None:
    events, live = shift(40, seed=2), Live()
    live.go(events, 0, END, withheld=False)
    assert live.nudges() == full_record(events)


def test_the_rules_that_do_not_read_orders_go_on(told: tuple[Live, set[tuple[str, str, float]]]) -> None:
    live = Live()
    live.go(shift(200), 0, BACK, withheld=True)
    assert {at for rule, _, at in live.nudges() if rule == "app_only" and at > OUT + 10}


def test_it_is_said_once_for_all_partners(told: tuple[Live, set[tuple[str, str, float]]]) -> None:
    said = [(str(o.verdict), o.evidence["feeds"], o.evidence["rules"]) for o in told[0].told if o.type == "decision" and not o.partner_id]
    assert said == [("frozen", ["orders"], ["idle", "stuck"]), ("thawed", ["orders"], ["idle", "stuck"])]


def test_the_statistics_say_what_is_frozen_and_why() -> None:
    live = Live()
    live.go(shift(10), 0, BACK, withheld=True)
    assert {feed: state["why"] for feed, state in live.partition.feeds.state().items()} == {"orders": "silent"}


def test_the_next_owner_knows_what_is_frozen() -> None:
    live = Live()
    live.go(shift(10), 0, BACK, withheld=True)
    restored = Restored()
    restored.apply(Record(n, 0, key, value) for n, (key, value) in enumerate(shot_of(live.partition).records))
    assert restored.kept["frozen"].keys() == {"orders"}
    corridor = asyncio.run(corridor_of(live.plan, restored))
    later = Partition(3, live.plan, corridor, 8, lambda _, outputs: live.told.extend(outputs), live.counters, restored.kept)
    assert later.feeds.frozen == live.partition.feeds.frozen


def test_in_a_replay_nothing_is_frozen() -> None:
    live = Live(clock="events")
    live.partition.listen(NOW, {"orders": NOW - 1e6})
    assert live.partition.feeds.frozen == {}


def test_until_the_broker_was_asked_nothing_is_judged() -> None:
    live = Live()
    live.go(shift(10), 0, OUT + 60, withheld=True)
    frozen = dict(live.partition.feeds.frozen)
    live.partition.listen(NOW + 1e6, None)
    assert live.partition.feeds.frozen == frozen
