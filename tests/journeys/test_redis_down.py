"""Redis is gone for twenty seconds in mid-stream: no event waits for it, and the views are right afterwards, also when the worker is killed meanwhile."""

import signal
import time

import pytest
from redis import Redis

from streams.app import changelog
from streams.lane.restored import Restored
from streams.local.redis import LocalRedis
from streams.views import ViewReader
from tests.journeys.shift import rules, send, sending, shift, truth
from tests.journeys.workers import committed, finish, left_behind, records, until, values, working

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


def test_what_a_worker_that_was_killed_meanwhile_owed_is_written_by_the_next(settings, redis, tmp_path):
    """Everything was applied and committed: no event comes again that would have anybody shown."""
    settings = settings.model_copy(update={"redis_url": redis.url, "features_every": 0.0})
    events = list(shift(EVENTS // 4, PARTNERS))
    half = len(events) // 2
    send(settings, events[:half])
    with working(settings, tmp_path / "first") as worker:
        until(lambda: worker.applied(half), "the first half applied")
        until(lambda: redis_has_marks(redis), "Redis up to date")
        redis.kill()
        send(settings, events[half:])
        until(lambda: sum(committed(settings).values()) == len(events), "all committed")
        worker.kill()
    with working(settings, tmp_path / "second") as worker:
        until(lambda: len(worker.stats().get("partitions", ())) == settings.partitions, "all partitions with the next")
        redis.start()
        shown_at_last(settings)
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0, worker.log()


def redis_has_marks(redis):
    return Redis.from_url(redis.url).keys("*:shown")


def shown_at_last(settings, patience=30.0):
    """Waits until the views are right; what is wrong with them in the end is raised."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            return assert_views_are(settings)
        except (AssertionError, TypeError):  # not right yet, or not shown at all
            time.sleep(0.2)
    return assert_views_are(settings)


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
