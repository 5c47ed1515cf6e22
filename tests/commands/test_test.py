"""`nudgeline test`: what it shows, and how it ends."""

from xml.etree import ElementTree as ET

import pytest

from commands.main import main

RULES = """version: 1
segments:
  here: {when: online}
tests:
  - name: a log-in brings them in
    timeline:
      - {at: 1m, logged_in: {}}
      - {at: 1m, expect: {enters: here}}
  - name: a log-out brings them out
    timeline:
      - {at: 1m, logged_in: {}}
      - {at: 1m, expect: {enters: here}}
      - {at: 5m, logged_out: {}}
      - {at: 5m, expect: {EXPECTED}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    def call(*more, expected="exits: here"):
        (tmp_path / "rules.yaml").write_text(RULES.replace("EXPECTED", expected))
        words = ["test", str(tmp_path / "rules.yaml"), *map(str, more)]
        monkeypatch.setattr("sys.argv", ["nudgeline", *words])
        with pytest.raises(SystemExit) as ended:
            main(words)
        return int(ended.value.code or 0), capsys.readouterr().out

    return call


def test_all_pass(run):
    assert run() == (0, "ok      a log-in brings them in\nok      a log-out brings them out\n2 passed, 0 failed\n")


def test_a_failure_shows_what_happened_beside_what_was_expected(run):
    status, shown = run("-q", expected="enters: here")
    assert status == 1
    assert "> 5m  enters: here  5m exits: here" in shown
    assert "rules.yaml:14:" in shown


def test_only_the_tests_asked_for_run(run):
    assert run("-k", "LOG-IN", expected="enters: here") == (0, "ok      a log-in brings them in\n1 passed, 0 failed\n")


def test_changes_that_no_test_notices_are_listed_and_fail_the_run(run):
    status, shown = run("--mutate", "-k", "log-in")
    assert (status, shown.splitlines()[-1]) == (0, "0 changes, 0 noticed, 0 not")


def test_results_are_written_for_ci_servers(run, tmp_path):
    assert run("--junit", tmp_path / "junit.xml", expected="enters: here")[0] == 1
    suite = ET.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert suite.find("testcase/failure").get("message").endswith("enters: here did not come as it was expected")


def test_a_detail_that_nothing_expected_has_is_refused(run):
    status, shown = run(expected="exits: here, says: nonsense")
    assert status == 1
    assert "error[E256]: `says` goes with `nudge`" in shown
