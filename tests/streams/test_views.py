"""Views in Redis: the latest wins, memberships are whole, nothing expired is shown, and Redis may go and come back."""

import asyncio
import time

import pytest
import redis
from aiokafka.errors import KafkaTimeoutError

from events.structs import OUTPUT_STRUCTS
from streams.local.redis import LocalRedis
from streams.settings import load
from streams.views import ViewReader, Views
from streams.views.buffer import Latest, NudgeView, PartnerView


@pytest.fixture
def server(tmp_path):
    running = LocalRedis(tmp_path / "redis")
    running.start()
    yield running
    running.stop()


def given(server, **more):
    return load(redis_url=server.url, redis_prefix="t", **more)


def view(partner="p", at=1.0, segments=(), term=1, **features):
    return PartnerView(partner, term, at, list(segments), features, "v1")


def nudge(nudge_id="n1", partner="p", expires_at=None, decided_at=None):
    fields = dict.fromkeys(("rule", "rule_version", "ruleset_version", "language", "title", "body", "reason", "arm", "cause"), "x")
    at = time.time() if decided_at is None else decided_at
    return OUTPUT_STRUCTS["nudge"](nudge_id=nudge_id, partner_id=partner, kind="tip", priority=1, urgent=False, decided_at=at, expires_at=expires_at, **fields)


def write(settings, *steps, everyone=tuple, sent=None):
    """Run the writer while the steps are taken, each followed by a wait until all is written."""

    async def session():
        async with Views(settings, everyone, sent) as views:
            for step in steps:
                step(views)
                await until(lambda: not views.pending)

    return asyncio.run(session())


async def until(condition, patience=15.0):
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_partner_is_read_as_last_written(server):
    write(given(server), lambda v: v.put_partner(view(at=1.0, segments=["a"], online=True)), lambda v: v.put_partner(view(at=2.0, segments=["b"], online=False)))
    found = ViewReader(given(server)).partner("p")
    assert (found["at"], found["segments"], found["features"]) == (2.0, ["b"], {"online": False})


def test_membership_follows_the_partner_as_a_whole(server):
    write(given(server), lambda v: v.put_partner(view(segments=["a", "b"])), lambda v: v.put_partner(view(at=2.0, segments=["b"])))
    assert ViewReader(given(server)).segments() == {"a": 0, "b": 1}
    assert ViewReader(given(server)).members("b") == {"p"}


def test_an_older_owner_does_not_overwrite_a_newer_one(server):
    write(given(server), lambda v: v.put_partner(view(at=5.0, term=2, segments=["a"])), lambda v: v.put_partner(view(at=9.0, term=1, segments=["b"])))
    assert ViewReader(given(server)).partner("p")["segments"] == ["a"]


def test_a_nudge_is_in_the_inbox_once_and_no_longer_than_it_lives(server):
    settings = given(server)
    write(settings, lambda v: v.put_nudge(nudge(expires_at=time.time() + 60), time.time()), lambda v: v.put_nudge(nudge(expires_at=time.time() + 60), time.time()),
          lambda v: v.put_nudge(nudge("old", expires_at=time.time() - 1), time.time()))
    assert [n["nudge_id"] for n in ViewReader(settings).inbox("p")] == ["n1"]
    assert redis.Redis(port=server.port).pttl("t:nudge:n1") <= 60_000


def recall(nudge_id="n1", partner="p"):
    fields = dict.fromkeys(("rule", "rule_version", "ruleset_version", "cause"), "x")
    return OUTPUT_STRUCTS["nudge_recalled"](recall_id="r1", nudge_id=nudge_id, partner_id=partner, reason="disproved", decided_at=time.time(), **fields)


def test_a_recalled_nudge_is_in_the_inbox_no_more_and_does_not_come_back(server):
    settings = given(server)
    other = lambda v: v.put_nudge(nudge("n2"), time.time())
    write(settings, other, lambda v: v.put_nudge(nudge(), time.time()), lambda v: v.put_recalled(recall()), lambda v: v.put_nudge(nudge(), time.time()))
    assert [n["nudge_id"] for n in ViewReader(settings).inbox("p")] == ["n2"]


def test_a_nudge_that_is_recalled_before_it_was_written_never_is(server):
    settings = given(server)

    def both(views):
        views.put_nudge(nudge(), time.time())
        views.put_recalled(recall())

    write(settings, both)
    assert ViewReader(settings).inbox("p") == []


def test_a_replayed_nudge_lives_as_long_from_now_as_it_would_have(server):
    settings = given(server, clock="events")
    write(settings, lambda v: v.put_nudge(nudge(decided_at=1000.0, expires_at=1060.0), time.time()))
    assert len(ViewReader(settings).inbox("p")) == 1


def test_what_came_while_redis_was_down_is_there_when_it_is_back(server):
    settings = given(server)

    async def session():
        async with Views(settings) as views:
            views.put_partner(view(at=1.0, segments=["a"]))
            await until(lambda: not views.pending)
            server.kill()
            for at in range(2, 500):
                views.put_partner(view(at=float(at), segments=["b"], n=at))
                views.put_partner(view(f"q{at}", at=float(at)))
            await until(lambda: not views.up)
            server.start()
            await until(lambda: views.up and not views.pending)

    asyncio.run(session())
    reader = ViewReader(settings)
    assert reader.partner("p")["features"] == {"n": 499}
    assert all(reader.partner(f"q{at}") is not None for at in range(2, 500))


def test_after_redis_was_emptied_everyone_is_written_anew(server):
    settings = given(server)

    async def session():
        async with Views(settings, lambda: iter([view(f"p{n}") for n in range(1200)])) as views:
            await until(lambda: views.written >= 1200)
            redis.Redis(port=server.port).flushall()
            await until(lambda: views.written >= 2400)

    asyncio.run(session())
    assert all(ViewReader(settings).partner(f"p{n}") is not None for n in range(1200))


def test_a_wrong_password_is_told_once_and_stops_nothing(tmp_path, caplog):
    server = LocalRedis(tmp_path / "locked", password="right")
    server.start()
    try:

        async def session():
            async with Views(given(server, redis_password="wrong")) as views:
                views.put_partner(view())
                await until(lambda: any("NUDGELINE_REDIS" in r.message for r in caplog.records))
            return views.pending

        assert asyncio.run(session()) == 1
        assert sum("NUDGELINE_REDIS" in r.message for r in caplog.records) == 1
    finally:
        server.stop()


def test_the_buffer_keeps_the_latest_of_each_and_counts_what_it_drops():
    latest = Latest(3)
    for n in range(5):
        latest.put(n % 4, n)
    assert (len(latest), latest.dropped, [v for _, v in latest.take(9)]) == (3, 2, [2, 3, 4])


def test_what_could_not_be_written_never_replaces_something_newer():
    latest = Latest(10)
    latest.put("a", 1)
    chunk = latest.take(5)
    latest.put("a", 2)
    latest.put_back(chunk)
    assert latest.take(5) == [("a", 2)]


def test_nudges_come_back_to_a_redis_that_was_emptied(server):
    async def sent(now, since):
        yield [NudgeView("n1", "p", b'{"nudge_id": "n1"}', now + 60), NudgeView("n2", "q", b'{"nudge_id": "n2"}', now + 60)]

    def emptied(views):
        redis.Redis.from_url(server.url).flushall()
        views.put_partner(view(partner="r"))

    settings = given(server)

    async def session():
        async with Views(settings, tuple, sent) as views:
            views.put_nudge(nudge("n1"), time.time())
            await until(lambda: not views.pending)
            emptied(views)
            await until(lambda: ViewReader(settings).inbox("q"))

    asyncio.run(session())
    assert [n["nudge_id"] for n in ViewReader(settings).inbox("p")] == ["n1"]


def test_nudges_that_cannot_be_read_again_yet_are_owed(server):
    tries = []

    async def sent(now, since):
        tries.append(now)
        if len(tries) == 1:
            raise KafkaTimeoutError("no broker")
        yield [NudgeView("n1", "p", b'{"nudge_id": "n1"}', now + 60)]

    write(given(server), lambda v: v.put_partner(view()), sent=sent)
    assert [n["nudge_id"] for n in ViewReader(given(server)).inbox("p")] == ["n1"]
    assert len(tries) == 2


def test_what_a_worker_still_owed_when_it_ended_is_owed_by_the_next(server):
    async def unreadable(now, since):
        raise KafkaTimeoutError("no broker")
        yield []

    async def sent(now, since):
        yield [NudgeView("n1", "p", b'{"nudge_id": "n1"}', now + 60)]

    async def session(given_by, done):
        async with Views(given(server), tuple, given_by) as views:
            views.put_partner(view())
            await until(lambda: done(views))

    asyncio.run(session(unreadable, lambda views: views.written))
    asyncio.run(session(sent, lambda views: ViewReader(given(server)).inbox("p")))
    assert [n["nudge_id"] for n in ViewReader(given(server)).inbox("p")] == ["n1"]
