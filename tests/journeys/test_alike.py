"""Some minutes of the city on two live workers, with rules that change and figures that others make: a replay, a backtest, an explanation and an export say the same."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from benches import live
from benches.alike import AS_LONG, OF_FIGURES, START, Hour
from simulator.city import City
from streams.changes import history

PARTNERS, HOURS = 300, 0.25


@pytest.fixture
def hour(settings, tmp_path):
    found = settings.model_copy(update=AS_LONG | {"redis_url": ""})
    return Hour(found, tmp_path, City(PARTNERS, start=START, hours=HOURS, seed=7, share=0.3))


def verb(settings, *words):
    """`nudgeline ...`, as a process; what it printed."""
    done = subprocess.run([sys.executable, "-m", "commands.main", *words], cwd=live.ROOT, env=live.environment(settings), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def utc(moment):
    return datetime.fromtimestamp(moment, UTC).isoformat()


def test_live_replay_backtest_explanation_export_and_record_say_the_same(hour, tmp_path):
    lived = hour.live()
    assert hour.replayed() == lived
    assert hour.backtested() == lived
    changes = history(hour.settings)
    assert {d[5] for d in lived} - {""} == {change.version for change in changes}
    _assert_it_is_explained_by_the_set_and_the_figures_of_then(hour, lived)
    _assert_the_state_is_named_by_the_set_that_made_it(hour, lived, changes)
    _assert_the_record_is_a_test_with_figures_that_passes(hour, lived, {change.version: change.files for change in changes}, tmp_path)


def _assert_it_is_explained_by_the_set_and_the_figures_of_then(hour, lived):
    of_figures = sorted((d for d in lived if d[6] in OF_FIGURES and d[2] == "send"), key=lambda d: d[4])
    decision_id, _, _, _, at, version, rule, partner = of_figures[0]
    told = json.loads(verb(hour.settings, "explain", "--partner", partner, "--at", utc(at + 0.001), "--rule", rule, "--format", "json", "--back", "1h"))
    assert told["ruleset_version"] == version
    assert decision_id in {d["decision"]["decision_id"] for d in told["rules"][0]["decisions"]}
    assert [pair["note"] for pair in told["ledger"] if pair["ledger"]["decision_id"] == decision_id] == [""]


def _assert_the_state_is_named_by_the_set_that_made_it(hour, lived, changes):
    partner = next(iter(lived))[7]
    assert json.loads(verb(hour.settings, "partner", "export", partner))["state"]["ruleset_version"] == changes[-1].version


def _assert_the_record_is_a_test_with_figures_that_passes(hour, lived, files, tmp_path):
    _, _, _, _, at, version, rule, partner = min((d for d in lived if d[6] == "refused" and d[2] == "send"), key=lambda d: d[4])
    recorded = verb(hour.settings, "record", "--partner", partner, "--from", utc(at - 120), "--to", utc(at + 5), "--rule", rule)
    assert "zone_demand" in recorded.partition("timeline")[0]
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "recorded.yaml").write_text(recorded, encoding="utf-8")
    for name, text in files[version].items():
        (tmp_path / "rules" / name.replace("/", "-")).write_text(text, encoding="utf-8")
    verb(hour.settings, "test", str(tmp_path / "rules"), "-k", "recorded")
