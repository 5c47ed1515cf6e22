"""`nudgeline tap` on a real Kafka."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from kafka import KafkaProducer

from commands.main import main
from commands.tap import _short
from tests.journeys.workers import ROOT, environment

DECIDED = 1_772_445_600.0


def decision(number, **fields):
    return {"type": "decision", "partner_id": f"p{number % 3}", "rule": "r", "verdict": "hold", "decided_at": DECIDED + number} | fields


@pytest.fixture
def filled(settings):
    """Ten decisions, one tombstone and one record that is no JSON, over all partitions."""
    producer = KafkaProducer(bootstrap_servers=settings.brokers)
    for number in range(10):
        producer.send(settings.topic("decisions"), json.dumps(decision(number)).encode(), key=b"p%d" % (number % 3), timestamp_ms=int((DECIDED + number) * 1000))
    producer.send(settings.topic("decisions"), b"nonsense", key=b"x", timestamp_ms=int((DECIDED + 20) * 1000))
    producer.send(settings.topic("decisions"), None, key=b"x", timestamp_ms=int((DECIDED + 20) * 1000))
    producer.close()
    return settings


@pytest.fixture
def tap(filled, monkeypatch, capsys):
    for name, value in environment(filled).items():
        monkeypatch.setenv(name, value)

    def call(*words):
        words = ["tap", *map(str, words)]
        monkeypatch.setattr("sys.argv", ["nudgeline", *words])
        with pytest.raises(SystemExit) as ended:
            main(words)
        return int(ended.value.code or 0), *capsys.readouterr()

    return call


def test_every_record_is_a_line_whatever_it_holds(tap):
    status, out, _ = tap("decisions")
    assert (status, len(out.splitlines())) == (0, 12)
    assert sum(line.startswith("{") for line in out.splitlines()) == 10
    assert {"nonsense", "null"} < set(out.splitlines())


def test_records_of_one_partner_in_their_order(tap):
    _, out, _ = tap("decisions", "--partner", "p1")
    assert [json.loads(line)["decided_at"] - DECIDED for line in out.splitlines()] == [1, 4, 7]


def test_a_stretch_of_time_is_cut_by_when_records_were_written(tap):
    _, out, _ = tap("decisions", "--from", "2026-03-02T10:00:03Z", "--until", "2026-03-02T10:00:06Z")
    assert {json.loads(line)["decided_at"] - DECIDED for line in out.splitlines()} == {3, 4, 5}


def test_parquet_holds_what_the_lines_hold(tap, tmp_path):
    assert tap("decisions", "--parquet", tmp_path / "d.parquet")[0] == 0
    assert sorted(pd.read_parquet(tmp_path / "d.parquet")["decided_at"].astype("int64") // 10**6) == [DECIDED + n for n in range(10)]


def test_a_table_shows_the_fields_that_people_read(tap):
    _, out, _ = tap("decisions", "--table", "--where", "verdict=hold", "--count", 2)
    assert "partner_id" in out
    assert out.count("hold") == 2


@pytest.mark.parametrize("text", ["a\\[/x]", "hi \\[b]", "[red]not red[/red]", "half \ud800"])
def test_a_cell_says_what_was_said(text):
    assert _short(text).plain == text.replace("\ud800", "\\ud800")


def test_originals_of_dead_letters_are_written_byte_by_byte(tap, filled, tmp_path):
    producer = KafkaProducer(bootstrap_servers=filled.brokers)
    producer.send(filled.topic("dead.letters"), json.dumps({"topic": "t", "partition": 0, "offset": 7, "original_base64": "AP8="}).encode())
    producer.close()
    assert tap("dead.letters", "--originals", tmp_path / "o")[0] == 0
    assert (tmp_path / "o" / "t-0-7").read_bytes() == b"\x00\xff"


def test_an_empty_topic_is_read_to_its_end(tap):
    assert tap("nudges")[:2] == (0, "")


def test_a_topic_that_is_not_there_is_one_sentence(tap, monkeypatch):
    monkeypatch.setenv("NUDGELINE_TOPIC_PREFIX", "nowhere-")
    status, _, err = tap("nudges")
    assert (status, len(err.splitlines())) == (1, 1)
    assert "there is no topic nowhere-nudges" in err


def test_following_shows_what_comes_and_ends_quietly_when_nobody_reads_on(filled):
    command = [sys.executable, "-m", "commands.main", "tap", "decisions", "--follow", "--partner", "p1"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | environment(filled), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert [json.loads(process.stdout.readline())["decided_at"] - DECIDED for _ in range(3)] == [1, 4, 7]
        process.stdout.close()
        producer = KafkaProducer(bootstrap_servers=filled.brokers)
        producer.send(filled.topic("decisions"), json.dumps(decision(1)).encode(), key=b"p1")
        producer.close()
        assert process.wait(20) == 1
        assert process.stderr.read() == b""
