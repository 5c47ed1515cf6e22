"""What partners make together, through Kafka: two workers count, one puts it together, all act on it; when that one is killed another goes on."""

import asyncio
import json
import time
from contextlib import contextmanager

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient

from segments.demand import Demand, Zone, hour_of
from streams.crowd.aggregator import make_topics
from streams.crowd.records import usual_topic
from tests.journeys.shift import send
from tests.journeys.workers import records, until, values, working

RULES = """version: 1
nudges:
  busy:
    trigger: {holds: online and zone_demand == "high"}
    send: go
    kind: tip
    cooldown: 1h
    priority: 10
    seats: zone_gap
    mode: live
  behind:
    trigger: {holds: cohort_pct(acceptance(1h) by zone) < 10%}
    send: go
    kind: tip
    cooldown: 1h
    priority: 20
    mode: live
metrics:
  acceptance: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 1}
messages:
  go: {en: {title: Busy, body: Go.}}
"""
PARTNERS, GAP = 30, 10
BACK = 15.0  # s


@pytest.fixture
def live(settings, tmp_path):
    """Two partitions, the wall clock, and a north that usually has 1.5 offers for each partner in a quarter of an hour."""
    settings = settings.model_copy(update={"clock": "wall", "crowd_every": 5, "cohorts_every": 5, "crowd_lead": 3.0, "timer_slack": 1.0, "redis_url": ""})
    make_topics(settings)
    asyncio.run(_know_usual(settings, "north", 1.5))
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    return settings, rules


async def _know_usual(settings, zone, rate):
    demand, hour = Demand(), hour_of(time.time()) % 168
    demand.zones[zone] = Zone(rates={hour: [rate, rate], (hour + 1) % 168: [rate, rate]})
    async with AIOKafkaProducer(**settings.kafka_client()) as producer:
        await producer.send_and_wait(usual_topic(settings), demand.dump(zone), zone.encode(), partition=0)


def shift_begins(settings):
    """30 partners log in north; 60 offers, of which all but partner 0 take theirs."""
    now = time.time()
    events = [_event("logged_in", n, now - 4, zone="north") for n in range(PARTNERS)]
    events += [_event("order_offered", n % PARTNERS, now - 3 + n / 1000, n, zone="north") for n in range(60)]
    events += [_event("order_rejected" if n == 0 else "order_accepted", n, now - 2, f"a{n}") for n in range(PARTNERS)]
    send(settings, events)


def _event(kind, partner, at, order=None, **fields):
    order = {} if order is None else {"order_id": f"o{order}"}
    return {"type": kind, "event_id": f"{kind}-{partner}-{at!r}-{order}", "partner_id": f"p{partner}", "occurred_at": at, **order, **fields}


@contextmanager
def two_workers(settings, rules, folder):
    with working(settings, folder / "a", rules_file=rules) as a, working(settings, folder / "b", rules_file=rules) as b:
        for worker in (a, b):
            until(lambda worker=worker: worker.applied(0) and worker.stats().get("partitions"), "partitions with both")
        yield a, b


def figures(settings, kind="zone_figures"):
    """Every figure of partition 0, with the wall time (s) at which it was written."""
    found = [(r.timestamp / 1000, json.loads(r.value)) for r in records(settings, settings.broadcasts["crowd"]) if r.partition == 0]
    return [(at, e) for at, e in found if e["type"] == kind]


def sent(settings):
    return sorted((n["rule"], n["partner_id"], n["nudge_id"], n["decided_at"]) for n in values(settings, "nudges"))


def told(settings):
    """Who was sent what, and who was left out."""
    return {(d["rule"], d["partner_id"], d["verdict"], d["reason"]) for d in values(settings, "decisions")}


def test_a_zone_that_turns_busy_is_told_to_as_many_as_it_lacks_and_a_replay_decides_the_same(live, tmp_path):
    settings, rules = live
    with two_workers(settings, rules, tmp_path):
        shift_begins(settings)
        until(lambda: len([n for n in sent(settings) if n[0] == "busy"]) == GAP, "as many nudges as the zone lacks partners")
        until(lambda: [n for n in sent(settings) if n[0] == "behind"], "the one who is behind is told")
        assert {p for rule, p, *_ in sent(settings) if rule == "behind"} == {"p0"}
        assert sum(d[0] == "busy" and d[3] == "seats" for d in told(settings)) == PARTNERS - GAP
    first = sent(settings)
    send(settings, [_event("feature_used", n, time.time(), feature="map") for n in range(PARTNERS)])  # in a replay time follows events
    again = settings.model_copy(update={"clock": "events", "app_id": f"{settings.app_id}-again"})
    with working(again, tmp_path / "again", "--until-caught-up", rules_file=rules) as worker:
        assert worker.end() == 0, worker.log()
    assert sent(settings) == sorted(first * 2)


def aggregator(settings):
    """The client id of who puts things together."""
    client = KafkaAdminClient(**settings.kafka_client())
    try:
        group = client.describe_groups([f"{settings.app_id}-crowd"])[f"{settings.app_id}-crowd"]
        holders = [m for m in group["members"] if (m["member_assignment"] or {}).get("assigned_partitions")]
        return holders[0]["client_id"] if len(holders) == 1 else None
    finally:
        client.close()


def test_when_the_one_who_puts_together_is_killed_another_does_within_fifteen_seconds(live, tmp_path):
    settings, rules = live
    with two_workers(settings, rules, tmp_path) as workers:
        shift_begins(settings)
        until(lambda: figures(settings), "the first figures")
        by_name = {f"pid-{worker.process.pid}": worker for worker in workers}
        name = until(lambda: aggregator(settings), "one who puts together")
        killed_at = time.time()
        by_name[next(n for n in by_name if name.endswith(n))].kill()
        found = until(lambda: [(at, e) for at, e in figures(settings, "cohort_figures") if e["at"] > killed_at], "figures of a moment after the kill", 30.0)
        assert found[0][0] - killed_at < BACK
        assert found[0][1]["partners"] == PARTNERS
