"""Workers are killed, stopped, joined and left; in the end everything is as if nothing had happened."""

from __future__ import annotations

import signal
from contextlib import ExitStack

from tests.journeys.shift import send, sending, shift, truth
from tests.journeys.workers import committed, finish, left_behind, until, working

EVENTS, PARTNERS = 60_000, 300


def test_a_run_that_nobody_disturbs_leaves_what_the_core_says(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    send(settings, events)
    finish(settings, tmp_path)
    assert left_behind(settings) == truth(settings, events)


def test_a_run_beside_its_producer_leaves_what_the_core_says(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    with working(settings, tmp_path), sending(settings, events):
        pass
    finish(settings, tmp_path)
    assert left_behind(settings) == truth(settings, events)


def test_a_worker_killed_again_and_again_loses_and_repeats_nothing(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    with sending(settings, events) as sender:
        while sender.is_alive():
            with working(settings, tmp_path) as worker:
                until(lambda worker=worker: worker.applied(5000) or not sender.is_alive(), "5,000 events applied")
    finish(settings, tmp_path)
    assert left_behind(settings) == truth(settings, events)


def test_when_one_of_two_workers_is_killed_the_other_goes_on_for_it(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    with working(settings, tmp_path / "a") as first, working(settings, tmp_path / "b") as second, sending(settings, events, per_s=4000):
        until(lambda: first.applied(2000) and second.applied(2000), "both at work")
        first.kill()
        until(lambda: len(second.stats()["partitions"]) == settings.partitions, "all partitions with the one that lives")
    finish(settings, tmp_path / "c")
    assert left_behind(settings) == truth(settings, events)


def test_workers_that_join_and_leave_in_mid_stream_move_the_state(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    with ExitStack() as stack, sending(settings, events, per_s=4000):
        first = stack.enter_context(working(settings, tmp_path / "a"))
        until(lambda: first.applied(5000), "the first at work")
        second = stack.enter_context(working(settings, tmp_path / "b"))
        until(lambda: second.applied(2000), "the second at work")
        first.signal(signal.SIGTERM)
        assert first.end() == 0, first.log()
        until(lambda: len(second.stats()["partitions"]) == settings.partitions, "all partitions with the second")
    finish(settings, tmp_path / "c")
    assert left_behind(settings) == truth(settings, events)


def test_a_worker_asleep_past_its_session_does_not_overwrite_its_successor(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    with working(settings, tmp_path / "a") as first, sending(settings, events, per_s=4000):
        until(lambda: first.applied(5000), "the first at work")
        first.signal(signal.SIGSTOP)
        with working(settings, tmp_path / "b") as second:
            until(lambda: second.applied(5000), "the second at work")
            first.signal(signal.SIGCONT)
            until(lambda: first.process.poll() is not None or second.applied(20_000), "the first awake")
    finish(settings, tmp_path / "c")
    assert left_behind(settings) == truth(settings, events)


def test_a_restart_with_a_backlog_counts_no_record_twice_and_commits_to_its_end(settings, tmp_path):
    """Faust of itself delivers the last record of each partition twice, and then commits one offset an interval."""
    events = list(shift(EVENTS, PARTNERS))
    send(settings, events[: EVENTS // 2])
    finish(settings, tmp_path)
    send(settings, events[EVENTS // 2 :])
    assert finish(settings, tmp_path).stats()["events"] == EVENTS // 2
    assert sum(committed(settings).values()) == EVENTS
    assert left_behind(settings) == truth(settings, events)


def test_sigterm_ends_a_worker_in_order(settings, tmp_path):
    send(settings, shift(5000, 100))
    with working(settings, tmp_path) as worker:
        until(lambda: worker.applied(5000), "all applied")
        worker.signal(signal.SIGTERM)
        assert worker.end(20) == 0
    assert sum(committed(settings).values()) == 5000


def test_a_worker_that_left_in_order_is_not_waited_for(settings, tmp_path):
    with working(settings, tmp_path / "a") as first, working(settings, tmp_path / "b") as second:
        until(lambda: first.stats().get("partitions") and second.stats().get("partitions"), "both in the group")
        first.signal(signal.SIGTERM)
        first.end()
        until(lambda: len(second.stats()["partitions"]) == settings.partitions, "all with the second", settings.session_timeout / 2)
