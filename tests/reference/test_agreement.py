"""The compiled engine and the reference agree. `python -m benches.agree` tries ten thousand; here are some for every day."""

from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from segments import long_windows, since, windows
from tests.reference import partner, silences
from tests.reference.agreement import differences, drawn, engine
from tests.reference.interpreter import Contradiction


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_the_engine_and_the_reference_decide_the_same(r):
    text, line = drawn(r)
    try:
        found = differences(text, line)
    except Contradiction:
        assume(False)
    assert not found, "\n".join([text, *map(str, line.events), *found])


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_they_decide_the_same_where_windows_hold_more_than_they_have_room_for(r):
    with pytest.MonkeyPatch.context() as few:
        for module, name in ((windows, "MAX_SAMPLES"), (since, "MAX_VALUES"), (partner, "MOST")):
            few.setattr(module, name, 3)
        for module, name in ((long_windows, "MAX_EXACT"), (partner, "FEW")):
            few.setattr(module, name, 2)
        text, line = drawn(r)
        try:
            found = differences(text, line)
        except Contradiction:
            assume(False)
    assert not found, "\n".join([text, *map(str, line.events), *found])


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_they_decide_the_same_about_silences_and_work_safe_delivery(r):
    text, line = silences.drawn(r)
    try:
        found = differences(text, line)
    except Contradiction:
        assume(False)
    assert not found, "\n".join([text, *map(str, line.events), *found])


def test_random_silences_are_broken_and_what_waits_goes_or_is_held():
    told = [o for seed in range(150) for o in engine(*silences.drawn(Random(seed)))]
    assert {"recalled", "withdrawn"} <= {kind for kind, *_ in told}
    assert {"not_safe_now", "expired", "stale"} <= {o[5] for o in told if o[0] == "decision"}


def test_the_random_cases_decide_something():
    kinds = {kind for seed in range(200) for kind, *_ in engine(*drawn(Random(seed)))}
    assert kinds == {"transition", "decision", "nudge", "episode", "late"}


def test_a_wrong_engine_is_noticed(monkeypatch):
    """The comparison can fail: an engine that takes every window for empty is found out."""
    monkeypatch.setattr("segments.windows.ratio", lambda of, to, samples: None)
    monkeypatch.setattr("segments.windows.alive", lambda w, span, now: 0)
    assert any(_found(seed) for seed in range(150))


def _found(seed):
    try:
        return differences(*drawn(Random(seed)))
    except Contradiction:
        return []


def test_an_engine_that_is_deaf_to_figures_is_noticed(monkeypatch):
    monkeypatch.setattr("segments.crowd.Crowd.take", lambda *_: [])
    assert any(_found(seed) for seed in range(99, 112))
