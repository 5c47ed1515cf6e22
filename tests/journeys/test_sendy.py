"""Sendy through Kafka: every order that waited half an hour for its pick-up is told, and no other."""

from pathlib import Path

from simulator.replay import open_source, replay
from tests.journeys.expected_sendy import stuck_arrivals, stuck_orders
from tests.journeys.workers import until, values, working

RULES = Path(__file__).parent / "rules" / "sendy_stuck.yaml"


def test_the_orders_told_are_those_that_plain_pandas_finds(settings, recording, tmp_path):
    folder = recording("sendy")
    replay(open_source(folder), settings)
    with working(settings, tmp_path, "--until-caught-up", rules_file=RULES) as worker:
        assert worker.end() == 0, worker.log()
    told = [nudge["cause"].removeprefix("sendy-").removesuffix("-arrived") for nudge in values(settings, "nudges")]
    assert sorted(told) == sorted(stuck_orders(folder))


def test_they_are_the_same_when_the_worker_runs_beside_the_replay(settings, recording, tmp_path):
    folder = recording("sendy")
    with working(settings, tmp_path, rules_file=RULES) as early:
        until(lambda: len(early.stats().get("partitions", ())) == settings.partitions, "all partitions with the worker")
        sent = replay(open_source(folder), settings)
        until(lambda: early.applied(sent.events), "all events applied")
    with working(settings, tmp_path, "--until-caught-up", rules_file=RULES) as worker:
        assert worker.end() == 0, worker.log()
    told = {nudge["nudge_id"]: nudge["cause"] for nudge in values(settings, "nudges")}
    assert sorted(told.values()) == sorted(stuck_arrivals(folder))
