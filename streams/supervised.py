"""What `nudgeline worker --processes N` does: a supervisor over real workers, told when to end by a clock or by the group."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from streams.app import client_id
from streams.errors import WorkerFailed
from streams.group import TIMEOUT, behind, bury
from streams.local.processes import Child
from streams.running import STATS_EVERY
from streams.settings import PREFIX, Settings
from streams.supervisor import Supervisor
from streams.tally import Tally

ASK_EVERY = 0.5  # s between two questions how far the group is
IN_ORDER, CUT_OFF = 0, 3  # exit statuses


def supervise(
    settings: Settings, count: int, options: Sequence[str], *, for_s: float | None = None, until_caught_up: bool = False, stats: Path | None = None
) -> int:
    """Run `count` workers with these options of the verb until SIGTERM or SIGINT, for `for_s` seconds, or until the whole group has applied and
    committed all that lies in the topics. Returns the exit status. Raises WorkerFailed when workers die again and again, or fail at their end.
    """
    crew = Crew(settings, count, options, stats)
    watch = Watch(settings, for_s, until_caught_up=until_caught_up)
    name = settings.client_id or client_id(settings)
    supervisor = Supervisor(
        crew.launch, count, name=name, drain=settings.drain_timeout, bury=lambda who: bury(settings, who), each_look=lambda s: crew.look(s) or watch.over()
    )
    try:
        ending = supervisor.run()
    finally:
        watch.close()
        crew.report(0, supervisor.restarts)
    if ending.failed:
        raise WorkerFailed(f"workers failed at their end: {', '.join(f'process {pid} with {status}' for pid, status in ending.failed.items())}; nothing is lost")
    return CUT_OFF if ending.cut_off else IN_ORDER


class Crew:
    """The workers' processes and their statistics."""

    def __init__(self, settings: Settings, count: int, options: Sequence[str], stats: Path | None) -> None:
        self._options = options
        self._env = dict(os.environ)
        self._tally = Tally(stats, count) if stats is not None else None
        self._said = time.monotonic()

    def launch(self, number: int, name: str) -> Child:
        """Worker `number`, called `name` at the broker; it writes where we do, and dies with us."""
        command = [sys.executable, "-m", "commands.main", "worker", *self._options]
        if self._tally is not None:
            self._tally.born(number)
            command += ["--stats-file", str(self._tally.file(number))]
        return Child(command, None, env=self._env | {f"{PREFIX}CLIENT_ID": name})

    def look(self, supervisor: Supervisor) -> bool:
        """A line of statistics each second; never ends anything."""
        if time.monotonic() - self._said >= STATS_EVERY:
            self.report(sum(seat.child is not None for seat in supervisor.seats), supervisor.restarts)
        return False

    def report(self, workers: int, restarts: int) -> None:
        self._said = time.monotonic()
        if self._tally is not None:
            self._tally.write(workers=workers, restarts=restarts)


class Watch:
    """When the work is done."""

    def __init__(self, settings: Settings, for_s: float | None, *, until_caught_up: bool) -> None:
        self._settings, self._until_caught_up = settings, until_caught_up
        self._deadline = None if for_s is None else time.monotonic() + for_s
        self._asked = time.monotonic()
        self._client: KafkaAdminClient | None = None

    def over(self) -> bool:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return True
        if not self._until_caught_up or time.monotonic() - self._asked < ASK_EVERY:
            return False
        self._asked = time.monotonic()
        return self._caught_up()

    def _caught_up(self) -> bool:
        """A broker that does not answer, or a topic that is not made yet, is asked again."""
        try:
            if self._client is None:
                self._client = KafkaAdminClient(
                    **self._settings.kafka_client(), client_id=f"{self._settings.app_id}-supervisor", request_timeout_ms=int(TIMEOUT * 1000)
                )
            return behind(self._client, self._settings) == 0
        except KafkaError:
            self.close()
            return False

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
