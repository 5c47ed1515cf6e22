"""A partner is explained and recorded from what a worker left in Kafka: the changelog, the topics and the ledger say the same."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest
from kafka import KafkaAdminClient, TopicPartition

from streams.history import history
from streams.partitioner import by_murmur2
from tests.journeys.shift import RULES, send, shift
from tests.journeys.workers import ROOT, environment, finish, values

EVENTS, PARTNERS = 3000, 12
BY_POLICY = ("send", "ghost", "shadow", "hold")


def verb(settings, *words):
    """`nudgeline ...`, as a process."""
    command = [sys.executable, "-m", "commands.main", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environment(settings), capture_output=True, text=True, timeout=60, check=False)


def explained(settings, who, *words):
    """The explanation as data."""
    done = verb(settings, "explain", "--partner", who, "--bootstrap", settings.brokers, "--format", "json", "--back", "30d", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def left(settings, tmp_path):
    """Settings, the events, and the ledger of the partner with the most decisions, after a worker has read all."""
    settings, events = settings.model_copy(update={"rules": [RULES]}), list(shift(EVENTS, PARTNERS))
    send(settings, events)
    finish(settings, tmp_path)
    ledger = [d for d in values(settings, "decisions") if d["verdict"] in BY_POLICY]
    who, _ = Counter(d["partner_id"] for d in ledger).most_common(1)[0]
    return settings, events, who, sorted((d for d in ledger if d["partner_id"] == who), key=lambda d: d["decided_at"])


def utc(moment):
    return datetime.fromtimestamp(moment, UTC).isoformat()


def decisions(told):
    return {d["decision"]["decision_id"]: d["decision"] for rule in told["rules"] for d in rule["decisions"] if d["decision"]["verdict"] in BY_POLICY}


def test_state_topics_and_ledger_tell_the_same_story(left, tmp_path):
    settings, events, who, ledger = left
    _assert_the_state_is_explained_beside_the_ledger(settings, who, ledger)
    _assert_the_topics_come_to_what_the_ledger_says(settings, who, ledger)
    _assert_the_past_knows_nothing_of_what_came_later(settings, who, ledger)
    _assert_the_record_is_a_test_that_passes(settings, who, ledger, tmp_path)
    _assert_what_can_not_be_explained_is_one_sentence(settings, who, events)
    _assert_it_is_said_what_is_gone(settings, who)


def _assert_the_state_is_explained_beside_the_ledger(settings, who, ledger):
    now = explained(settings, who)
    assert (now["source"], now["replayed"]) == ("the state as last committed", False)
    assert [pair["ledger"]["decision_id"] for pair in now["ledger"]] == [d["decision_id"] for d in ledger]
    sent = {nudge["rule"]: nudge for nudge in values(settings, "nudges") if nudge["partner_id"] == who}
    assert sent
    assert {r["name"]: r["words"]["body"] for r in now["rules"] if r["words"]["body"]} == {rule: nudge["body"] for rule, nudge in sent.items()}
    exported = json.loads(verb(settings, "partner", "export", who, "--bootstrap", settings.brokers).stdout)["state"]
    assert (now["segments"], now["state_at"]) == (exported["segments"], exported["now"])


def _assert_the_topics_come_to_what_the_ledger_says(settings, who, ledger):
    again = explained(settings, who, "--replay")
    assert [pair["note"] for pair in again["ledger"]] == [""] * len(ledger)
    assert decisions(again) == {d["decision_id"]: d for d in ledger}
    held = [d for rule in again["rules"] for d in rule["decisions"] if d["decision"]["verdict"] == "hold"]
    assert held
    assert all(d["gates"][0]["reason"] == d["decision"]["reason"] for d in held if d["decision"]["reason"] != "lower_priority")


def _assert_the_past_knows_nothing_of_what_came_later(settings, who, ledger):
    middle = ledger[len(ledger) // 2]["decided_at"]
    past = explained(settings, who, "--at", utc(middle))
    assert set(decisions(past)) == {d["decision_id"] for d in ledger if d["decided_at"] <= middle}


def _assert_the_record_is_a_test_that_passes(settings, who, ledger, tmp_path):
    sent, out = next(d for d in ledger if d["verdict"] == "send"), tmp_path / "recorded.yaml"
    stretch = ["--from", utc(sent["decided_at"] - 1800), "--to", utc(sent["decided_at"] + 60)]
    recorded = verb(settings, "record", "--partner", who, *stretch, "--rule", sent["rule"], "--out", out, "--bootstrap", settings.brokers)
    assert recorded.returncode == 0, recorded.stderr
    assert f"nudge: {sent['rule']}" in out.read_text()
    assert who not in out.read_text()
    tested = verb(settings, "test", RULES, out)
    assert tested.returncode == 0, tested.stdout


def _assert_what_can_not_be_explained_is_one_sentence(settings, who, events):
    for words, said in ((("nobody",), "no state is kept of a partner 'nobody'"), ((who, "--at", utc(events[0]["occurred_at"] - 60)), "before the first event")):
        done = verb(settings, "explain", "--partner", *words, "--bootstrap", settings.brokers)
        assert (done.returncode, done.stdout, said in done.stderr) == (1, "", True), done.stderr




def _assert_it_is_said_what_is_gone(settings, who):
    """Retention has taken the oldest positions away."""
    admin, topic = KafkaAdminClient(**settings.kafka_client()), settings.sources["gps"]
    admin.delete_records({TopicPartition(topic, number): 5 for number in range(settings.partitions)})
    admin.close()
    assert f"the beginning is gone of {topic}: counts of before are too low here" in explained(settings, who, "--replay")["notes"]


def test_all_events_of_a_partition_come_in_order_however_little_is_held(settings, monkeypatch):
    monkeypatch.setattr("streams.history.FEW", 20)
    monkeypatch.setattr("streams.history.MOST", 50)
    events = list(shift(EVENTS, PARTNERS))
    send(settings, events)
    with history(settings, "P00001") as past:
        read = [event.event_id for event in past.events()]
    assert read == [e["event_id"] for e in events if by_murmur2(e["partner_id"].encode(), settings.partitions) == past.retained.partition]
    assert past.done == 1.0
