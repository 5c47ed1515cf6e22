"""Reads views: for the partner's app, the console and the demo."""

from __future__ import annotations

import json
import time
from typing import Any

from redis import Redis

from streams.settings import Settings
from streams.views.keys import Keys


class ViewReader:
    """A synchronous reader. Every call asks Redis; errors are redis-py's own."""

    def __init__(self, settings: Settings) -> None:
        options = settings.redis_client()
        self._redis: Redis = Redis.from_url(options.pop("url"), **options, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)
        self._keys = Keys(settings.redis_prefix)

    def segments(self) -> dict[str, int]:
        """How many partners are in each segment now."""
        return {name: int(self._redis.zcard(self._keys.segment(name))) for name in sorted(self._redis.smembers(self._keys.segments))}

    def members(self, segment: str) -> set[str]:
        return set(self._redis.zrange(self._keys.segment(segment), 0, -1))

    def partner(self, partner_id: str) -> dict[str, Any] | None:
        """A partner's segments, features and stream time; None where nothing is known (any more)."""
        found = self._redis.hgetall(self._keys.partner(partner_id))
        if "segments" not in found:
            return None
        segments, features = json.loads(found["segments"]), json.loads(found["features"])
        return {"at": float(found["at"]), "segments": segments, "features": features, "ruleset_version": found["ruleset_version"]}

    def inbox(self, partner_id: str) -> list[dict[str, Any]]:
        """Live nudges of a partner, the next to expire first. What has expired is never shown."""
        ids = self._redis.zrangebyscore(self._keys.inbox(partner_id), f"({time.time()}", "+inf")
        raw = self._redis.mget([self._keys.nudge(i) for i in ids]) if ids else []
        return [json.loads(r) for r in raw if r is not None]

    def close(self) -> None:
        self._redis.close()
