"""Writes views to Redis beside the stream: puts never wait, a task writes in pipelines, and Redis may be down as long as it likes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from itertools import islice
from math import inf
from typing import Any, NamedTuple, Self, cast

from aiokafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from events.decode import encode
from streams.settings import Settings
from streams.tasks import end
from streams.views.buffer import Gone, Latest, NudgeView, PartnerView
from streams.views.keys import Keys
from streams.views.pipeline import TIMEOUT, Add, Pipeline
from streams.views.sent import nudge_view, recalled_view

log = logging.getLogger("nudgeline.views")

CHUNK = 500  # values in one pipeline
EVERY = 0.1  # s between two looks at the buffer
LOOK_ALIVE = 2.0  # s between two looks whether Redis was emptied
LONGEST_PAUSE = 5.0  # s between two tries while Redis is down
BREATH = 0.01  # s between two chunks of what a last owner did not write: the stream has to catch up at that time
SKEW = 60.0  # s by which clocks may differ
OWED, PAID = b"owed", b"1"  # what the mark says

Sent = Callable[[float, float], AsyncIterator[list[NudgeView]]]


class Homes(NamedTuple):
    """The partitions: who of one `changed` at or after a stream time (None now and then, where others are passed over), and up to which stream time
    all that changed in each was `shown`, that is, put here."""

    changed: Callable[[int, float], Iterator[PartnerView | None]] = lambda *_: iter(())
    shown: Callable[[], Mapping[int, float]] = dict


class Views:
    """The writing side: `async with Views(...) as views`. `put_*` return at once; a task writes until the block ends.

    `everyone` is called when views were lost (Redis was emptied, or the buffer ran over): it gives every partner, as they are when they are drawn.
    `sent` gives the nudges that are live still at a moment and were sent since another (s), in chunks: they go with Redis too.

    What waits dies with the process. So each partition has a mark in Redis: up to when all of it stands there. Whoever opens the partition next owes
    what changed, and what was sent, since.
    """

    def __init__(
        self, settings: Settings, everyone: Callable[[], Iterable[PartnerView]] = tuple, sent: Sent | None = None, homes: Homes | None = None
    ) -> None:
        self._sent, self._homes = sent, homes or Homes()
        self._nudges_since = inf  # nudges sent from then on are owed
        self._owed, self._paying = set[int](), set[int]()  # partitions whose last owner may have died before all was written
        self._marked = 0.0
        self._settings, self._everyone, self._keys = settings, everyone, Keys(settings.redis_prefix)
        self.partners: Latest[PartnerView] = Latest(settings.views_buffer)
        self.nudges: Latest[NudgeView] = Latest(settings.views_buffer)
        self.gone: dict[str, Gone] = {}
        self.up, self._complained = False, ""
        self._lost = self._lost_of_nudges = 0  # dropped from the buffers, when all were last written anew
        self._owing = False  # Redis was emptied, and not all is written again
        self._backlog: Iterator[PartnerView] = iter(())
        self._under_way = 0  # values in the pipeline that is being sent
        self._news, self._closing = asyncio.Event(), asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._random = random.Random(settings.app_id)  # jitter only
        options = settings.redis_client()
        self._redis: Redis = Redis.from_url(
            options.pop("url"), **options, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, health_check_interval=0
        )  # fmt: skip
        self._pipeline = Pipeline(self._redis, self._keys)

    def put_partner(self, view: PartnerView) -> None:
        """The latest of a partner; it replaces what waits."""
        self.partners.put(view.partner_id, view)
        self._news.set()

    def put_nudge(self, nudge: Any, now: float) -> None:
        """A nudge that was sent (an output struct). In the inbox until it expires; `now`: s since the epoch."""
        view = nudge_view(self._settings, nudge.nudge_id, nudge.partner_id, encode(nudge), nudge.decided_at, nudge.expires_at, now)
        self.nudges.put(nudge.nudge_id, view)
        self._news.set()

    def put_recalled(self, recalled: Any) -> None:
        """A nudge that is not to be shown any more; it replaces the nudge where that waits still."""
        self.nudges.put(recalled.nudge_id, recalled_view(recalled.nudge_id, recalled.partner_id))
        self._news.set()

    def owe(self, partition: int) -> None:
        """A partition that was opened: what its last owner did not write is to be written, when Redis answers."""
        self._owed.add(partition)
        self._news.set()

    def put_gone(self, gone: Gone) -> None:
        """A partner who was erased: what waits of them is not written, what is written goes. It waits for as long as Redis is away."""
        self.partners.discard(lambda view: view.partner_id == gone.partner_id)
        self.nudges.discard(lambda view: view.partner_id == gone.partner_id)
        self.gone[gone.partner_id] = gone
        self._news.set()

    @property
    def written(self) -> int:
        """Values that Redis took."""
        return self._pipeline.written

    @property
    def pending(self) -> int:
        """Values that Redis does not have yet."""
        waiting = len(self.gone) + len(self.partners) + len(self.nudges) + self._under_way
        return waiting + len(self._owed) + len(self._paying) + self._owes_nudges

    @property
    def _owes_nudges(self) -> bool:
        return self._nudges_since < inf and self._sent is not None

    def snapshot(self) -> dict[str, Any]:
        """Counters, as plain data."""
        dropped = self.partners.dropped + self.nudges.dropped
        return {"up": self.up, "written": self.written, "pending": self.pending, "dropped": dropped}

    async def __aenter__(self) -> Self:
        self._writing = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self) -> None:
        """Write what is put, until closed. Errors of Redis are never the stream's."""
        pause, looked = EVERY, 0.0
        while not self._closing.is_set():
            try:
                if time.monotonic() - looked > LOOK_ALIVE or not self.up:
                    await self._look_alive()
                    looked = time.monotonic()
                await self._write_chunks()
                await self._mark()
                pause = EVERY
            except (RedisError, OSError, TimeoutError) as e:
                self._down(e)
                pause = min(LONGEST_PAUSE, pause * 2)
            await self._rest(pause * (1 + self._random.random() / 2) if pause > EVERY else EVERY)

    async def close(self, patience: float = 3.0) -> None:
        """Write what waits, within `patience` seconds, and hang up. What is owed to an emptied Redis even then, the next worker owes."""
        self._closing.set()
        self._news.set()
        if self._writing is not None:
            await end([self._writing], patience)
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(patience):
                await self._write_chunks()
        await self._redis.aclose()

    async def _rest(self, seconds: float) -> None:
        self._news.clear()
        await _happens(self._closing, seconds)
        if not self.pending:
            await _happens(self._news, LOOK_ALIVE)

    async def _look_alive(self) -> None:
        """Look for the mark; where it is gone, Redis was emptied, or is a new one: everything is owed. It says so until all is written, lest a worker
        that ends in between leaves its debts behind."""
        mark = await self._redis.get(self._keys.alive)
        emptied = mark is None or (mark == OWED and not self._owing)
        if emptied:
            await self._redis.set(self._keys.alive, OWED)
            self._owing = True
        if emptied or self.nudges.dropped > self._lost_of_nudges:
            self._nudges_since = -inf
        self._lost_of_nudges = self.nudges.dropped
        if emptied or self.partners.dropped > self._lost:
            self._lost, self._backlog = self.partners.dropped, iter(self._everyone())
            self._news.set()
        if not self.up:
            log.info("Redis answers; %d values wait", self.pending)
            self.up, self._complained = True, ""

    async def _write_chunks(self) -> None:
        await self._write_news()
        while views := list(islice(self._backlog, CHUNK)):
            try:
                await self._pipeline.send(views, self._pipeline.partner)
                await self._write_news()
            except BaseException:
                self._lost = -1  # all are owed again
                raise
        await self._pay()
        await self._write_lost_nudges()
        if self._owing and not self._owes_nudges:
            await self._redis.set(self._keys.alive, PAID)
            self._owing = False

    async def _write_news(self) -> None:
        while self.gone or self.partners or self.nudges:
            await self._write_gone()
            await self._write(self.partners, self._pipeline.partner)
            await self._write(self.nudges, self._pipeline.nudge)

    async def _pay(self) -> None:
        """What the last owners of our partitions did not write, in slices, the news in between."""
        while self._owed:
            self._paying.add(number := self._owed.pop())
            try:
                since, sent_until = await self._mark_of(number)
                self._nudges_since = min(self._nudges_since, sent_until - SKEW)
                views = self._homes.changed(number, since)
                while chunk := list(islice(views, CHUNK)):
                    await self._pipeline.send([view for view in chunk if view is not None], self._pipeline.partner)
                    await self._write_news()
                    await asyncio.sleep(BREATH)
            except BaseException:
                self._owed.add(number)
                raise
            finally:
                self._paying.discard(number)

    async def _mark_of(self, partition: int) -> tuple[float, float]:
        """Stream time, and s since the epoch, up to which everything of a partition stands in Redis."""
        raw = await cast(Awaitable[bytes | None], self._redis.hget(self._keys.shown, str(partition)))
        since, sent_until = json.loads(raw) if raw is not None else (-inf, -inf)
        return since, sent_until

    async def _mark(self) -> None:
        """Say up to when everything stands in Redis, now and then, and only while nothing waits."""
        now = time.monotonic()
        if self.pending or self._owing or now - self._marked < LOOK_ALIVE:
            return
        until = time.time()
        shown = {str(number): json.dumps([at, until]) for number, at in self._homes.shown().items() if at > -inf}
        if shown:
            await cast(Awaitable[int], self._redis.hset(self._keys.shown, mapping=shown))
        self._marked = now

    async def _write_lost_nudges(self) -> None:
        """Where Kafka does not answer, they are owed until it does."""
        if not self._owes_nudges or self._sent is None:
            return
        count = 0
        try:
            async for chunk in self._sent(time.time(), self._nudges_since):
                await self._pipeline.send(chunk, self._pipeline.nudge)
                count += len(chunk)
        except KafkaError as e:
            log.warning("the nudges that Redis lacks can't be read again yet: %s", e)
            return
        log.info("%d nudges that are live still were read again from their topic", count)
        self._nudges_since = inf

    async def _write_gone(self) -> None:
        """All of them, before anything else: what else is taken to be written then is of a life after it."""
        while chunk := list(islice(self.gone.values(), CHUNK)):
            await self._pipeline.send(chunk, self._pipeline.gone)
            for gone in chunk:
                if self.gone.get(gone.partner_id) is gone:
                    del self.gone[gone.partner_id]

    async def _write(self, buffer: Latest[Any], add: Add) -> None:
        chunk = buffer.take(CHUNK)
        self._under_way = len(chunk)
        try:
            await self._pipeline.send([view for _, view in chunk], add)
        except BaseException:
            buffer.put_back([(key, view) for key, view in chunk if view.partner_id not in self.gone])
            raise
        finally:
            self._under_way = 0

    def _down(self, error: BaseException) -> None:
        """Said once for each kind of trouble, not each time."""
        self.up = False
        kind = type(error).__name__
        if kind != self._complained:
            self._complained = kind
            wrong = isinstance(error, AuthenticationError | NoPermissionError)
            hint = "see NUDGELINE_REDIS_USERNAME and _PASSWORD" if wrong else "the stream goes on, views catch up when it is back"
            log.warning("Redis at %s: %s; %s", self._settings.redis_url.rpartition("@")[2], error or kind, hint)


async def _happens(event: asyncio.Event, seconds: float) -> None:
    """Wait for it, no longer than `seconds`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
