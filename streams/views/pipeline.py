"""Views on their way to Redis, many in one pipeline, each by the script for its kind."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.asyncio import Redis

from streams.views.buffer import Gone, NudgeView, PartnerView
from streams.views.keys import GONE, NUDGE, PARTNER, RECALLED, Keys

TIMEOUT = 5.0  # s for one pipeline
STUB = 3600  # s for which an erased partner's term is kept, and that a nudge was recalled

Add = Callable[[Any, Any], Awaitable[None]]


class Pipeline:
    """`written`: values that Redis took."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis, self._keys, self.written = redis, keys, 0
        self._partner, self._nudge, self._recalled, self._gone = map(redis.register_script, (PARTNER, NUDGE, RECALLED, GONE))

    async def send(self, views: Sequence[Any], add: Add) -> None:
        """Many in one go; `add` is one of the following."""
        if not views:
            return
        async with self._redis.pipeline(transaction=False) as pipeline:
            for view in views:
                await add(pipeline, view)
            async with asyncio.timeout(TIMEOUT):
                await pipeline.execute()
        self.written += len(views)

    async def partner(self, pipeline: Any, view: PartnerView) -> None:
        keys = self._keys
        arguments = [view.partner_id, keys.segment(""), view.term, repr(view.at), json.dumps(view.segments), json.dumps(view.features), view.version]
        await self._partner(keys=[keys.partner(view.partner_id), keys.segments], args=arguments, client=pipeline)

    async def nudge(self, pipeline: Any, view: NudgeView) -> None:
        keys = [self._keys.nudge(view.nudge_id), self._keys.inbox(view.partner_id)]
        if not view.raw:
            await self._recalled(keys=keys, args=[view.nudge_id, STUB], client=pipeline)
            return
        await self._nudge(keys=keys, args=[view.nudge_id, view.raw, repr(view.expires_at), repr(time.time())], client=pipeline)

    async def gone(self, pipeline: Any, view: Gone) -> None:
        keys, who = self._keys, view.partner_id
        arguments = [who, keys.segment(""), keys.nudge(""), view.term, repr(view.at), STUB]
        await self._gone(keys=[keys.partner(who), keys.segments, keys.inbox(who)], args=arguments, client=pipeline)
