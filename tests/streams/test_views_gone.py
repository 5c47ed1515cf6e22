"""Views of partners who were erased: all of it goes, also while Redis is away, and nothing older brings it back."""

import asyncio
import time

import redis

from streams.views import ViewReader, Views
from streams.views.buffer import Gone
from tests.streams.test_views import given, nudge, server, until, view, write

__all__ = ["server"]


def keys(server):
    return {key.decode() for key in redis.Redis(port=server.port).keys("*")} - {"t:alive", "t:segments"}


def test_everything_of_an_erased_partner_goes(server):
    settings = given(server)
    write(settings, lambda v: v.put_partner(view(segments=["a"])), lambda v: v.put_nudge(nudge(expires_at=time.time() + 60), time.time()),
          lambda v: v.put_gone(Gone("p", 1, 2.0)))
    reader = ViewReader(settings)
    assert (reader.partner("p"), reader.members("a"), reader.inbox("p")) == (None, set(), [])
    assert keys(server) == {"t:partner:p"}
    assert 0 < redis.Redis(port=server.port).ttl("t:partner:p") <= 3600


def test_what_waited_of_an_erased_partner_is_not_written(server):
    settings = given(server)

    async def session():
        async with Views(settings) as views:
            await until(lambda: views.up)
            server.kill()
            views.put_partner(view(segments=["a"]))
            views.put_nudge(nudge(expires_at=time.time() + 60), time.time())
            await until(lambda: not views.up)
            views.put_gone(Gone("p", 1, 2.0))
            server.start()
            await until(lambda: not views.pending)

    asyncio.run(session())
    assert keys(server) == {"t:partner:p"}
    assert ViewReader(settings).partner("p") is None


def test_it_waits_for_as_long_as_redis_is_away(server):
    settings = given(server)

    async def session():
        async with Views(settings) as views:
            views.put_partner(view())
            await until(lambda: not views.pending)
            server.kill()
            views.put_gone(Gone("p", 1, 2.0))
            await until(lambda: not views.up)
            waits = "p" in views.gone
            server.start()
            await until(lambda: not views.pending)
            return waits, "p" in views.gone

    assert asyncio.run(session()) == (True, False)


def test_an_older_owner_does_not_bring_an_erased_partner_back(server):
    write(given(server), lambda v: v.put_gone(Gone("p", 2, 2.0)), lambda v: v.put_partner(view(at=9.0, term=1, segments=["a"])))
    reader = ViewReader(given(server))
    assert (reader.partner("p"), reader.members("a")) == (None, set())


def test_an_older_owner_does_not_erase_what_a_newer_one_wrote(server):
    write(given(server), lambda v: v.put_partner(view(term=2, segments=["a"])), lambda v: v.put_gone(Gone("p", 1, 2.0)))
    assert ViewReader(given(server)).members("a") == {"p"}


def test_who_begins_anew_is_shown_and_stays(server):
    settings = given(server)

    def erased_and_back(views):
        views.put_gone(Gone("p", 1, 2.0))
        views.put_partner(view(at=3.0, segments=["b"]))

    write(settings, lambda v: v.put_partner(view(segments=["a"])), erased_and_back)
    assert ViewReader(settings).partner("p")["segments"] == ["b"]
    assert ViewReader(settings).segments() == {"a": 0, "b": 1}
    assert redis.Redis(port=server.port).ttl("t:partner:p") == -1
