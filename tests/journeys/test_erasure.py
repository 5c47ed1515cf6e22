"""Partners are erased while a worker runs, is killed, and another goes on: one is gone everywhere, one begins anew, all others are as if nothing had been."""

import json
import subprocess
import sys

import pytest

from streams.app import changelog
from streams.views import ViewReader
from tests.journeys.shift import send, shift, truth
from tests.journeys.workers import ROOT, environment, finish, left_behind, records, until, working

EVENTS, PARTNERS = 4000, 30
GONE, ANEW = "P00003", "P00004"


def verb(settings, *words):
    """`nudgeline partner ...`, as a process."""
    command = [sys.executable, "-m", "commands.main", "partner", *words, "--bootstrap", settings.brokers]
    return subprocess.run(command, cwd=ROOT, env=environment(settings), capture_output=True, text=True, timeout=60, check=False)


def rules_of(settings):
    from tests.journeys.shift import RULES

    return settings.model_copy(update={"rules": [RULES], "features_every": 0.0})


@pytest.fixture
def story(settings, tmp_path):
    """Half of the events, two erasures, a kill as soon as one of them was seen, the other half without the partner who is gone."""
    settings, everything = rules_of(settings), list(shift(EVENTS, PARTNERS))
    before, after = everything[: EVENTS // 2], [e for e in everything[EVENTS // 2 :] if e["partner_id"] != GONE]
    send(settings, before)
    with working(settings, tmp_path) as worker:
        until(lambda: worker.applied(len(before)), "the first half applied")
        exported = verb(settings, "export", ANEW)
        for who in (GONE, ANEW):
            assert verb(settings, "erase", who, "--yes").returncode == 0
        until(lambda: worker.stats()["erased"], "an erasure seen")
        worker.kill()
    with working(settings, tmp_path) as worker:
        until(lambda: worker.stats().get("erased", 0) >= 2, "both erased")
        send(settings, after)
        until(lambda: not any(p["erased"] for p in worker.stats()["partitions"].values()), "nothing more kept of who is gone")
    finish(settings, tmp_path)
    return settings, before, after, exported


def test_who_is_erased_is_gone_everywhere_or_begins_anew_and_nobody_else_notices(story):
    settings, before, after, exported = story
    others = [e for e in before if e["partner_id"] not in (GONE, ANEW)] + after
    found, expected, former = left_behind(settings), truth(settings, others), truth(settings, before)
    assert GONE not in found.states
    assert found.states[ANEW].pop("profile_at") > 0
    del expected.states[ANEW]["profile_at"]
    assert list(found.states[ANEW].pop("context")) == ["erased"]  # when that was, for what comes late of before
    assert not expected.states[ANEW].pop("context")
    assert found.states == expected.states
    assert found.nudge_ids == expected.nudge_ids | former.nudge_ids
    _assert_gone_from_kafka_and_redis(settings)
    _assert_export_tells(settings, exported, former)


def _assert_gone_from_kafka_and_redis(settings):
    for topic in (changelog(settings), settings.topic("partner.features")):
        assert [r.value for r in records(settings, topic) if r.key == GONE.encode()][-1] is None
    reader = ViewReader(settings)
    assert (reader.partner(GONE), reader.inbox(GONE)) == (None, [])
    assert all(GONE not in reader.members(segment) for segment in reader.segments())
    assert reader.partner(ANEW) is not None
    reader.close()


def _assert_export_tells(settings, exported, former):
    told = json.loads(exported.stdout)
    assert told["state"]["slots"] == json.loads(json.dumps(former.states[ANEW]["slots"]))
    assert {"segments", "features", "applied"} < set(told["state"])
    assert told["redis"]["partner"]["features"] == told["state"]["features"]
    nothing = verb(settings, "export", GONE)
    assert (nothing.returncode, nothing.stdout) == (1, "")


def test_an_erasure_is_asked_for_only_after_a_yes(settings):
    refused = verb(rules_of(settings), "erase", GONE)
    assert refused.returncode == 1
    assert "Erase?" in refused.stderr
    assert records(settings, settings.sources["profile"]) == []
