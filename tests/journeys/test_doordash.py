"""The food deliveries through Kafka: every driver with three deliveries of over an hour in a day is told, and no other."""

from pathlib import Path

from simulator.replay import open_source, replay
from tests.journeys.expected_doordash import slow_events
from tests.journeys.workers import values, working

RULES = Path(__file__).parent / "rules" / "doordash_slow.yaml"


def test_the_deliveries_told_of_are_those_that_plain_pandas_finds(settings, recording, tmp_path):
    folder = recording("doordash_like")
    replay(open_source(folder), settings)
    with working(settings, tmp_path, "--until-caught-up", rules_file=RULES) as worker:
        assert worker.end() == 0, worker.log()
    sent = {
        decision["nudge_id"]: tuple(decision["evidence"]["events"])
        for decision in values(settings, "decisions")
        if decision["verdict"] == "send"
    }
    told = [sent[nudge["nudge_id"]] for nudge in values(settings, "nudges")]
    assert sorted(told) == sorted(slow_events(folder))
