"""Ranks by quantiles, and shares of seats."""

from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.crowd import Share, rank

values = st.lists(st.one_of(st.sampled_from((0.0, 0.5, 0.75, 1.0)), st.floats(0, 1)), min_size=20, max_size=400)


def exact(x, among):
    """The share of lower values, and half of those that are the same."""
    return (bisect_left(among, x) + bisect_right(among, x)) / 2 / len(among)


@given(values, st.data())
def test_the_rank_by_quantiles_is_within_a_step_of_the_exact_one(found, data):
    among, steps = sorted(found), 200
    quantiles = [among[min(len(among) - 1, max(0, -(-step * len(among) // steps) - 1))] for step in range(steps + 1)]
    x = data.draw(st.sampled_from(among))
    assert abs(rank(quantiles, x) - exact(x, among)) <= 1 / steps + 1 / len(among) / 2 + 1e-9


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40).filter(any), st.integers(0, 500), st.integers(0, 10**9))
def test_shares_of_seats_add_up_whatever_the_number(weights, seats, turn):
    total, first, shares = sum(weights), 0, []
    for weight in weights:
        shares.append(Share(0.0, first, first + weight, total, turn % total))
        first += weight
    parts = [share.of(seats) for share in shares]
    assert sum(parts) == seats
    assert all(abs(part - seats * weight / total) < 1 for part, weight in zip(parts, weights, strict=True))


def test_what_does_not_divide_goes_to_each_in_turn():
    shares = [[Share(0.0, n, n + 1, 4, turn).of(1) for n in range(4)] for turn in range(4)]
    assert [sum(parts) for parts in zip(*shares, strict=True)] == [1, 1, 1, 1]


@pytest.mark.parametrize(("x", "found"), [(0.4, 0.0), (0.5, 0.5), (0.6, 1.0)])
def test_one_quantile_tells_who_is_below_at_or_above_it(x, found):
    assert rank([0.5], x) == found
