"""`nudgeline worker`: take a share of the partitions and run the rules over them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.output import note
from rulebook import units
from streams.app import build_app, make_changelog
from streams.preflight import original_kept, preflight
from streams.rekey import Rekeyer, make_topics
from streams.running import run
from streams.sampling import check_partitioners
from streams.settings import Settings, load
from streams.topics import partition_count
from streams.views.tap import ViewTap
from streams.worker import Worker
from training_rules import EngineOptions, Rules, load_rules


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
    stats_file: Annotated[Path | None, typer.Option(help="Append a line of JSON a second: counts, lag, CPU seconds, memory.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log each step, and where errors come from.")] = False,
) -> None:
    """Run the rules over live events until SIGTERM or Ctrl-C. Several workers share the partitions; a restart goes on where it stopped."""
    settings = load(brokers=bootstrap, clock=clock, rules=rules)
    until = None if length is None else seconds(length)
    options = EngineOptions(allowed_lateness=settings.allowed_lateness, season=settings.season)
    loaded = load_rules(settings.rules, options=options)
    _log_to_stderr("debug" if verbose else settings.log_level)
    last = asyncio.run(_work(settings, loaded, until, until_caught_up, stats_file))
    note(f"worker ended: {last['applied']:,} events applied, {sum(last['nudges'].values()):,} nudges, {last['lag']:,} behind")


async def _work(settings: Settings, rules: Rules, seconds: float | None, until_caught_up: bool, stats: Path | None) -> dict[str, Any]:
    counts = await preflight(settings)
    tap = ViewTap(settings, rules) if settings.redis_url else None
    partitions, kept = partition_count(settings, counts), await original_kept(settings)
    await check_partitioners(settings, partitions)
    await asyncio.to_thread(make_changelog, settings, partitions)
    app, worker = build_app(settings, rules, partitions=partitions, original_kept=kept, tap=tap)
    async with _views(tap, worker), _rekeyed(settings, partitions) as rekeyer:
        return await run(app, worker, for_s=seconds, until_caught_up=until_caught_up, stats=stats, rekeyer=rekeyer)


@asynccontextmanager
async def _rekeyed(settings: Settings, partitions: int) -> AsyncIterator[Rekeyer | None]:
    """Families with another partitioner are re-keyed beside the worker, where the settings ask for it."""
    if not settings.rekey:
        yield None
        return
    await asyncio.to_thread(make_topics, settings, partitions)
    async with Rekeyer(settings, partitions) as rekeyer:
        yield rekeyer


@asynccontextmanager
async def _views(tap: ViewTap | None, worker: Worker) -> AsyncIterator[None]:
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
