"""Windows hold exactly what they say."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments import windows as w

TIMES = st.lists(st.integers(0, 100_000).map(lambda n: 1.7e9 + n / 8), min_size=1, max_size=60)


def test_an_element_leaves_exactly_its_span_after_it_happened():
    v = [[100.0]]
    assert (w.alive(v[0], 60.0, 159.999), w.alive(v[0], 60.0, 160.0)) == (1, 0)


@given(TIMES, st.integers(1, 20_000))
def test_a_count_equals_a_plain_count_whatever_the_order_of_arrival(times, span):
    v = [None]
    for t in times:
        w.add_time(v, 0, t, float(span))
    now = max(times)
    assert w.alive(v[0], float(span), now) == sum(t <= now < t + span for t in times)


@given(TIMES, st.integers(1, 20_000))
def test_samples_are_those_in_the_window_in_order_of_time(times, span):
    v = [None]
    for t in times:
        w.add_sample(v, 0, t, t, 1000)
    now = max(times)
    assert w.sliding(v[0], float(span), now) == sorted(t for t in times if now < t + span)


@given(TIMES)
def test_a_bucketed_count_never_misses_an_element_and_keeps_none_longer_than_a_128th_too_long(times):
    span, v = 6400.0, [None]
    for t in sorted(times):
        w.add_bucket(v, 0, t, 1, span, None)
    now = max(times)
    count = w.bucket_count(v[0], span, now)
    assert sum(now < t + span for t in times) <= count <= sum(now < t + span * (1 + 1 / 128) for t in times)


def test_last_n_keeps_the_newest_by_event_time():
    v = [None]
    for t in (1.0, 3.0, 2.0, 4.0):
        w.add_sample(v, 0, t, t, 2)
    assert w.values(v[0]) == [3.0, 4.0]


def test_a_total_begins_anew_with_its_epoch():
    v = [None]
    for t, epoch in ((1.0, 0.0), (2.0, 0.0), (11.0, 10.0), (3.0, 10.0)):
        w.add_total(v, 0, t, 5, epoch)
    assert (w.total(v[0], 10.0, 1), w.total(v[0], 10.0, 2), w.total(v[0], 20.0, 1)) == (1, 5, 0)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.9, 5), (0.2, 1)])
def test_percentiles_are_nearest_rank(share, expected):
    assert w.percentile([5, 1, 4, 2, 3], share) == expected


def test_nothing_leaves_an_empty_window():
    assert w.first_leaves(None, 60.0, 0.0) == inf


def test_percentiles_since_an_epoch_begin_anew_with_it():
    v = [None]
    for t, value, epoch in ((1.0, 5.0, 0.0), (2.0, None, 0.0), (10.0, 7.0, 10.0), (11.0, 7.0, 10.0)):
        w.add_any(v, 0, t, value, epoch)
    assert (w.kept(v[0], 10.0), w.kept(v[0], 0.0)) == ([7.0, 7.0], [])
