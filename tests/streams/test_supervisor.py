"""Children are started, restarted, ended in order, and cut off when they take too long. Real processes, small ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from streams import supervisor as subject
from streams.errors import WorkerFailed
from streams.local.processes import Child
from streams.supervisor import Supervisor

PATIENCE = 20.0
WAITS = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0)); print('up', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
FAILS_LATE = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(7)); print('up', flush=True); time.sleep(600)"
DIES = "exit(5)"


class Story:
    """A supervisor over scripts; `steps` are conditions with what to do once they hold, one after the other; in the end it is over."""

    def __init__(self, folder: Path, script: str, count: int = 2, drain: float = PATIENCE) -> None:
        self.folder, self.script, self.steps = folder, script, []
        self.launched: list[Child] = []
        self.buried: list[str] = []
        self.names: list[str] = []
        self.deadline = time.monotonic() + PATIENCE
        self.supervisor = Supervisor(self.launch, count, name="w", drain=drain, bury=self.buried.append, each_look=self.look)

    def launch(self, number: int, name: str) -> Child:
        self.names.append(name)
        self.launched.append(Child([sys.executable, "-c", self.script], self.folder / f"{len(self.launched)}.log"))
        return self.launched[-1]

    def up(self, count: int) -> bool:
        """So many children are ready for signals."""
        return len(self.launched) == count and all("up" in child.log.read_text() for child in self.launched)

    def look(self, _: Supervisor) -> bool:
        assert time.monotonic() < self.deadline, "the next step did not come to pass"
        if self.steps and self.steps[0][0]():
            self.steps.pop(0)[1]()
        return not self.steps

    def nothing(self) -> None:
        """The step is only waited for."""


def test_as_many_children_as_asked_for_run_and_end_in_order(tmp_path):
    story = Story(tmp_path, WAITS, 3)
    story.steps = [(lambda: story.up(3), story.nothing)]
    ending = story.supervisor.run()
    assert (ending.cut_off, ending.failed, [c.status for c in story.launched]) == ([], {}, [0, 0, 0])


def test_a_child_that_is_killed_is_started_again_under_another_name(tmp_path):
    story = Story(tmp_path, WAITS)
    story.steps = [(lambda: story.up(2), lambda: os.kill(story.launched[0].pid, signal.SIGKILL)), (lambda: story.up(3), story.nothing)]
    assert story.supervisor.run().restarts == 1
    assert len(set(story.names)) == 3


def test_the_group_is_told_of_a_child_that_died_and_of_no_other(tmp_path):
    story = Story(tmp_path, WAITS)
    story.steps = [(lambda: story.up(2), lambda: os.kill(story.launched[1].pid, signal.SIGKILL)), (lambda: story.up(3), story.nothing)]
    story.supervisor.run()
    assert story.buried == [story.names[1]]


def test_a_child_that_dies_again_and_again_is_given_up_and_the_others_end_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "BACK_OFF", (0.0, 0.01))
    story = Story(tmp_path, f"import os, sys\nif os.path.exists({str(tmp_path / 'first')!r}): exit(5)\nopen({str(tmp_path / 'first')!r}, 'w')\n{WAITS}", 1)
    story.supervisor.seats.append(subject.Seat(2))
    story.steps = [(lambda: False, story.nothing)]
    with pytest.raises(WorkerFailed, match="ended with 5, 3 times in a row"):
        story.supervisor.run()
    assert all(child.status is not None for child in story.launched)
    assert 0 in [child.status for child in story.launched]


def test_restarts_are_spaced_out(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "BACK_OFF", (0.0, 0.2, 0.4))
    story, began = Story(tmp_path, DIES, 1), time.monotonic()
    story.steps = [(lambda: False, story.nothing)]
    with pytest.raises(WorkerFailed):
        story.supervisor.run()
    assert time.monotonic() - began > 0.6
    assert len(story.launched) == 4


def test_deaths_of_those_that_lived_long_are_not_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "BACK_OFF", (0.0,))
    monkeypatch.setattr(subject, "QUICK", 0.0)
    story = Story(tmp_path, DIES, 1)
    story.steps = [(lambda: len(story.launched) >= 5, story.nothing)]
    assert story.supervisor.run().restarts >= 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_supervisor_ends_all_in_order(tmp_path, number):
    story = Story(tmp_path, WAITS)
    story.steps = [(lambda: story.up(2), lambda: os.kill(os.getpid(), number)), (lambda: False, story.nothing)]
    assert story.supervisor.run().cut_off == []
    assert [c.status for c in story.launched] == [0, 0]


def test_what_does_not_end_by_the_deadline_is_killed_and_named(tmp_path):
    story = Story(tmp_path, DEAF, drain=0.3)
    story.steps = [(lambda: story.up(2), story.nothing)]
    assert sorted(story.supervisor.run().cut_off) == sorted(c.pid for c in story.launched)
    assert [c.status for c in story.launched] == [-signal.SIGKILL] * 2


def test_one_that_fails_at_its_end_is_named_with_its_status(tmp_path):
    story = Story(tmp_path, FAILS_LATE, 1)
    story.steps = [(lambda: story.up(1), story.nothing)]
    assert story.supervisor.run().failed == {story.launched[0].pid: 7}


def test_children_die_with_a_supervisor_that_was_killed(tmp_path):
    code = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from streams.local.processes import Child
        from streams.supervisor import Supervisor
        def launch(number, name):
            child = Child([sys.executable, "-c", {WAITS!r}], Path({str(tmp_path)!r}) / str(number))
            print(child.pid, flush=True)
            return child
        Supervisor(launch, 2, name="w", drain=5, bury=print).run()
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    deadline = time.monotonic() + PATIENCE
    while any(_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a child outlived its supervisor"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
