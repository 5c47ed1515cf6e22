"""Several workers under one supervisor: one is killed, all are told to end; nothing is lost, and nothing is done twice."""

import os
import signal
import time
from pathlib import Path

from tests.journeys.shift import send, sending, shift, truth
from tests.journeys.workers import committed, finish, left_behind, until, working

EVENTS, PARTNERS = 60_000, 300
TWO = ("--processes", "2")


def children(worker):
    """Pids of a supervisor's workers."""
    pid = worker.process.pid
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def shares(worker):
    """How many partitions each worker has, by the last line of each."""
    from streams.tally import last_line

    lines = [last_line(worker.stats_file.with_name(f"{worker.stats_file.name}.{n}")) for n in (1, 2)]
    return [len(line["partitions"]) for line in lines if line is not None]


def test_two_processes_apply_all_that_lies_there_and_end_together(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    send(settings, events)
    with working(settings, tmp_path, "--until-caught-up", *TWO) as worker:
        assert worker.end() == 0, worker.log()
    assert worker.stats()["applied"] == EVENTS
    assert sum(committed(settings).values()) == EVENTS
    assert left_behind(settings) == truth(settings, events)


def test_a_worker_that_is_killed_comes_back_and_the_group_goes_on(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    with working(settings, tmp_path / "a", *TWO) as worker, sending(settings, events, per_s=4000):
        until(lambda: worker.applied(4000) and shares(worker) == [2, 2], "both at work")
        killed = children(worker)[0]
        os.kill(killed, signal.SIGKILL)
        until(lambda: worker.stats()["restarts"] == 1 and len(children(worker)) == 2 and killed not in children(worker), "a new one in its place")
        until(lambda: shares(worker) == [2, 2], "both at work again")
    finish(settings, tmp_path / "b")
    assert left_behind(settings) == truth(settings, events)


def test_after_sigterm_under_load_the_next_start_replays_nothing(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    with sending(settings, events, per_s=6000):
        with working(settings, tmp_path / "a", *TWO) as worker:
            until(lambda: worker.applied(10_000) and len(shares(worker)) == 2, "both at work")
            worker.signal(signal.SIGTERM)
            assert worker.end(2 * settings.drain_timeout) == 0, worker.log()  # 3 where one was cut off
        done = worker.stats()["applied"]
        assert sum(committed(settings).values()) == done < EVENTS
    later = finish(settings, tmp_path / "b").stats()
    assert (done + later["applied"], later["events"]) == (EVENTS, EVENTS - done)
    assert left_behind(settings) == truth(settings, events)


def test_no_worker_outlives_a_supervisor_that_is_killed(settings, tmp_path):
    with working(settings, tmp_path, *TWO) as worker:
        pids = until(lambda: len(found := children(worker)) == 2 and found, "both there")
        worker.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "all gone", 10)


def test_a_fault_of_the_settings_is_said_once_and_starts_nothing(settings, tmp_path):
    began = time.monotonic()
    with working(settings.model_copy(update={"brokers": "127.0.0.1:1"}), tmp_path, *TWO) as worker:
        assert worker.end() == 1
    assert worker.log().count("no Kafka answers") == 1
    assert time.monotonic() - began < 20
