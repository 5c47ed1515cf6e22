"""The peers beside the yardstick: they know its rules, their answers are checked, and who cannot run is left out in words."""

import json
import re
from pathlib import Path

import pytest

from benches import report, yard
from benches.peers import engines, programs, trial
from benches.peers.__main__ import compared, medians
from benches.peers.python import step
from benches.peers.python.job import Meter

PYTHON = sorted(Path(step.__file__).parent.glob("*.txt"))
FAST = {"events_per_s": 200, "events_per_cpu_s": 100, "events_per_running_cpu_s": 125, "rss_mb": 10}


def test_the_step_that_python_peers_share_gives_the_answer(tmp_path):
    file = tmp_path / "events"
    yard.stream(file, 20_000, 50, 3)
    partners, said = {}, []
    for line in file.read_bytes().splitlines():
        who, value = line.split(b"\t", 1)
        event, partner = json.loads(value), partners.setdefault(who.decode(), step.new())
        said += [{"partner": who.decode(), "what": what, "event_id": event["event_id"]} for what in step.step(partner, event)]
    assert trial.outcome(said) == (yard.answer(file), 0)


def test_an_output_that_came_twice_counts_once():
    nudge = {"partner": "p", "what": "Y4:o1", "event_id": "e"}
    once, repeated = trial.outcome([nudge, nudge])
    assert (once, repeated) == (trial.outcome([nudge])[0], 1)
    assert once.counts == {"Y4": 1}


def test_engines_are_chosen_by_name():
    assert [engine.name for engine in engines.chosen(["flink", "quix"])] == ["flink", "quix"]


def test_a_name_that_is_no_engine_is_refused():
    with pytest.raises(SystemExit, match="no engine is called 'spark'; there are faust"):
        engines.chosen(["spark"])


def test_peers_on_the_jvm_are_left_out_in_words_where_there_is_no_maven(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(programs.NotHere, match="mvn and javac and java not on PATH: a JDK of 17 or newer and Maven are needed"):
        programs.command(engines.chosen(["flink"])[0])


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: p.stem)
def test_requirements_of_peers_are_pinned(path):
    wanted = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert wanted
    assert [line for line in wanted if not re.fullmatch(r"[a-z-]+==[0-9.]+", line)] == []


@pytest.mark.parametrize("engine", engines.ENGINES, ids=lambda e: e.name)
def test_the_version_that_is_told_is_the_one_that_runs(engine):
    told = re.search(r"\d+\.[\d.]*\d", engine.title)[0]
    pins = programs.HERE / ("jvm/pom.xml" if engine.on_jvm else f"python/{engine.program}.txt")
    assert re.search(rf"(==|<kafka>|<flink>){re.escape(told)}", pins.read_text())


def test_a_meter_ends_with_the_last_event():
    meter = Meter(2)
    meter.begin()
    assert [meter.event(), meter.event(), meter.event()] == [False, True, False]


def test_a_peer_that_did_not_see_all_events_reports_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("PEER_REPORT", str(tmp_path / "report"))
    meter = Meter(2)
    meter.event()
    with pytest.raises(RuntimeError, match="1 of 2 events were seen"):
        meter.report()
    assert not (tmp_path / "report").exists()


def test_medians_leave_out_runs_that_failed():
    found = medians([FAST, {"failed": "it did"}, {**FAST, "events_per_s": 400}])
    assert (found["events_per_s"], found["events_per_s_span"]) == (300, [200, 400])


def test_ratios_are_to_ours():
    assert compared({"events_per_s": 50, "events_per_cpu_s": 50, "events_per_running_cpu_s": 50}, FAST)["events_per_s_ratio"] == 0.25


def test_the_table_says_who_failed_and_who_was_left_out():
    rows = [{"title": "a", "durable": "b", "events": 5, **medians([FAST])}, {"title": "c", "durable": "d", "events": 5}]
    text = report.peers({"engines": rows, "rounds": 1, "partners": 7, "not_run": {"flink": "mvn not on PATH"}})
    assert "| a | b | 5 | 200 (200–200) | 100 (100–100) | 125 | 1 | 1 | 1 | 10 |" in text
    assert "| c | d | 5 | failed |" in text
    assert "Not run: flink (mvn not on PATH)." in text


def test_a_bench_without_a_result_says_how_to_get_one(tmp_path):
    assert report.shown("peers", tmp_path) == "No result is kept here yet: `python -m benches.peers` writes it."
