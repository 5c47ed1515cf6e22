"""One partner's app goes wild: 10,000 events a second, payloads of a megabyte, a clock that jumps back, yesterday's events. All others are as if it were not there."""

import asyncio

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from streams.app import changelog
from streams.lane.terms import HEADER
from tests.journeys.shift import FAMILY_OF, START, rules, shift, truth
from tests.journeys.workers import finish, left_behind, records, values

WILD, FLOOD, LAST, PER_S = "P00007", 50_000, 4_000, 10_000
HEAVY, TOO_HEAVY, BACK, YESTERDAY, DAY = 30, 5, 200, 200, 86_400.0
MOST_MB, CEILING = 500, 16_384


def position(number, at, **more):
    return {"type": "position", "event_id": f"W{number}", "partner_id": WILD, "occurred_at": at, "lat": 12.9, "lon": 77.6, **more}


def wild():
    """What the wild one sends, each with the moment of sending: the flood, heavy ones, its clock an hour back, and what lay in the phone since yesterday."""
    flood = [(at := START + 600 + n / PER_S, position(n, at)) for n in range(FLOOD)]
    heavy = [(at := START + 700 + n, position(f"h{n}", at, note="x" * 990_000)) for n in range(HEAVY)]
    too_heavy = [(at := START + 750 + n, position(f"t{n}", at, note="x" * 1_010_000)) for n in range(TOO_HEAVY)]
    back = [(at := START + 800 + n, position(f"b{n}", at - 3600)) for n in range(BACK)]
    yesterday = [(at := START + 1100 + n, position(f"y{n}", at - DAY)) for n in range(YESTERDAY)]
    again = [(at := START + 1400 + n / PER_S, position(f"l{n}", at)) for n in range(LAST)]  # the last it sends: its ids are still remembered in the end
    return flood + heavy + too_heavy + back + yesterday + again


@pytest.fixture
def told(settings):
    """The good events of all the others; everything is sent."""
    good = [event for event in shift(6000, 100) if event["partner_id"] != WILD]
    everything = sorted([(event["occurred_at"], event) for event in good] + wild(), key=lambda pair: pair[0])
    asyncio.run(_send(settings, [event for _, event in everything]))
    return good


async def _send(settings, events):
    async with AIOKafkaProducer(bootstrap_servers=settings.brokers, max_request_size=2_000_000, linger_ms=20) as producer:
        for event in events:
            await producer.send(settings.sources[FAMILY_OF[event["type"]]], msgspec.json.encode(event), key=event["partner_id"].encode())


def test_its_events_are_counted_right_and_the_others_are_as_without_it(settings, told, tmp_path):
    stats = finish(settings, tmp_path).stats()
    found = left_behind(settings)
    del found.states[WILD]
    expected = truth(settings, told)
    assert found.states == expected.states
    assert found.nudge_ids >= expected.nudge_ids
    sent = len(told) + len(wild())
    assert (stats["events"], stats["applied"], stats["dead_letters"]) == (sent, sent - TOO_HEAVY, {"too_large": TOO_HEAVY})
    assert stats["decisions"]["drop:late_event"] == BACK + YESTERDAY
    assert stats["peak_rss_mb"] < MOST_MB


def test_what_came_too_late_changes_no_count_of_its_own(settings, told, tmp_path):
    finish(settings.model_copy(update={"features_every": 0.0}), tmp_path)
    mine = [v for v in values(settings, "partner.features") if v["partner_id"] == WILD]
    assert mine[-1]["features"]["count(position over life)"] == FLOOD + HEAVY + LAST
    assert "tracked" in mine[-1]["segments"]
    assert "tracked" in [s.name for s in rules().segments]


def test_its_state_stays_under_its_ceiling_and_the_others_are_as_without_it(settings, told, tmp_path):
    worker = finish(settings.model_copy(update={"state_limit": CEILING}), tmp_path)
    assert max(len(r.value) - HEADER for r in records(settings, changelog(settings)) if r.key == WILD.encode()) <= CEILING
    assert max(p["dropped"] for p in worker.stats()["partitions"].values()) > 1000
    assert f"the state of partner {WILD} was over NUDGELINE_STATE_LIMIT" in worker.log()
    found = left_behind(settings)
    del found.states[WILD]
    assert found.states == truth(settings, told).states
