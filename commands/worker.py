"""`nudgeline worker`: take a share of the partitions and run the rules over them."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.output import note
from rulebook import units
from rulebook.loader import definitions
from streams.app import build_app, changelog, herd_of, make_changelog
from streams.changes import FAMILY, history, place, whose
from streams.crowd.aggregator import Aggregator
from streams.crowd.herd import CROWD
from streams.freezing import Asking
from streams.group import check_offsets
from streams.identity import at_the_start, until_changed
from streams.local.processes import Child
from streams.preflight import original_kept, preflight
from streams.pushing import texts
from streams.reload import Library
from streams.running import run
from streams.sampling import check_partitioners
from streams.settings import Settings, load
from streams.supervised import supervise
from streams.topics import partition_count
from streams.worker import Worker
from training_rules import Rules, load_rules

log = logging.getLogger("nudgeline.worker")


def worker(
    rules: Annotated[list[Path] | None, typer.Option(help="Rule files or folders; otherwise NUDGELINE_RULES. May be repeated.")] = None,
    length: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="End after this time, for example 90s or 15m.")] = None,
    until_caught_up: Annotated[
        bool, typer.Option("--until-caught-up", help="End when all that lies in the topics is applied and committed.")
    ] = False,
    clock: Annotated[
        str | None, typer.Option(help="wall: live; events: a recording, time follows its events; otherwise NUDGELINE_CLOCK.")
    ] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka's address, HOST:PORT; otherwise NUDGELINE_BROKERS.")] = None,
    stats_file: Annotated[
        Path | None, typer.Option(help="Append a line of JSON a second: counts, lag, CPU seconds, memory. With --processes: sums here, each worker's in FILE.1, FILE.2, ...")
    ] = None,
    processes: Annotated[int | None, typer.Option(help="So many workers as processes of their own; those that die are started again.", min=1, max=256)] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Watch the rule files: what is saved there is checked, tested and put in force, as `rules push` does. On one worker or machine only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log each step, and where errors come from.")] = False,
) -> None:
    """Run the rules over live events until SIGTERM or Ctrl-C. Several workers share the partitions; a restart goes on where it stopped.

    With --processes: exits with 0 when all ended in order, with 1 when a worker died again and again or failed at its end, with 3 when some
    had to be cut off after NUDGELINE_DRAIN_TIMEOUT. Nothing is lost in either case.
    """
    settings = load(brokers=bootstrap, clock=clock, rules=rules)
    until = None if length is None else seconds(length)
    loaded = load_rules(settings.rules, options=settings.engine_options)
    _log_to_stderr("debug" if verbose else settings.log_level)
    if watch or processes is not None:
        asyncio.run(preflight(settings))
    watcher = Child([sys.executable, "-m", "commands.main", "rules", "watch", *map(str, settings.rules), "--bootstrap", settings.brokers], None) if watch else None
    try:
        _run(settings, loaded, child_options(rules, clock, bootstrap, verbose), processes, until, until_caught_up, stats_file)
    finally:
        if watcher is not None:
            watcher.stop()


def _run(
    settings: Settings, loaded: Rules, options: list[str], processes: int | None, until: float | None, until_caught_up: bool, stats_file: Path | None
) -> None:
    if processes is not None:
        raise typer.Exit(supervise(settings, processes, options, for_s=until, until_caught_up=until_caught_up, stats=stats_file))
    last = asyncio.run(_work(settings, loaded, until, until_caught_up, stats_file))
    note(f"worker ended: {last['applied']:,} events applied, {sum(last['nudges'].values()):,} nudges, {last['lag']:,} behind")


def child_options(rules: list[Path] | None, clock: str | None, bootstrap: str | None, verbose: bool) -> list[str]:
    """The options of each of several workers."""
    pairs = [*(("--rules", str(path)) for path in rules or ()), *((name, value) for name, value in (("--clock", clock), ("--bootstrap", bootstrap)) if value)]
    return [part for pair in pairs for part in pair] + (["--verbose"] if verbose else [])


async def _work(settings: Settings, rules: Rules, seconds: float | None, until_caught_up: bool, stats: Path | None) -> dict[str, Any]:
    counts = await preflight(settings)
    tap = _tap(settings)
    partitions, kept = partition_count(settings, counts), await original_kept(settings)
    found = await asyncio.to_thread(at_the_start, settings, partitions, changelog(settings))
    await asyncio.to_thread(check_offsets, settings)
    await check_partitioners(settings, partitions)
    await asyncio.to_thread(make_changelog, settings, partitions)
    identities = {name: shape.identity for name, shape in found.items()}
    library = Library(rules, await asyncio.to_thread(history, settings), read=lambda: history(settings))
    _say_what_runs(library, files := texts(settings.rules))
    app, worker = build_app(settings, rules, partitions=partitions, original_kept=kept, tap=tap, identities=identities, broadcasts={FAMILY: library, CROWD: (herd := herd_of(settings))})
    asking = Asking(settings)
    worker.newest = lambda: asking.newest
    async with _views(tap, worker), _rekeyed(settings, partitions) as rekeyer:
        return await run(
            app, worker, for_s=seconds, until_caught_up=until_caught_up, stats=stats, rekeyer=rekeyer, drain_s=settings.drain_timeout,
            watchers=[
                until_changed(settings, found),
                *([asking.failed()] if settings.clock == "wall" else []),
                *([Aggregator(settings, herd, partitions, files).failed()] if settings.counts_crowd or settings.guards_rules else []),
            ],
        )  # fmt: skip


def _say_what_runs(library: Library, files: dict[str, str]) -> None:
    """Where rules were put in force, the files given are what nobody looks at any more."""
    last = max(library.changes, key=place, default=None)
    if last is not None and last.files != files and definitions(last.files) != definitions(files):
        log.warning(
            "the rule files given do not run: rule set %s does (%s); `nudgeline rules diff` says how they differ, `nudgeline rules push` puts them in its place",
            last.version, whose(last),
        )  # fmt: skip


def _tap(settings: Settings) -> Any:
    """Redis is imported only where it is used: a start is felt after every kill."""
    if not settings.redis_url:
        return None
    from streams.views.tap import ViewTap

    return ViewTap(settings)


@asynccontextmanager
async def _rekeyed(settings: Settings, partitions: int) -> AsyncIterator[Any]:
    """Families with another partitioner are re-keyed beside the worker, where the settings ask for it."""
    if not settings.rekey:
        yield None
        return
    from streams.rekey import Rekeyer, make_topics

    await asyncio.to_thread(make_topics, settings, partitions)
    async with Rekeyer(settings, partitions) as rekeyer:
        yield rekeyer


@asynccontextmanager
async def _views(tap: Any, worker: Worker) -> AsyncIterator[None]:
    """Redis is written beside the stream, for as long as it runs; what waits in the end is written, if Redis takes it."""
    if tap is None:
        yield
        return
    tap.worker = worker
    async with tap.views:
        yield


def seconds(text: str) -> float:
    found = units.duration(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration; write 90s, 15m, 2h", param_hint="--for")
    return found


class _OneLine(logging.Formatter):
    """What went wrong, not where in the code."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the signature is logging's
        return ""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).partition("\n")[0]


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler()
    kind = logging.Formatter if level == "debug" else _OneLine
    handler.setFormatter(kind("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING if level == "info" else level.upper(), handlers=[handler], force=True)
    logging.getLogger("mode.timers").setLevel("ERROR")  # says when a commit took longer than its interval; the statistics say that too
    logging.getLogger("nudgeline").setLevel("INFO" if level == "warning" else level.upper())
