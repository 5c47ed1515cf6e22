"""One soak: servers, workers, sender and checker begun; kills while it goes on; in the end what the checker says."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams import topics
from streams.group import behind
from streams.local.processes import Child
from streams.settings import Settings
from tests.faults.soak import report
from tests.faults.soak.crew import Crew, started
from tests.faults.soak.ground import ground
from tests.faults.soak.lines import last
from tests.faults.soak.stream import Job
from tests.faults.soak.strikes import strikes
from tests.faults.soak.swaps import Pusher
from tests.faults.soak.watch import Watch, settled

LEAD = 6.0  # s in which sender and checker get ready
LOOK = 0.2
TELL = 10.0  # s between two lines of progress
STALLED = 300.0  # s that a partition may be behind
CHECKED_WITHIN = 1800.0  # s for the checker, which goes last, to come to its end
PAST = 300.0  # s that the stream's end lies before the end of the soak: no event is from the future


@dataclass(frozen=True)
class Asked:
    """What is asked for. Seconds, and events a second; `speed`: how much faster than the clock event time goes."""

    seconds: float
    rate: float
    kill_every: float
    seed: int
    partners: int
    speed: float
    compaction_lag: float
    views: bool
    rules: tuple[Path, ...]
    swaps: int = 0

    def job(self) -> Job:
        start = time.time() - PAST - self.seconds * self.speed
        return Job(self.seed, self.partners, int(self.seconds * self.rate), self.rate, self.speed, round(start), time.monotonic() + LEAD, self.swaps)


class Failed(Exception):
    """The soak did not come to its end: that counts as lost."""


def soak(asked: Asked, folder: Path) -> dict[str, Any]:
    """What came of it (`report.verdict`)."""
    with ground(folder, asked.rules, views=asked.views, compaction_lag=asked.compaction_lag) as (settings, servers), Crew(settings, folder) as crew:
        settled(crew)
        job = asked.job()
        job.write(folder)
        watch, progress = Watch(job, crew, servers, strikes(asked.seed, asked.seconds, asked.kill_every)), list[dict[str, Any]]()
        with _beside(settings, folder) as (sender, checker):
            try:
                _load(watch, sender, checker, folder, progress, Pusher(job, settings))
                _drain(watch, settings, checker, folder, progress)
                checked = _checked(checker, folder)
            except Failed as broken:
                checked = {"lost": 1, "doubled": 0, "repeated": 0, "wanted": {}, "found": {}, "notes": [f"{broken}"]}
    if crew.status:
        checked["notes"].append(f"the supervisor ended with {crew.status}")
    return report.verdict(watch, checked, asked.seconds, progress) | {"swaps": asked.swaps, "versions": checked.get("versions", 0), "ended_with": crew.status}


@contextmanager
def _beside(settings: Settings, folder: Path) -> Iterator[tuple[Child, Child]]:
    children = [started(f"tests.faults.soak.{name}", folder, settings) for name in ("sender", "checker")]
    try:
        yield children[0], children[1]
    finally:
        for child in children:
            child.stop()


def _load(watch: Watch, sender: Child, checker: Child, folder: Path, progress: list[dict[str, Any]], pusher: Pusher) -> None:
    """Until all is sent."""
    while sender.running:
        pusher.look()
        _look(watch, checker, folder, progress)
    if sender.status:
        raise Failed(f"the sender ended with {sender.status}: {sender.tail()}")


def _drain(watch: Watch, settings: Settings, checker: Child, folder: Path, progress: list[dict[str, Any]]) -> None:
    """Until all that was sent is applied and committed."""
    deadline = time.monotonic() + STALLED
    with topics.admin(settings) as client:
        while not _committed(client, settings):
            _look(watch, checker, folder, progress)
            if time.monotonic() > deadline:
                raise Failed(f"all is sent, and {STALLED:.0f} s later not all is committed")
    (folder / "drained").touch()


def _committed(client: KafkaAdminClient, settings: Settings) -> bool:
    try:
        return behind(client, settings) == 0
    except KafkaError:  # its coordinator is loading, or away
        return False


def _look(watch: Watch, checker: Child, folder: Path, progress: list[dict[str, Any]]) -> None:
    """One look at everything. Raises Failed where it makes no sense to go on."""
    now = time.monotonic()
    watch.look(now)
    if not watch.crew.running:
        raise Failed(f"the supervisor ended: {watch.crew.tail}")
    if not checker.running:
        raise Failed(f"the checker ended with {checker.status}: {checker.tail()}")
    if (late := watch.behind(now)) > STALLED:
        raise Failed(f"a partition is {late:.0f} s behind the stream")
    at = now - watch.job.began
    if at >= 0 and at - (progress[-1]["at"] if progress else 0.0) >= TELL:
        progress.append({"at": at, **last(folder / "sender"), **last(folder / "checker")})
        _tell(watch, progress[-1])
    time.sleep(LOOK)


def _tell(watch: Watch, known: dict[str, Any]) -> None:
    sample, blow = watch.samples[-1], watch.blows[-1] if watch.blows else None
    memory = " + ".join(f"{mb:.0f}" for mb in sample.mb.values())
    struck = "" if blow is None else f", {sum(len(b.pids) for b in watch.blows)} killed, last {'recovered in ' + format(blow.recovered_s, '.1f') + ' s' if blow.recovered_s else 'not yet recovered'}"
    print(
        f"{known['at']:6.0f} s: {known.get('sent', 0):,} sent ({known.get('late_s', 0):.1f} s late), behind {sample.behind_s:.1f} s, {memory} MB{struck}; "
        f"checker at {known.get('taken', 0):,}, outputs {known.get('found', 0):,} of {known.get('wanted', 0):,}, nudges {known.get('nudges', 0):,}",
        file=sys.stderr, flush=True,
    )  # fmt: skip


def _checked(checker: Child, folder: Path) -> dict[str, Any]:
    if (status := checker.wait(CHECKED_WITHIN)) != 0:
        raise Failed(f"the checker ended with {status}: {checker.tail()}")
    found: dict[str, Any] = json.loads((folder / "verdict.json").read_text())
    return found
