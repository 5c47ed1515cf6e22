"""Windows hold exactly what they say."""

import operator
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments import since
from segments import windows as w
from segments.state import PartnerState

TIMES = st.lists(st.integers(0, 100_000).map(lambda n: 1.7e9 + n / 8), min_size=1, max_size=60)


def state(slots=1):
    return PartnerState("p", slots)


def arrivals(times):
    """Each time, and the newest that came by then."""
    return [(t, max(times[: i + 1])) for i, t in enumerate(times)]


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
    s = state()
    for t, now in arrivals(times):
        w.add_sample(s, 0, t, t, float(span), now)
    now = max(times)
    assert w.sliding(s.slots[0], float(span), now) == sorted(t for t in times if now < t + span)


@pytest.mark.parametrize(("outdoes", "of"), [(operator.le, min), (operator.ge, max)])
@given(times=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9)), min_size=1, max_size=40), span=st.integers(1, 200))
def test_the_least_and_the_most_are_exact_whatever_the_order_of_arrival(outdoes, of, times, span):
    v, now = [None], 0
    for number, (t, value) in enumerate(times):
        now = max(now, t)
        w.add_peak(v, 0, float(t), value, float(span), float(now), outdoes)
        seen = [x for at, x in times[: number + 1] if at <= now < at + span]
        assert w.peak(v[0], float(span), float(now)) == (of(seen) if seen else None)


def test_peaks_hold_only_what_can_still_matter():
    v = [None]
    for t in range(3000):
        w.add_peak(v, 0, float(t), -t % 100, 86400.0, float(t), operator.ge)
    assert v[0][1] == list(range(99, 0, -1))


def test_of_many_samples_the_newest_stay_and_the_others_are_counted(monkeypatch):
    monkeypatch.setattr(w, "MAX_SAMPLES", 3)
    s = state()
    for t in (1.0, 3.0, 2.0, 5.0, 4.0):
        w.add_sample(s, 0, t, t, 100.0, 5.0)
    assert (w.sliding(s.slots[0], 100.0, 5.0), s.dropped) == ([3.0, 4.0, 5.0], 2)


def test_what_has_left_its_window_is_no_drop(monkeypatch):
    monkeypatch.setattr(w, "MAX_SAMPLES", 3)
    s = state()
    for t in (1.0, 2.0, 3.0, 104.0, 105.0):
        w.add_sample(s, 0, t, t, 100.0, t)
    assert s.dropped == 0


def test_last_n_keeps_the_newest_by_event_time():
    v = [None]
    for t in (1.0, 3.0, 2.0, 4.0):
        w.add_newest(v, 0, t, t, 2)
    assert w.values(v[0]) == [3.0, 4.0]


def test_a_total_begins_anew_with_its_epoch():
    v = [None]
    for t, epoch in ((1.0, 0.0), (2.0, 0.0), (11.0, 10.0), (3.0, 10.0)):
        since.add_total(v, 0, t, 5, epoch)
    assert (since.total(v[0], 10.0, 1), since.total(v[0], 10.0, 2), since.total(v[0], 20.0, 1)) == (1, 5, 0)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.9, 5), (0.2, 1)])
def test_percentiles_are_nearest_rank(share, expected):
    assert w.percentile([5, 1, 4, 2, 3], share) == expected


def test_nothing_leaves_an_empty_window():
    assert w.first_leaves(None, 60.0, 0.0) == inf


def truth(of, to, least, bound, now):
    """Below, at or above the bound, or unknown: elements at whole seconds in a window of 100 s."""
    m, n = (sum(t <= now < t + 100 for t in times) for times in (of, to))
    return (m / n > bound) - (m / n < bound) if n >= least else None


@given(
    st.lists(st.tuples(st.integers(0, 99), st.booleans(), st.booleans()), min_size=1, max_size=60), st.integers(1, 8),
    st.sampled_from([0.0, 0.2, 0.28, 1 / 3, 0.5, 0.58, 0.6, 0.7, 1.0, 1.5]), st.booleans(),
)  # fmt: skip
def test_time_never_brings_a_ratio_to_the_other_side_before_it_is_looked_at(elements, least, bound, within):
    of = sorted(t for t, accepted, _ in elements if accepted)
    to = sorted(t for t, accepted, other in elements if (accepted and within) or other)
    now = max(t for t, _, _ in elements)
    looked = w.ratio_turns([float(t) for t in of], [float(t) for t in to], 100.0, least, bound, within, float(now))
    before = truth(of, to, least, bound, now)
    turns = next((t for t in range(now + 1, 201) if truth(of, to, least, bound, t) != before), inf)
    assert looked <= turns


@pytest.mark.parametrize(("m", "n", "bound"), [(29, 50, 0.58), (7, 25, 0.28), (14, 50, 0.28), (63, 90, 0.7)])
def test_a_ratio_that_stands_at_its_bound_is_looked_at_when_the_first_leaves_whatever_the_product_rounds_to(m, n, bound):
    to = [float(t) for t in range(n)]
    assert w.ratio_turns(to[n - m :], to, 1000.0, 3, bound, within=True, now=100.0) == 1000.0


def test_a_ratio_whose_older_events_a_ceiling_cut_is_not_looked_at_too_late():
    of = [float(t) for t in range(60)]
    to = of[30:]  # thirty of what is `of` were cut off `to`, the larger list
    assert w.ratio_turns(of, to, 1000.0, 3, 0.6, within=True, now=100.0) == of[41] + 1000.0  # 18 of 30


def test_a_ratio_far_from_its_bound_is_looked_at_when_enough_can_have_left():
    of = [float(t) for t in range(0, 100, 10)]
    to = sorted([*of, 5.0, 15.0])
    assert w.ratio_turns(of, to, 1000.0, 3, 0.6, within=True, now=100.0) == of[6] + 1000.0  # 3 of 5 are 60 %, and 4 of 6 are more
    assert w.ratio_turns(of, to, 1000.0, 3, 0.9, within=True, now=100.0) == to[0] + 1000.0  # 10 of 11 is more
    assert w.ratio_turns(of, to, 1000.0, 3, 0.95, within=True, now=100.0) == to[1] + 1000.0


def test_percentiles_since_an_epoch_begin_anew_with_it():
    s = state()
    for t, value, epoch in ((1.0, 5.0, 0.0), (2.0, None, 0.0), (10.0, 7.0, 10.0), (11.0, 7.0, 10.0)):
        since.add_any(s, 0, t, value, epoch)
    assert (since.kept(s.slots[0], 10.0), since.kept(s.slots[0], 0.0)) == ([7.0, 7.0], [])


def test_more_values_than_there_is_room_for_are_counted(monkeypatch):
    monkeypatch.setattr(since, "MAX_VALUES", 2)
    s = state(2)
    for value in (1, 2, 1, 3, 2, 4):
        since.add_value(s, 0, 1.0, value, 0.0)
        since.add_any(s, 1, 1.0, value, 0.0)
    assert (since.different(s.slots[0], 0.0), since.kept(s.slots[1], 0.0), s.dropped) == (2, [2, 4], 2 + 4)
