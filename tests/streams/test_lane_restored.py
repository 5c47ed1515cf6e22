"""What the changelog holds, and who may overwrite whom."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.lane.restored import Restored
from streams.lane.terms import HEADER, MARK, SOURCES, mark, next_term, sealed, signed, term_of
from training_rules.snapshots import ROOM


class Written(NamedTuple):
    key: bytes | None
    value: bytes | None


def state(who: bytes, what: bytes, term: int = 1) -> Written:
    return Written(who, sealed(term, what))


def closed(stream_time: float, term: int = 1) -> Written:
    return Written(MARK, mark(term, stream_time))


def held(found: Restored) -> list[bytes]:
    """The states without their terms."""
    return [raw[HEADER:] for raw in found.states()]


def restored(*records: Written) -> Restored:
    found = Restored()
    found.apply(records)
    return found


def test_the_later_record_of_a_partner_stands() -> None:
    assert held(restored(state(b"p", b"old"), state(b"p", b"new"))) == [b"new"]


def test_a_worker_paused_past_its_session_does_not_overwrite_its_successor() -> None:
    assert held(restored(state(b"p", b"successor", term=7), state(b"p", b"zombie", term=6))) == [b"successor"]


def test_what_a_zombie_wrote_stands_until_its_successor_writes_that_partner() -> None:
    assert held(restored(state(b"q", b"successor", term=7), state(b"p", b"zombie", term=6))) == [b"successor", b"zombie"]


@given(st.permutations([3, 258, 1 << 32, 5]))
def test_the_highest_term_wins_in_whatever_order_it_was_written(terms: list[int]) -> None:
    found = restored(*[state(b"p", str(term).encode(), term) for term in terms])
    assert held(found) == [str(1 << 32).encode()]


KEYS = st.sampled_from([b"p", b"q", b"r"])
TERMS = st.sampled_from([0, 1, 2, 7, 1 << 32])
RECORDS = st.one_of(
    st.builds(lambda who, term, n: state(who, b"%d" % n, term), KEYS, TERMS, st.integers(0, 99)), st.builds(lambda who: Written(who, None), KEYS),
    st.builds(closed, st.floats(0, 9), TERMS),
)  # fmt: skip


def by_the_rule(records: list[Written]) -> dict[str, bytes]:
    """The higher term wins, within one the later record; whom nobody knows, no owner older than the last mark can bring."""
    found, least = dict[str, bytes](), 0
    for key, value in records:
        if key == MARK and value is not None:
            least = max(least, term_of(value))
        elif key is not None and value is None:
            found.pop(key.decode(), None)
        elif key is not None and value is not None and term_of(value) >= (term_of(found[key.decode()]) if key.decode() in found else least):
            found[key.decode()] = value
    return found


@given(st.lists(st.lists(RECORDS, max_size=8), max_size=5))
def test_batches_of_any_owners_come_to_what_the_rule_says(batches: list[list[Written]]) -> None:
    found = Restored()
    for batch in batches:
        found.apply(batch)
    assert found.take() == by_the_rule([record for batch in batches for record in batch])


def test_which_topics_states_were_made_from_is_no_state() -> None:
    """A first flush that was torn after it leaves a partition that is as good as new."""
    assert restored(made_from(b"{}", term=7)).highest_term == 0


def test_an_erased_partner_is_gone() -> None:
    assert held(restored(state(b"p", b"old"), Written(b"p", None))) == []


def test_the_mark_is_no_partner() -> None:
    assert len(restored(closed(100.0))) == 0


def test_stream_time_is_that_of_the_last_whole_flush() -> None:
    """States of a torn flush are ahead of the records that will be read again, and those must not look late."""
    assert restored(state(b"p", b"1"), closed(100.0), state(b"p", b"2")).stream_time == 100.0


def test_stream_time_of_a_zombie_does_not_count() -> None:
    assert restored(closed(100.0, term=7), closed(300.0, term=6)).stream_time == 100.0


def test_an_empty_changelog_has_no_stream_time() -> None:
    assert restored().stream_time == -inf


def test_a_new_owner_has_a_higher_term_than_any_before() -> None:
    highest = restored(state(b"p", b"", term=next_term(0, 41)), closed(1.0, term=next_term(0, 40))).highest_term
    assert next_term(highest, 42) > highest


def test_terms_grow_also_when_the_group_counts_anew() -> None:
    highest = next_term(0, 41)
    assert next_term(highest, 1) > highest


def test_terms_keep_growing_after_the_group_counted_anew() -> None:
    second = next_term(next_term(0, 41), 1)
    assert next_term(second, 2) > second


def test_two_workers_that_saw_the_same_changelog_have_different_terms() -> None:
    highest = next_term(next_term(0, 41), 3)
    assert next_term(highest, 4) < next_term(highest, 5)


def test_a_stranger_s_record_without_key_is_passed_over() -> None:
    assert len(restored(Written(None, b"x"))) == 0


def made_from(sources: bytes, term: int = 1) -> Written:
    return Written(SOURCES, sealed(term, sources))


def test_the_topics_that_states_were_made_from_are_no_partner() -> None:
    found = restored(made_from(b'{"gps":"a"}'), state(b"p", b"state"))
    assert (found.sources, held(found)) == ({"gps": "a"}, [b"state"])


def test_of_the_topics_the_latest_owner_speaks() -> None:
    assert restored(made_from(b'{"gps":"b"}', term=3), made_from(b'{"gps":"a"}', term=2)).sources == {"gps": "b"}


def test_a_changelog_that_does_not_say_has_no_topics() -> None:
    assert restored(state(b"p", b"state")).sources == {}


def test_states_that_were_taken_are_given_away() -> None:
    found = restored(state(b"p", b"one"), state(b"q", b"two"))
    assert found.take() == {"p": sealed(1, b"one"), "q": sealed(1, b"two")}
    assert (len(found), found.take()) == (0, {})


def test_the_highest_term_is_known_when_all_states_were_taken() -> None:
    found = restored(state(b"p", b"one", term=7), state(b"q", b"two", term=9), closed(1.0, term=8))
    assert len(found.take()) == 2
    assert found.highest_term == 9


def test_a_mark_may_have_the_highest_term() -> None:
    assert restored(state(b"p", b"one", term=7), closed(1.0, term=8)).highest_term == 8


def test_a_record_is_the_state_with_the_term_in_the_room_that_it_leaves_for_it() -> None:
    assert (signed(7, bytes(HEADER) + b"state"), HEADER) == (sealed(7, b"state"), ROOM)
