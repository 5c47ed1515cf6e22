"""`nudgeline test`: what it shows, and how it ends."""

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from queue import Queue
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
    def call(*more, expected="exits: here", rules=RULES):
        (tmp_path / "rules.yaml").write_text(rules.replace("EXPECTED", expected))
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


def test_a_name_that_xml_can_not_write_is_written_without(tmp_path, run):
    status, _ = run("--junit", tmp_path / "junit.xml", rules=RULES.replace("a log-in brings them in", '"a \\a bell"'))
    names = [case.get("name") for case in ET.parse(tmp_path / "junit.xml").iter("testcase")]
    assert (status, names[0]) == (0, "a \N{REPLACEMENT CHARACTER} bell")


def test_a_story_tells_times_in_their_parts(run):
    rules = RULES.replace("{at: 5m,", "{at: 5000s,")
    assert "1h 23m 20s" in run("-q", expected="enters: here", rules=rules)[1]


@pytest.fixture
def watching(tmp_path):
    """`nudgeline test --watch` of one file; gives the file, and the next line that contains some words."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("EXPECTED", "exits: here"))
    command = [sys.executable, "-m", "commands.main", "test", "--quiet", "--watch", str(file)]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell has what it puts in the background ignore it
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}, preexec_fn=heard)  # noqa: PLW1509 - it sets a signal, and no more
    lines = Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True).start()

    def told(words):
        while words not in (line := lines.get(timeout=30)):
            continue
        return line

    yield file, told
    process.send_signal(signal.SIGINT)
    process.wait(30)
    process.stdout.close()


def saved(file, expected):
    """As editors save: a new file is moved into the place of the old one."""
    new = file.parent / "rules.new"
    new.write_text(RULES.replace("EXPECTED", expected))
    new.replace(file)


def test_watching_goes_on_after_a_file_was_replaced(watching):
    file, told = watching
    told("2 passed, 0 failed")
    saved(file, "enters: here")
    told("1 passed, 1 failed")
    saved(file, "exits: here")
    told("2 passed, 0 failed")


def test_watching_goes_on_after_a_file_was_gone(watching):
    file, told = watching
    told("2 passed, 0 failed")
    file.unlink()
    told("there is no rule file")
    saved(file, "exits: here")
    told("2 passed, 0 failed")
