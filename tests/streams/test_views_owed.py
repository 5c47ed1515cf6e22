"""What a worker had not written when it was killed is owed by whoever has its partitions next, and no more than that."""

import asyncio
import json
import time
from math import inf

import redis

from streams.views import ViewReader, Views
from streams.views.buffer import NudgeView
from streams.views.trail import Trail
from streams.views.writer import SKEW, Homes
from tests.streams.test_views import given, server, until, view

__all__ = ["server"]


def homes(partners, shown=dict):
    """Partition 0 with partners by the stream time of their last change; what was asked for is noted."""
    asked = []

    def changed(partition, since):
        asked.append((partition, since))
        for who, at in partners.items():
            yield view(who, at=at) if at >= since else None

    return Homes(changed, shown), asked


def marked(server):
    return {int(k): json.loads(v) for k, v in redis.Redis(port=server.port).hgetall("t:shown").items()}


async def session(settings, given_homes, done, *, sent=None, opened=True):
    async with Views(settings, tuple, sent, given_homes) as views:
        if opened:
            views.owe(0)
        await until(lambda: done(views))


def test_the_mark_says_up_to_when_everything_stands_in_redis(server):
    found, _ = homes({"p": 5.0}, lambda: {0: 4.0})
    before = time.time()
    asyncio.run(session(given(server), found, lambda _: marked(server)))
    (at, wall) = marked(server)[0]
    assert at == 4.0
    assert before <= wall <= time.time()


def test_without_a_mark_all_of_a_partition_is_owed(server):
    found, asked = homes({"p": 5.0, "q": 1.0})
    asyncio.run(session(given(server), found, lambda views: not views.pending))
    assert asked == [(0, -inf)]
    assert all(ViewReader(given(server)).partner(who) for who in ("p", "q"))


def test_with_a_mark_those_are_owed_who_changed_since(server):
    redis.Redis(port=server.port).hset("t:shown", "0", json.dumps([4.0, 0.0]))
    redis.Redis(port=server.port).set("t:alive", b"1")
    found, asked = homes({"p": 5.0, "q": 4.0, "r": 1.0})
    asyncio.run(session(given(server), found, lambda views: not views.pending))
    assert asked == [(0, 4.0)]
    assert [ViewReader(given(server)).partner(who) is not None for who in "pqr"] == [True, True, False]


def test_while_redis_is_down_it_stays_owed_and_the_mark_stays_where_it_was(server):
    settings = given(server)
    redis.Redis(port=server.port).hset("t:shown", "0", json.dumps([4.0, 0.0]))
    redis.Redis(port=server.port).set("t:alive", b"1")

    async def through_the_night():
        found, _ = homes({"p": 5.0}, lambda: {0: 9.0})
        server.kill()
        async with Views(settings, tuple, None, found) as views:
            views.owe(0)
            await until(lambda: views._complained)
            owed = views.pending
            server.start()
            mark = marked(server)[0]
            await until(lambda: not views.pending)
            return owed, mark

    assert asyncio.run(through_the_night()) == (1, [4.0, 0.0])
    assert ViewReader(settings).partner("p") is not None


def test_nudges_are_read_again_from_a_little_before_the_mark(server):
    sent_at = time.time() - 1000
    redis.Redis(port=server.port).hset("t:shown", "0", json.dumps([4.0, sent_at]))
    redis.Redis(port=server.port).set("t:alive", b"1")
    since = []

    async def sent(now, begin):
        since.append(begin)
        yield [NudgeView("n1", "p", b'{"nudge_id": "n1"}', now + 60)]

    asyncio.run(session(given(server), homes({})[0], lambda views: not views.pending, sent=sent))
    assert since == [sent_at - SKEW]
    assert [n["nudge_id"] for n in ViewReader(given(server)).inbox("p")] == ["n1"]


def test_no_mark_is_set_while_something_is_owed(server):
    from aiokafka.errors import KafkaTimeoutError

    async def unreadable(now, begin):
        raise KafkaTimeoutError("no broker")
        yield []

    found, asked = homes({"p": 5.0}, lambda: {0: 9.0})
    asyncio.run(session(given(server), found, lambda views: views.written and asked, sent=unreadable))
    assert marked(server) == {}


def test_what_changed_is_shown_when_two_commits_went_by():
    trail = Trail(0.0)
    trail.note(0.0, 5, 100.0)
    trail.note(2.0, 6, 200.0)
    assert (trail.shown(6), trail.shown(7), trail.shown(8)) == (None, 100.0, 200.0)


def test_who_rests_between_two_showings_is_waited_for():
    trail = Trail(10.0)
    trail.note(0.0, 5, 100.0)
    trail.note(6.0, 11, 200.0)
    assert trail.shown(20) is None
    trail.note(12.0, 17, 300.0)
    assert (trail.shown(18), trail.shown(19)) == (None, 100.0)


def test_a_trail_stays_short_however_long_they_rest():
    trail = Trail(86_400.0)
    for second in range(200_000):
        trail.note(float(second), second, float(second))
    assert len(trail._samples) <= 64
    assert 60_000 < trail.shown(200_002) <= 200_000 - 86_400
