"""When a pause holds, and since when rules count that were paused."""

import time
from types import SimpleNamespace

from streams.changes import LEAD, change
from streams.halting import GRID, moment, resumed

FILES = {}


def test_two_who_pause_at_once_mean_the_same_moment_and_all_can_have_it_by_then():
    before = time.time()
    found = moment(None)
    assert found % GRID == 0
    assert before + LEAD <= found <= time.time() + LEAD + GRID


def test_a_pause_follows_the_last_change():
    last = SimpleNamespace(occurred_at=time.time() + 100)
    assert moment(last) > last.occurred_at


def changes(*paused):
    return [change(str(n), FILES, float(n), paused=list(rules)) for n, rules in enumerate(paused)]


def test_rules_count_from_the_last_time_that_they_were_resumed():
    assert resumed(changes("", "a", "ab", "b", "ab", "")) == {"a": 5.0, "b": 5.0}
    assert resumed(changes("a", "", "")) == {"a": 1.0}


def test_what_was_never_paused_counts_from_the_beginning():
    assert resumed(changes("", "a")) == {}
