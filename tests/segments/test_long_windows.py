"""Windows longer than a day: exact while few, then in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments import long_windows as w

DAY, SPAN = 86_400.0, 172_800.0
PART = SPAN / w.BUCKETS


def filled(times, span=SPAN, *, summed=True):
    v, now = [None], times[0]
    for t in times:
        now = max(now, t)
        w.add_long(v, 0, t, 1, span, now, summed=summed)
    return v


@given(st.lists(st.integers(0, 300_000).map(lambda n: 1.7e9 + n), min_size=1, max_size=60))
def test_a_few_elements_are_counted_exactly_whatever_the_order_of_arrival(times):
    v, now = filled(times), max(times)
    exact = sum(t <= now < t + SPAN for t in times)
    assert (w.long_count(v[0], SPAN, now), w.long_sum(v[0], SPAN, now)) == (exact, exact)


def test_up_to_256_elements_are_exact_to_the_moment():
    v = filled([float(i) for i in range(256)])
    assert [w.long_count(v[0], SPAN, SPAN + at) for at in (-0.001, 0.0, 254.5, 255.0)] == [256, 255, 1, 0]


@pytest.mark.parametrize("summed", [True, False])
def test_of_more_elements_none_leaves_early_and_none_later_than_a_128th(summed):
    times = [i * 300.0 for i in range(600)]
    v, now = filled(times, summed=summed), times[-1]
    while now < times[-1] + SPAN + 2 * PART:
        count = w.long_count(v[0], SPAN, now)
        assert sum(now < t + SPAN for t in times) <= count <= sum(now < t + SPAN + PART for t in times)
        now += 97.0


def test_the_257th_that_is_in_the_window_makes_the_difference():
    v = filled([*(float(i) for i in range(200)), *(SPAN + 500.0 + i for i in range(256))])
    assert v[0][0] is None


def test_an_empty_window_is_exact_again():
    v = filled([float(i) for i in range(300)])
    assert v[0][0] is not None
    w.add_long(v, 0, 3 * SPAN, 1, SPAN, 3 * SPAN, summed=True)
    assert (v[0], w.first_long_leaves(v[0], SPAN, 3 * SPAN)) == ([None, [3 * SPAN], [1]], 4 * SPAN)


def test_sums_and_averages_are_kept_in_parts_too():
    v = [None]
    for i in range(400):
        w.add_long(v, 0, float(i), i % 2, SPAN, float(i), summed=True)
    assert (w.long_sum(v[0], SPAN, 400.0), w.long_average(v[0], SPAN, 400.0), w.newest_long(v[0])) == (200, 0.5, 399.0)
