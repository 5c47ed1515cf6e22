import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands.main import main

Run = Callable[..., int]
LOGIN = '{"type":"logged_in","event_id":"e1","partner_id":"p","occurred_at":1700000000}\n'
WRONG = '{"type":"logged_in","event_id":"e2","partner_id":"p"}\n'


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file with one good and one bad line."""
    path = tmp_path / "events.ndjson"
    path.write_text(LOGIN + WRONG)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The exit status of `nudgeline` with some arguments."""

    def call(*args: object) -> int:
        words = [str(arg) for arg in args]
        monkeypatch.setattr("sys.argv", ["nudgeline", *words])
        with pytest.raises(SystemExit) as ended:
            main(words)
        return int(ended.value.code or 0)

    return call


def test_a_dry_run_shows_events_and_refusals_by_reason(run: Run, events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", events, "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "1 events made, none sent" in shown
    assert "invalid_event" in shown
    assert "events.ndjson:2" in shown


def test_the_report_is_written_as_json(run: Run, events: Path, tmp_path: Path) -> None:
    run("replay", events, "--dry-run", "--report", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["rows_read"], report["events"], report["refused"]["invalid_event"]["count"]) == (
        {"events.ndjson": 2},
        {"logged_in": 1},
        1,
    )


def test_a_time_without_an_offset_is_utc(run: Run, events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", events, "--dry-run", "--from", "2023-11-14T22:13:21") == 0
    assert "0 events made" in capsys.readouterr().out


def test_a_source_that_is_not_there_is_one_sentence_and_status_1(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", tmp_path / "nothing", "--dry-run") == 1
    assert capsys.readouterr().err == f"nudgeline: {tmp_path / 'nothing'} does not exist\n"


@pytest.mark.parametrize(
    "options", [("--speed", "0"), ("--from", "yesterday"), ("--limit", "0"), ("--speed", "2", "--as-fast-as-possible")]
)
def test_wrong_usage_is_status_2(run: Run, events: Path, options: tuple[str, ...]) -> None:
    assert run("replay", events, "--dry-run", *options) == 2


def test_events_go_to_the_broker_of_the_settings(
    run: Run, events: Path, settings: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NUDGELINE_TOPIC_PREFIX", settings.topic_prefix)
    assert run("replay", events, "--bootstrap", settings.brokers) == 0
    assert "1 events sent" in capsys.readouterr().out
