"""Names of keys in Redis, and the scripts that write them.

| key | type | holds |
|---|---|---|
| `P:partner:ID` | hash | `at`, `term`, `segments` (JSON list), `features` (JSON object), `ruleset_version`; of a partner who was erased `at` and `term` alone, for an hour |
| `P:segment:NAME` | sorted set | ids of the partners who are in it now; the score is the stream time of the news |
| `P:segments` | set | names of the segments that anybody was ever in |
| `P:inbox:ID` | sorted set | ids of live nudges; the score is when each expires (s since the epoch) |
| `P:nudge:NUDGE` | string | the nudge as JSON; gone when it expires. Empty, for an hour, where it was recalled |
| `P:shown` | hash | of each partition `[stream time, s since the epoch]`: what changed, and what was sent, up to these stands here |
| `P:alive` | string | the mark by which a worker sees that Redis was emptied; `owed` until all is written again |
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    prefix: str

    def partner(self, partner_id: str) -> str:
        return f"{self.prefix}:partner:{partner_id}"

    def segment(self, name: str) -> str:
        return f"{self.prefix}:segment:{name}"

    @property
    def segments(self) -> str:
        return f"{self.prefix}:segments"

    def inbox(self, partner_id: str) -> str:
        return f"{self.prefix}:inbox:{partner_id}"

    def nudge(self, nudge_id: str) -> str:
        return f"{self.prefix}:nudge:{nudge_id}"

    @property
    def shown(self) -> str:
        return f"{self.prefix}:shown"

    @property
    def alive(self) -> str:
        return f"{self.prefix}:alive"


#: Write one partner's view, unless a newer owner of the partition, or the same one later, wrote it already. The whole membership is set at once.
#: KEYS: partner, segments. ARGV: partner id, prefix of segments, term, at, segments as JSON, features as JSON, version.
PARTNER = """
local term, at = tonumber(redis.call('HGET', KEYS[1], 'term') or '-1'), tonumber(redis.call('HGET', KEYS[1], 'at') or '-inf')
local new_term, new_at = tonumber(ARGV[3]), tonumber(ARGV[4])
if new_term < term or (new_term == term and new_at < at) then return 0 end
if redis.call('HEXISTS', KEYS[1], 'segments') == 0 then redis.call('PERSIST', KEYS[1]) end
local now_in = {}
for _, name in ipairs(cjson.decode(ARGV[5])) do now_in[name] = true end
for _, name in ipairs(cjson.decode(redis.call('HGET', KEYS[1], 'segments') or '[]')) do
  if not now_in[name] then redis.call('ZREM', ARGV[2] .. name, ARGV[1]) end
end
for name, _ in pairs(now_in) do
  redis.call('SADD', KEYS[2], name)
  redis.call('ZADD', ARGV[2] .. name, 'NX', new_at, ARGV[1])
end
redis.call('HSET', KEYS[1], 'term', ARGV[3], 'at', ARGV[4], 'segments', ARGV[5], 'features', ARGV[6], 'ruleset_version', ARGV[7])
return 1
"""

#: Take out all that stands of an erased partner. What is left for a while, term and time, keeps an older owner from writing what it still has.
#: KEYS: partner, segments, inbox. ARGV: partner id, prefix of segments, prefix of nudges, term, at, s for which term and time stay.
GONE = """
if tonumber(ARGV[4]) < tonumber(redis.call('HGET', KEYS[1], 'term') or '-1') then return 0 end
for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do redis.call('ZREM', ARGV[2] .. name, ARGV[1]) end
for _, nudge in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do redis.call('DEL', ARGV[3] .. nudge) end
redis.call('DEL', KEYS[1], KEYS[3])
redis.call('HSET', KEYS[1], 'term', ARGV[4], 'at', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
"""

#: Take a nudge out of its partner's inbox, and keep those out that bring it again. KEYS: nudge, inbox. ARGV: nudge id, s for which it is kept out.
RECALLED = """
redis.call('SET', KEYS[1], '', 'EX', ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
"""

#: Put a live nudge into its partner's inbox, once. KEYS: nudge, inbox. ARGV: nudge id, nudge as JSON, when it expires (s), now (s).
NUDGE = """
local left = tonumber(ARGV[3]) - tonumber(ARGV[4])
if left <= 0 then return 0 end
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', math.ceil(left * 1000)) then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[2], math.ceil(tonumber(last[2]) * 1000))
return 1
"""
