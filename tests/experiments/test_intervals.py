"""The least share that a sample goes with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.intervals import wilson_lower


@st.composite
def samples(draw):
    trials = draw(st.integers(1, 10_000))
    return draw(st.integers(0, trials)), trials


@given(samples(), st.floats(0, 5))
def test_the_least_share_is_none_below_nought_and_none_above_what_was_seen(sample, z):
    hits, trials = sample
    assert 0 <= wilson_lower(hits, trials, z) <= hits / trials + 1e-12


@given(samples(), st.floats(0, 5))
def test_at_the_least_share_what_was_seen_lies_just_so_many_standard_errors_off(sample, z):
    hits, trials = sample
    least = wilson_lower(hits, trials, z)
    assert (hits / trials - least) ** 2 * trials == pytest.approx(z * z * least * (1 - least), abs=1e-6)


@given(samples(), st.integers(2, 50))
def test_the_same_share_of_more_is_surer(sample, times):
    hits, trials = sample
    assert wilson_lower(hits * times, trials * times, 3.0) >= wilson_lower(hits, trials, 3.0) - 1e-12


def test_it_is_as_in_the_books():
    assert wilson_lower(10, 100, 1.96) == pytest.approx(0.0552, abs=1e-4)


def test_of_nothing_nothing_is_known():
    assert wilson_lower(0, 0, 3.0) == 0.0
