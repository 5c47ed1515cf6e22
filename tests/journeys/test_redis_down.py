"""Redis is gone for twenty seconds in mid-stream: no event waits for it, and the views are right afterwards."""

import signal
import time

import pytest

from streams.app import changelog
from streams.lane.restored import Restored
from streams.local.redis import LocalRedis
from streams.views import ViewReader
from tests.journeys.shift import rules, sending, shift, truth
from tests.journeys.workers import finish, left_behind, records, until, values, working

EVENTS, PARTNERS, GONE = 60_000, 300, 20.0


@pytest.fixture
def redis(tmp_path):
    running = LocalRedis(tmp_path / "redis")
    running.start()
    yield running
    running.stop()


def states(settings):
    """Every partner's state in the changelog."""
    found, loaded = {}, rules()
    for record in records(settings, changelog(settings)):
        found.setdefault(record.partition, Restored()).apply([record])
    return loaded, [loaded.load(raw) for restored in found.values() for raw in restored.states()]


def test_no_event_is_lost_and_the_views_are_right_afterwards(settings, redis, tmp_path):
    settings = settings.model_copy(update={"redis_url": redis.url, "features_every": 0.0})
    events = list(shift(EVENTS, PARTNERS))
    with working(settings, tmp_path / "worker") as worker, sending(settings, events, per_s=2500):
        until(lambda: worker.applied(5000), "5,000 events applied")
        redis.kill()
        gone = time.monotonic()
        until(lambda: time.monotonic() - gone > GONE, "twenty seconds over")
        assert worker.stats()["applied"] > 5000 + GONE * 2000, "the stream stood still"
        redis.start()
        until(lambda: worker.log().count("Redis answers") == 2, "Redis seen again")
        worker.signal(signal.SIGTERM)  # what a killed worker had not written yet would be gone with it
        assert worker.end() == 0, worker.log()
    finish(settings, tmp_path / "worker")
    assert left_behind(settings) == truth(settings, events)
    assert_views_are(settings)


def assert_views_are(settings):
    reader, (loaded, found) = ViewReader(settings), states(settings)
    inbox = {}
    for nudge in values(settings, "nudges"):
        inbox.setdefault(nudge["partner_id"], set()).add(nudge["nudge_id"])
    assert len(found) == PARTNERS
    for state in found:
        shown = reader.partner(state.partner_id)
        assert shown["segments"] == loaded.segments_of(state)
        assert shown["features"] == loaded.features(state, state.now)
        assert {n["nudge_id"] for n in reader.inbox(state.partner_id)} == inbox.get(state.partner_id, set())
    for segment in (s.name for s in loaded.segments):
        assert reader.members(segment) == {s.partner_id for s in found if segment in loaded.segments_of(s)}
    reader.close()
