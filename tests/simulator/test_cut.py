from events.time import seconds
from simulator.importers.cut import SOURCE_LENGTH, mark, shifted

EVENT = {"type": "profile_updated", "occurred_at": "2026-01-01T00:00:00Z", "joined_on": "2025-12-31", "source": "sendy"}


def test_what_is_moved_says_so() -> None:
    assert shifted(EVENT, 60)["source"] == "sendy; shifted"


def test_a_long_source_leaves_room_for_the_mark() -> None:
    assert mark("x" * 64) == "x" * 55 + "; shifted"
    assert len(mark("x" * 64)) == SOURCE_LENGTH


def test_a_time_as_text_is_moved_too() -> None:
    assert shifted(EVENT, 60)["occurred_at"] == seconds("2026-01-01T00:01:00+00:00")


def test_joining_moves_by_whole_days() -> None:
    assert shifted(EVENT, 86400 * 2 + 3600)["joined_on"] == "2026-01-02"


def test_a_promise_moves_along() -> None:
    assert shifted({"occurred_at": 1.7e9, "promised_at": 1.7e9 + 5}, 10)["promised_at"] == 1.7e9 + 15
