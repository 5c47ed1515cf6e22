"""Which feeds can be relied on."""

from __future__ import annotations

from math import inf
from types import SimpleNamespace

from streams.health import PERIOD, Health, Limits
from streams.merge import Merge

NOW = 1_760_000_000.0
FAMILIES = ("gps", "orders", "ratings")
HUNG = frozenset(FAMILIES)


class Watched:
    """The health of three families, all heard of at NOW."""

    def __init__(self) -> None:
        self.merge = Merge(3, wait=5.0)
        self.health = Health(FAMILIES, Limits(), self.merge)
        self.offsets = [0, 0, 0]
        for number in range(3):
            self.merge.begin(number, 0)
            self.come(number, NOW)

    def come(self, number: int, wall: float, at: float | None = None) -> None:
        """A record, which is handed on at once."""
        offset = self.offsets[number]
        self.offsets[number] += 1
        for other in range(3):
            self.merge.heard(other, self.offsets[other], inf)
        self.merge.put(number, [SimpleNamespace(occurred_at=wall if at is None else at)], [offset], offset + 1, 0.0)
        self.health.fetched(number, wall)
        self.merge.take(0.0)
        self.health.going(wall, HUNG)

    def look(self, wall: float, newest: dict[str, float] | None = None, frozen: dict[str, float] | None = None, stream_time: float | None = None) -> dict[str, str]:
        found = self.health.look(wall, wall if stream_time is None else stream_time, newest or {}, HUNG, frozen or {})
        return {family: sick.why for family, sick in found.items()}


def test_a_feed_is_silent_after_its_time() -> None:
    watched = Watched()
    assert (watched.look(NOW + 59), watched.look(NOW + 61), watched.look(NOW + 601)) == ({}, {"gps": "silent"}, {"gps": "silent", "orders": "silent"})


def test_one_that_is_rarely_written_is_never_silent() -> None:
    assert "ratings" not in Watched().look(NOW + 86_400)


def test_a_record_in_any_partition_of_the_topic_ends_the_silence() -> None:
    assert Watched().look(NOW + 70, {"gps": NOW + 65}) == {}


def test_a_topic_that_never_had_a_record_is_absent() -> None:
    merge = Merge(1, wait=5.0)
    assert Health(["gps"], Limits(), merge).look(NOW, NOW, {}, frozenset({"gps"}), {}) == {}


def test_a_steady_flow_is_missed_soon() -> None:
    watched = Watched()
    for second in range(int(2 * PERIOD) + 2):
        watched.come(1, NOW + second)
        watched.look(NOW + second, {"gps": NOW + second})
    last = NOW + 2 * PERIOD + 1
    assert (watched.look(last + 4, {"gps": last}), watched.look(last + 6, {"gps": last})) == ({}, {"orders": "silent"})


def test_a_crowd_that_logs_in_at_once_is_no_flow() -> None:
    watched = Watched()
    for second in range(100):
        watched.come(1, NOW + second)
    assert [s for s in range(100, 690, 10) if "orders" in watched.look(NOW + s)] == []


def test_what_the_rules_do_not_hang_on_is_not_looked_at() -> None:
    assert Watched().health.look(NOW + 61, NOW + 61, {}, frozenset({"orders"}), {}) == {}


def test_a_feed_that_is_not_handed_on_for_ten_seconds_is_behind() -> None:
    watched = Watched()
    watched.look(NOW)
    watched.merge.heard(1, 5, inf)
    seen = [watched.look(NOW + s, {"gps": NOW + s}) for s in (1, 10, 12)]
    assert seen == [{}, {}, {"orders": "behind"}]


def test_none_is_behind_whose_next_event_is_held_for_its_time() -> None:
    """In a backlog others have more before it."""
    watched = Watched()
    watched.look(NOW)
    watched.merge.heard(1, 5, inf)
    watched.merge.put(1, [SimpleNamespace(occurred_at=NOW + 100)], [1], 2, 0.0)
    watched.look(NOW + 1, {"gps": NOW + 1})
    assert watched.look(NOW + 20, {"gps": NOW + 20}) == {}


def test_none_is_behind_where_stream_time_waits_for_it() -> None:
    watched = Watched()
    watched.merge.heard(1, 5, inf)
    watched.look(NOW + 1, stream_time=NOW)
    assert watched.look(NOW + 20, stream_time=NOW) == {}


def test_one_that_brings_old_events_is_late_until_they_are_new() -> None:
    watched = Watched()
    watched.come(1, NOW + 300, at=NOW + 10)
    late = watched.look(NOW + 300, {"gps": NOW + 300})
    watched.come(1, NOW + 301, at=NOW + 250)
    still = watched.look(NOW + 301, {"gps": NOW + 301}, frozen={"orders": NOW})
    watched.come(1, NOW + 302, at=NOW + 301)
    assert (late, still, watched.look(NOW + 302, {"gps": NOW + 302}, frozen={"orders": NOW})) == ({"orders": "late"}, {"orders": "late"}, {})
