"""When a pause holds, and since when rules count that were paused."""

import time
from types import SimpleNamespace

import pytest

from rulebook.loader import load_texts
from streams.changes import LEAD, change
from streams.crowd.guards import Trip
from streams.errors import RulesRefused
from streams.halting import GRID, moment, resumed, timely
from tests.training_rules.town import MESSAGES, nudge

FILES = {}
RUN = {"a.yaml": "version: 1\nnudges:\n" + nudge("a") + nudge("b", priority="20") + MESSAGES}
VERSION = load_texts(RUN)[0].version


def trip(at, version=VERSION, rule="b"):
    return Trip(rule, "max_share", 0.5, 0.2, 50, 100, 3600.0, at, version)


def test_what_was_counted_before_the_last_change_says_nothing_of_what_runs():
    known = [change(VERSION, RUN, 100.0)]
    assert (timely(trip(100.0), known, {}), timely(trip(101.0), known, {})) == (False, True)


def test_several_rules_can_pause_themselves_by_the_same_counts():
    pushed, halted = change(VERSION, RUN, 100.0), change("with a paused", RUN, 120.0, verb="pause", paused=["a"], guard={"rule": "a"})
    assert timely(trip(110.0), [pushed, halted], {})
    assert timely(trip(110.0), [halted], RUN)
    assert timely(trip(130.0, "with a paused"), [pushed, halted], {})


def test_a_set_that_was_not_put_in_force_last_can_not_be_paused():
    with pytest.raises(RulesRefused, match="other rules run"):
        timely(trip(110.0, "another"), [change(VERSION, RUN, 100.0)], {})
    with pytest.raises(RulesRefused, match="other rules run"):
        timely(trip(110.0, "another"), [], RUN)


def test_while_a_change_is_to_come_that_a_rule_is_to_pause_is_said():
    with pytest.raises(RulesRefused, match="the last change holds only from"):
        timely(trip(110.0), [change(VERSION, RUN, time.time() + 3600)], {})


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
