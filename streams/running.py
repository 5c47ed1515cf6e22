"""Runs a worker until it is told to end, has nothing left to do, or fails."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streams.errors import WorkerFailed
from streams.lane.transport import LaneApp
from streams.tasks import end
from streams.worker import Worker

if TYPE_CHECKING:
    from streams.rekey import Rekeyer

log = logging.getLogger("nudgeline.worker")

SWITCH = 0.0005  # s: the thread that fetches waits so long for the one that computes, some ten times for each answer
LOOK = 0.1  # s between two looks whether all is read
STATS_EVERY = 1.0  # s between two lines of statistics
LOG_EVERY = 5.0  # s between two lines in the log


async def run(
    app: LaneApp,
    worker: Worker,
    *,
    for_s: float | None = None,
    until_caught_up: bool = False,
    stats: Path | None = None,
    rekeyer: Rekeyer | None = None,
    drain_s: float = 20.0,
    watchers: Sequence[Coroutine[Any, Any, BaseException]] = (),
) -> dict[str, Any]:
    """Run until SIGTERM or SIGINT, for `for_s` seconds, or until all that lies in the source topics is applied and committed.

    Ends in order: what was applied is written out and committed, the group is left. Returns the last statistics (see `Worker.snapshot`), which
    also go to `stats`, a JSON line a second. The orderly end may take `drain_s`. What a watcher gives ends it as a failure. Raises WorkerFailed when the worker can't go on; then nothing more is committed.
    """
    sys.setswitchinterval(SWITCH)
    loop, report = asyncio.get_running_loop(), Report(worker, stats)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.ended.set)
    starting = loop.create_task(app.start())
    starting.add_done_callback(lambda task: _started(task, worker))
    beside = [_watch(app, worker), report.each_second(), *_limits(app, worker, for_s, until_caught_up, rekeyer)]
    beside += [_fail_with(watcher, worker) for watcher in (*watchers, *([rekeyer.failed()] if rekeyer is not None else []))]
    helpers = [loop.create_task(helper) for helper in beside]
    try:
        await worker.ended.wait()
    finally:
        await _end(app, [starting, *helpers], drain_s)
    last = report.write()
    if worker.failure is not None:
        raise WorkerFailed(
            f"the worker ended; nothing is lost, a restart goes on where it stopped: {_said(worker.failure)}"
        ) from worker.failure
    return last


def _started(task: asyncio.Task[Any], worker: Worker) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        worker.failed(error)


def _limits(
    app: LaneApp,
    worker: Worker,
    for_s: float | None,
    until_caught_up: bool,  # noqa: FBT001
    rekeyer: Rekeyer | None,
) -> Iterator[Coroutine[Any, Any, None]]:
    if for_s is not None:
        yield _after(for_s, worker)
    if until_caught_up:
        yield _when_caught_up(app, worker, rekeyer)


async def _end(app: LaneApp, tasks: list[asyncio.Task[Any]], patience: float) -> None:
    await end(tasks)
    try:
        async with asyncio.timeout(patience):
            await app.stop()
    except TimeoutError:
        log.error(  # noqa: TRY400 - no fault of this code
            "the worker did not end within %.0f s; it is cut off", patience
        )


async def _watch(app: LaneApp, worker: Worker) -> None:
    worker.failed(await app.until_crashed())


async def _after(seconds: float, worker: Worker) -> None:
    await asyncio.sleep(seconds)
    worker.ended.set()


async def _fail_with(watcher: Coroutine[Any, Any, BaseException], worker: Worker) -> None:
    worker.failed(await watcher)


async def _when_caught_up(app: LaneApp, worker: Worker, rekeyer: Rekeyer | None) -> None:
    """Ends a worker when all of its topics are read to their ends, and that is committed."""
    while not ((rekeyer is None or await rekeyer.at_the_end()) and await worker.at_the_end() and await _committed(app, worker)):  # noqa: ASYNC110 - the broker is asked
        await asyncio.sleep(LOOK)
    worker.ended.set()


async def _committed(app: LaneApp, worker: Worker) -> bool:
    await app.consumer.commit()
    return worker.committed()


class Report:
    """Statistics: a line of JSON a second to a file, and one in the log every few seconds.

    A file of our own: Faust sends what is printed to its log.
    """

    def __init__(self, worker: Worker, stats: Path | None) -> None:
        self._worker, self._stats, self._began = worker, stats, time.time()
        self._said, self._said_at = 0, time.monotonic()

    async def each_second(self) -> None:
        while True:
            await asyncio.sleep(STATS_EVERY)
            self.write()

    def write(self) -> dict[str, Any]:
        """One line now; what it says."""
        now, found = time.time(), self._worker.snapshot()
        if self._stats is not None:
            with self._stats.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"at": round(now, 3), "up_s": round(now - self._began, 3), **found}) + "\n")
        if (passed := time.monotonic() - self._said_at) >= LOG_EVERY:
            cold = sorted({feed for p in found["partitions"].values() for feed in p["frozen"]})
            log.info("%.0f events/s, %d behind, %d partners%s", (found["applied"] - self._said) / passed, found["lag"], found["partners"], f", frozen: {', '.join(cold)}" if cold else "")
            self._said, self._said_at = found["applied"], time.monotonic()
        return found


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
