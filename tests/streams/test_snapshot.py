"""What of a partition goes into the changelog, and whose features are shown with it."""

from __future__ import annotations

from streams.lane.terms import MARK, read_mark, term_of
from tests.streams.test_partition import NOW, ORDERS, RATINGS, Bench, laid, record, shot_of


def test_a_changed_partner_is_in_the_snapshot_once_and_then_not_again() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0), record(1, at=NOW + 1))
    assert [key for key, _ in bench.run().records] == [b"P1", MARK]
    assert bench.run().records == []


def test_a_snapshot_bears_the_term_and_ends_with_the_stream_time() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0, at=NOW + 5))
    (_, state), (_, mark) = bench.run().records
    assert term_of(state) == 7
    assert read_mark(mark) == (7, NOW + 5, b"")


def test_what_a_timer_changed_is_in_the_next_snapshot() -> None:
    bench = Bench()
    bench.feed(ORDERS, record(0, "arrived_at_restaurant"))
    bench.run()
    bench.partition.advance(NOW + 900)
    assert [key for key, _ in bench.run().records] == [b"P1", MARK]


def test_features_of_changed_partners_are_shown_at_a_pace() -> None:
    bench = Bench(features_every=10.0)
    for offset in range(3):
        bench.feed(RATINGS, record(offset, at=NOW + offset, stars=5))
        bench.run()
    assert bench.kinds() == ["features"]


def test_the_last_features_of_one_who_went_to_rest_are_shown() -> None:
    bench = Bench(features_every=10.0)
    for offset in range(2):
        bench.feed(RATINGS, record(offset, at=NOW + offset, stars=5))
        bench.run()
    laid(bench)
    shot_of(bench.partition, 11.0)
    assert [(o.type, o.at) for o in bench.told] == [("features", NOW), ("features", NOW + 1)]
    assert not bench.partition.corridor.partners.awake


def test_one_who_rests_is_written_again_after_their_next_event() -> None:
    bench = Bench()
    bench.feed(RATINGS, record(0))
    bench.run()
    laid(bench)
    assert bench.run().records == []
    bench.feed(RATINGS, record(1, at=NOW + 1))
    assert [key for key, _ in bench.run().records] == [b"P1", MARK]
    assert "nudge" in bench.kinds()
