"""Families of one partition number, in order of event time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from streams.merge import Merge


@dataclass(frozen=True)
class Happened:
    occurred_at: float


def put(merge: Merge, family: int, times: Sequence[float], first: int = 0, end: int | None = None, now: float = 0.0) -> None:
    """Records at offsets from `first` on; `end` is where the topic ends as far as the broker says."""
    merge.put(family, [Happened(t) for t in times], range(first, first + len(times)), first + len(times), now)
    merge.heard(family, first + len(times) if end is None else end, now)


def taken(merge: Merge, now: float = 0.0) -> list[tuple[float, int]]:
    """(event time, family) of what goes now."""
    return [(event.occurred_at, family) for _, family, _, event in merge.take(now)]


def two(**kwargs: float) -> Merge:
    return Merge(2, **{"wait": 5.0, **kwargs})  # type: ignore[arg-type]


def by_heads(buffers: Sequence[Sequence[float]], behind: Sequence[bool]) -> list[tuple[float, int]]:
    """The rule, word for word: lowest head first, ties to the lower number, until a family that is behind has nothing left."""
    left, out = [list(b) for b in buffers], []
    while any(left) and not any(late and not b for late, b in zip(behind, left, strict=True)):
        family = min((b[0], f) for f, b in enumerate(left) if b)[1]
        out.append((left[family].pop(0), family))
    return out


times = st.lists(st.integers(0, 12).map(float), max_size=12)


@given(st.lists(st.tuples(times, st.booleans()), min_size=1, max_size=4), st.integers(1, 5))
def test_what_goes_is_what_comparing_heads_one_by_one_gives(families: list[tuple[list[float], bool]], chunk: int) -> None:
    merge = Merge(len(families), wait=5.0, chunk=chunk)
    for number, (happened, behind) in enumerate(families):
        put(merge, number, happened, end=len(happened) + behind)
    out: list[tuple[float, int]] = []
    while some := taken(merge):
        out += some
    assert out == by_heads([f for f, _ in families], [b for _, b in families])


@given(st.lists(times, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_batches_in_any_portions_give_the_same_order(families: list[list[float]], rnd: random.Random) -> None:
    merge, given_to, out = Merge(len(families), wait=5.0, chunk=2), [0] * len(families), []
    for number, happened in enumerate(families):
        merge.begin(number, 0)
        merge.heard(number, len(happened), 0.0)
    while any(at < len(f) for at, f in zip(given_to, families, strict=True)):
        number = rnd.choice([n for n, f in enumerate(families) if given_to[n] < len(f)])
        size = rnd.randint(1, len(families[number]) - given_to[number])
        put(merge, number, families[number][given_to[number] :][:size], given_to[number], len(families[number]))
        given_to[number] += size
        out += taken(merge)
    while some := taken(merge):
        out += some
    assert out == by_heads(families, [False] * len(families))


def test_a_family_that_is_behind_and_empty_is_waited_for() -> None:
    merge = two()
    put(merge, 0, [1.0, 2.0])
    put(merge, 1, [], end=3)
    assert taken(merge, now=4.9) == []


def test_a_family_whose_end_is_not_known_yet_is_waited_for() -> None:
    merge = two()
    put(merge, 0, [1.0, 2.0])
    assert taken(merge) == []


def test_a_family_that_is_caught_up_is_not_waited_for() -> None:
    merge = two()
    put(merge, 0, [1.0, 2.0])
    put(merge, 1, [])
    assert taken(merge) == [(1.0, 0), (2.0, 0)]


def test_the_wait_ends_at_its_limit_and_is_counted() -> None:
    merge = two()
    put(merge, 0, [1.0])
    put(merge, 1, [], end=3)
    taken(merge, now=10.0)
    assert taken(merge, now=15.0) == [(1.0, 0)]
    assert merge.timeouts == 1


def test_a_family_that_was_given_up_is_waited_for_again_once_it_brings_something() -> None:
    merge = two()
    put(merge, 0, [1.0])
    put(merge, 1, [], end=3)
    taken(merge, now=0.0)
    taken(merge, now=5.0)
    put(merge, 1, [2.0], end=3)
    taken(merge, now=6.0)
    put(merge, 0, [3.0], first=1)
    assert taken(merge, now=7.0) == []


def test_the_wait_begins_when_something_is_held_and_not_before() -> None:
    merge = two()
    put(merge, 1, [], end=3)
    merge.heard(0, 0, 0.0)
    taken(merge, now=0.0)
    put(merge, 0, [1.0])
    assert taken(merge, now=100.0) == []


def test_nothing_past_the_last_known_event_of_a_family_that_is_behind_goes() -> None:
    merge = two()
    put(merge, 0, [1.0, 5.0])
    put(merge, 1, [2.0, 3.0], end=9)
    assert taken(merge) == [(1.0, 0), (2.0, 1), (3.0, 1)]


def test_a_late_event_does_not_overtake_its_own_family() -> None:
    merge = two()
    put(merge, 0, [7.0, 1.0, 8.0])
    put(merge, 1, [6.0, 7.5])
    assert taken(merge) == [(6.0, 1), (7.0, 0), (1.0, 0), (7.5, 1), (8.0, 0)]


def test_one_event_of_a_far_future_does_not_hold_back_those_after_it_for_ever() -> None:
    merge = two(chunk=2)
    put(merge, 0, [9e9, 1.0, 2.0, 3.0, 4.0])
    put(merge, 1, [5.0])
    out = []
    while some := taken(merge):
        out += some
    assert [t for t, _ in out] == [5.0, 9e9, 1.0, 2.0, 3.0, 4.0]


def test_at_equal_times_the_lower_number_goes_first() -> None:
    merge = two()
    put(merge, 1, [1.0, 2.0])
    put(merge, 0, [1.0, 2.0])
    assert taken(merge) == [(1.0, 0), (1.0, 1), (2.0, 0), (2.0, 1)]


def test_what_may_be_committed_is_the_lowest_offset_that_has_not_gone() -> None:
    merge = two()
    put(merge, 0, [1.0, 5.0, 6.0], first=40)
    put(merge, 1, [2.0], first=7, end=9)
    taken(merge)
    assert (merge.applied(0), merge.applied(1)) == (41, 8)


def test_a_batch_of_bad_records_only_moves_the_position() -> None:
    merge = Merge(1, wait=5.0)
    merge.put(0, [], [], 12, 0.0)
    assert merge.applied(0) == 12


def test_nothing_may_be_committed_before_a_position_is_known() -> None:
    assert Merge(1, wait=5.0).applied(0) == -1


def test_events_pass_a_caught_up_family_only_on_younger_news_of_it_when_asked_to_settle() -> None:
    merge = two(settle=0.05)
    put(merge, 0, [1.0], now=10.0)
    put(merge, 1, [], now=10.02)
    assert taken(merge, now=10.02) == []
    merge.heard(0, 1, 10.06)
    merge.heard(1, 0, 10.06)
    assert taken(merge, now=10.06) == [(1.0, 0)]


def test_what_is_written_meanwhile_is_put_in_its_place_when_asked_to_settle() -> None:
    merge = two(settle=0.05)
    put(merge, 0, [5.0], now=10.0)
    put(merge, 1, [], now=10.0)
    taken(merge, now=10.0)
    put(merge, 1, [4.0], now=10.04)
    for family in (0, 1):
        merge.heard(family, 1, 10.2)
    assert taken(merge, now=10.2) == [(4.0, 1), (5.0, 0)]


def test_news_are_taken_by_batch_so_that_a_steady_flow_is_not_held_up() -> None:
    merge = two(settle=0.05)
    put(merge, 0, [1.0], now=10.0)
    put(merge, 0, [2.0], first=1, now=10.1)
    for family in (0, 1):
        merge.heard(family, 2 - 2 * family, 10.1)
    merge.begin(1, 0)
    assert taken(merge, now=10.1) == [(1.0, 0)]


def test_what_was_known_to_be_written_long_ago_passes_at_once_when_asked_to_settle() -> None:
    merge = two(settle=0.05)
    merge.heard(0, 2, 10.0)
    merge.heard(1, 0, 10.0)
    put(merge, 0, [1.0, 2.0], end=2, now=10.2)
    put(merge, 1, [], now=10.2)
    assert taken(merge, now=10.2) == [(1.0, 0), (2.0, 0)]


def test_news_of_a_family_that_is_held_back_is_not_waited_for() -> None:
    merge = two(settle=0.05)
    put(merge, 0, [1.0, 2.0], now=10.0)
    put(merge, 1, [], now=10.0)
    merge.heard(0, 2, 10.0, asked=False)
    merge.heard(1, 0, 10.2)
    assert taken(merge, now=10.2) == [(1.0, 0), (2.0, 0)]


def test_it_is_caught_up_when_all_is_read_and_nothing_is_held() -> None:
    merge = two()
    put(merge, 0, [1.0])
    put(merge, 1, [])
    assert not merge.caught_up
    taken(merge)
    assert merge.caught_up


def test_it_is_not_caught_up_before_the_ends_are_known() -> None:
    merge = two()
    put(merge, 0, [])
    assert not merge.caught_up


def test_chunks_bound_what_goes_at_a_time() -> None:
    merge = Merge(2, wait=5.0, chunk=10)
    put(merge, 0, [float(i) for i in range(100)])
    put(merge, 1, [inf])
    assert len(taken(merge)) == 10


def test_what_was_written_after_an_event_came_is_not_waited_for() -> None:
    merge = two()
    put(merge, 1, [1.0], end=1)
    put(merge, 0, [2.0])
    merge.heard(1, 3, 0.1)  # two more are under way: the first goes before the event, and of the others nobody knew when it came
    assert taken(merge) + taken(merge) == [(1.0, 1), (2.0, 0)]


def test_what_was_written_before_an_event_came_is_waited_for() -> None:
    merge = two()
    put(merge, 1, [], end=2)
    put(merge, 0, [2.0])
    assert taken(merge) == []
    put(merge, 1, [1.0], end=4)
    assert taken(merge) == [(1.0, 1)]
    put(merge, 1, [3.0], first=1, end=4)
    assert taken(merge) == [(2.0, 0), (3.0, 1)]


def test_a_family_that_is_not_asked_is_waited_for_as_if_nothing_were_known() -> None:
    merge = two()
    put(merge, 1, [], end=0)
    merge.heard(1, 0, 0.0, asked=False)
    put(merge, 0, [2.0])
    assert taken(merge) == []


def test_in_a_replay_news_alone_lets_an_event_go() -> None:
    merge = two(settle=1.0)
    put(merge, 1, [], end=0)
    put(merge, 0, [2.0], end=1)
    merge.heard(1, 1, 0.1)
    assert taken(merge) == []


# -- what concerns all partners: source 2


def with_broadcast(**kwargs: float) -> Merge:
    merge = Merge(3, for_all={2}, **{"wait": 5.0, **kwargs})  # type: ignore[arg-type]
    for number in (0, 1, 2):
        put(merge, number, [])
    return merge


def turned(merge: Merge, now: float = 0.0) -> float | None:
    """The time of what concerns all and has its turn; it is taken up."""
    entry = merge.turn(now)
    if entry is not None:
        merge.passed(entry)
    return None if entry is None else entry[3].occurred_at


def test_nothing_passes_what_concerns_all_partners() -> None:
    merge = with_broadcast()
    put(merge, 0, [1.0, 4.0])
    put(merge, 1, [2.0, 3.0])
    put(merge, 2, [2.5])
    assert (taken(merge), taken(merge)) == ([(1.0, 0), (2.0, 1)], [])
    assert turned(merge) == 2.5
    assert taken(merge) == [(3.0, 1), (4.0, 0)]


def test_what_concerns_all_waits_until_something_after_it_could_go() -> None:
    merge = with_broadcast()
    put(merge, 2, [2.5])
    assert turned(merge) is None
    put(merge, 0, [2.0])
    assert turned(merge) is None
    assert taken(merge) == [(2.0, 0)]
    assert turned(merge) is None
    put(merge, 0, [3.0], first=1)
    assert turned(merge) == 2.5


def test_at_equal_times_partners_go_before_what_concerns_all() -> None:
    merge = with_broadcast()
    put(merge, 2, [2.0])
    put(merge, 1, [2.0, 3.0])
    assert taken(merge) == [(2.0, 1)]
    assert turned(merge) == 2.0


def test_what_concerns_all_has_no_turn_while_a_family_is_waited_for() -> None:
    merge = with_broadcast()
    put(merge, 1, [], end=1)
    put(merge, 2, [2.0])
    put(merge, 0, [3.0])
    assert turned(merge) is None
    assert turned(merge, now=6.0) == 2.0


def test_what_concerns_all_is_not_committed_before_its_turn_and_holds_nobody_from_being_caught_up() -> None:
    merge = with_broadcast()
    put(merge, 2, [2.0])
    assert (merge.applied(2), merge.position(2), merge.caught_up) == (0, 1, True)
    put(merge, 0, [3.0])
    assert turned(merge) == 2.0
    assert merge.applied(2) == 1


def test_a_broadcast_that_is_behind_is_waited_for() -> None:
    merge = with_broadcast()
    put(merge, 2, [], end=1)
    put(merge, 0, [3.0])
    assert taken(merge) == []
    assert not merge.caught_up


def test_what_concerns_all_has_its_turn_before_an_event_that_nobody_is_waited_for() -> None:
    merge = with_broadcast()
    put(merge, 2, [2.0])
    put(merge, 0, [3.0])
    merge.heard(1, 1, 0.1)
    assert taken(merge) == []
    assert turned(merge) == 2.0
    assert taken(merge) == [(3.0, 0)]


@given(st.lists(times, min_size=2, max_size=2), st.lists(st.integers(0, 12).map(float), max_size=4), st.integers(1, 5))
def test_with_what_concerns_all_the_order_is_that_of_heads(families: list[list[float]], for_all: list[float], chunk: int) -> None:
    merge = Merge(3, wait=5.0, chunk=chunk, for_all={2})
    for number, happened in enumerate([*families, for_all]):
        put(merge, number, happened)
    out: list[tuple[float, int]] = []
    while (some := taken(merge)) or (turn := turned(merge)) is not None:
        out += some or [(turn, 2)]
    rest = [(t, 2) for t in for_all[sum(source == 2 for _, source in out) :]]
    assert out + rest == by_heads([*families, for_all], [False] * 3)
