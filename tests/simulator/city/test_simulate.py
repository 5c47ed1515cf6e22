import gzip

import pytest
import typer
from typer.testing import CliRunner

from commands.simulate import simulate
from simulator.city import City, read_truth
from simulator.importers import open_source
from tests.simulator.city.conftest import HOUR, MONDAY

SMALL = ("--partners", "20", "--hours", "1", "--seed", "3")


@pytest.fixture
def run():
    """Runs the verb with some arguments."""
    app = typer.Typer()
    app.command()(simulate)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def lines(path):
    return path.read_bytes().splitlines()


def test_the_events_of_the_city_are_written_one_a_line(run, tmp_path):
    assert run(*SMALL, "--out", tmp_path / "city.ndjson").exit_code == 0
    city = City(20, start=MONDAY + 8 * HOUR, hours=1, seed=3)
    assert lines(tmp_path / "city.ndjson") == [record.value for record in city.events()]


def test_a_file_that_ends_in_gz_holds_the_same_events_packed(run, tmp_path):
    for name in ("city.ndjson", "city.ndjson.gz"):
        run(*SMALL, "--out", tmp_path / name)
    assert gzip.decompress((tmp_path / "city.ndjson.gz").read_bytes()) == (tmp_path / "city.ndjson").read_bytes()


def test_the_same_command_writes_the_same_packed_bytes(run, tmp_path):
    for name in ("a.gz", "b.gz"):
        run(*SMALL, "--out", tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_what_was_written_can_be_replayed_without_a_finding(run, tmp_path):
    run(*SMALL, "--out", tmp_path / "city.ndjson.gz")
    source = open_source(tmp_path / "city.ndjson.gz")
    assert len(list(source.events())) == source.report.events.total()
    assert not any(source.report.findings.values())


def test_the_truth_is_written_beside(run, tmp_path):
    run(*SMALL, "--share", "0.5", "--out", tmp_path / "city.ndjson", "--truth", tmp_path / "truth.ndjson")
    truths, clean = read_truth(tmp_path / "truth.ndjson")
    assert truths
    assert len({truth.partner_id for truth in truths}) + len(clean) == 20


def test_the_city_begins_when_it_is_told_to(run, tmp_path):
    run(*SMALL, "--start", "2026-05-04T12:00:00Z", "--out", tmp_path / "city.ndjson")
    city = City(20, start=1_777_896_000.0, hours=1, seed=3)
    assert lines(tmp_path / "city.ndjson")[0] == next(city.events()).value


def test_the_summary_says_how_many_events_and_nudges_there_are(run, tmp_path):
    result = run(*SMALL, "--out", tmp_path / "city.ndjson")
    assert f"{len(lines(tmp_path / 'city.ndjson')):,} events of 20 partners" in result.output
    assert "nudges have to come" in result.output


def test_a_file_that_cannot_be_written_is_said_in_one_sentence(run, tmp_path):
    result = run(*SMALL, "--out", tmp_path / "missing" / "city.ndjson")
    assert result.exit_code == 2
    assert "No such file or directory" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--speed", "2", "--as-fast-as-possible"),
        ("--out", "x.ndjson", "--speed", "2"),
        ("--out", "x.ndjson", "--bootstrap", "localhost:9"),
        ("--partners", "0"),
        ("--share", "2"),
        ("--start", "tomorrow"),
    ],
)
def test_options_that_contradict_each_other_or_make_no_sense_are_refused(run, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_behind_when_writing_fails(run, tmp_path):
    (tmp_path / "city.ndjson").mkdir()
    assert run(*SMALL, "--out", tmp_path / "city.ndjson").exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["city.ndjson"]
