"""`nudgeline demo`: everything at once on this machine, with real parts; ends without leaving a process behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from analysis.watch import Seen, Watch
from commands.board import Rate, console, plain, render
from commands.output import note, say
from commands.worker import seconds as duration
from simulator.city import time_zone_where
from streams.errors import WorkerFailed
from streams.local import LocalServices
from streams.local.processes import Child
from streams.settings import CATALOG, Settings, load
from streams.tally import last_line
from streams.topics import create

MORNING, CITY_HOURS = 10, 24.0
LOOK, PLAIN_EVERY = 0.25, 5.0  # s


def demo(
    data: Annotated[Path | None, typer.Option(help="Replay a recording instead: a folder of sendy, doordash_like, liverpool_bus or lade, or a file of events.")] = None,
    length: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="End after this time, for example 60s.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Show nothing; print one line of JSON in the end.")] = False,
    partners: Annotated[int, typer.Option(help="Partners of the simulated city.", min=1, max=100_000)] = 400,
    speed: Annotated[float | None, typer.Option(help="So many times faster than life; a recording goes as fast as possible by default.", min=0.1)] = None,
    seed: Annotated[int, typer.Option(help="Another number makes another city.")] = 1,
    workers: Annotated[int, typer.Option(help="How many workers share the partitions.", min=1, max=16)] = 2,
    rules: Annotated[list[Path] | None, typer.Option(help="Rule files or folders; otherwise the catalogue.")] = None,
) -> None:
    """Start a real Kafka, a real Redis and workers here, feed them a city or a recording, and show what happens.

    With --headless the last line is JSON: events, events_per_s, nudges by rule, holds by reason, episodes, dead_letters, seconds_to_first_nudge. Exits
    with 0 when all went well, with 1 when a part failed or not one event was handled.
    """
    wanted = Show(data, None if length is None else duration(length), headless, speed or (None if data else 120.0), rules or list(CATALOG))
    signal.signal(signal.SIGTERM, _interrupt)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nudgeline-demo-") as folder, ExitStack() as stack:
        stage = Stage(Path(folder), wanted, begun)
        try:
            stage.begin(stack, partners, seed, workers)
            stage.run()
        except KeyboardInterrupt:
            note("ending")
        result = stage.result()
    say(json.dumps(result) if headless else summary(result))
    if not result["events"]:
        raise WorkerFailed("not one event was handled; try again with a longer --for")


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@dataclass(frozen=True)
class Show:
    """What was asked for. `length` in seconds."""

    data: Path | None
    length: float | None
    headless: bool
    speed: float | None
    rules: list[Path]

    @property
    def title(self) -> str:
        return f"replay of {self.data}" if self.data else f"a simulated city, {self.speed:g} times faster than life"


@dataclass
class Stage:
    """The parts, once they run. `begun` is monotonic seconds."""

    folder: Path
    show: Show
    begun: float
    settings: Settings = field(default_factory=load)
    workers: int = 0
    crew: Child | None = None
    feeder: Child | None = None
    watch: Watch | None = None
    fed_at: float = 0.0
    handled: dict[str, float] = field(default_factory=dict)

    def begin(self, stack: ExitStack, partners: int, seed: int, workers: int) -> None:
        """Start everything; `stack` ends it in the opposite order."""
        services = stack.enter_context(_started(LocalServices(self.folder / "services"), self._say))
        self.settings = load(brokers=services.bootstrap, redis_url=services.redis_url, app_id="demo", clock="events", rules=self.show.rules)
        with self._saying("making topics"):
            create(self.settings)
        env = dict(os.environ) | {
            "NUDGELINE_BROKERS": services.bootstrap, "NUDGELINE_REDIS_URL": services.redis_url, "NUDGELINE_APP_ID": "demo", "NUDGELINE_CLOCK": "events",
        }  # fmt: skip
        self._say("starting workers and feeding events")
        rule_options = [part for path in self.show.rules for part in ("--rules", str(path))]
        self.workers = workers
        shared = ["--processes", str(workers), "--stats-file", str(self.folder / "stats")]
        self.crew = _child(self.folder / "workers.log", env, "worker", *rule_options, *shared)
        self.feeder = _child(self.folder / "feeder.log", env, *self._feed(partners, seed))
        for child in (self.crew, self.feeder):
            stack.callback(child.stop)
        self.watch = stack.enter_context(Watch(self.settings))
        self.fed_at = time.monotonic()

    def _feed(self, partners: int, seed: int) -> list[str]:
        pace = [] if self.show.speed is None else ["--speed", str(self.show.speed)]
        if self.show.data is not None:
            return ["replay", str(self.show.data), *pace]
        start = time.time() - CITY_HOURS * 3600
        zone = time_zone_where(MORNING, start)
        begin = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start))
        return ["simulate", "--partners", str(partners), "--hours", str(CITY_HOURS), "--seed", str(seed), "--start", begin, "--time-zone", zone, *pace]

    def run(self) -> None:
        """Show what happens until the time is over, the recording is handled, or Ctrl-C."""
        rate, told = Rate(), 0.0
        with _board(headless=self.show.headless) as draw:
            while not self._over():
                stats, now = self.stats(), time.monotonic()
                speed = rate.at(now, sum(s["applied"] for s in stats))
                if draw is not None:
                    draw(render(stats, self.seen, speed, self.show.title))
                elif not self.show.headless and now - told >= PLAIN_EVERY:
                    told = now
                    note(plain(stats, self.seen, speed))
                time.sleep(LOOK)

    def _over(self) -> bool:
        assert self.crew is not None
        assert self.feeder is not None
        assert self.watch is not None
        for child, what in ((self.crew, "the workers"), (self.feeder, "what feeds the events")):
            if child.status not in (None, 0):
                raise WorkerFailed(f"{what} ended: {child.tail()}")
        if self.watch.failure:
            raise WorkerFailed(f"the output topics can't be read: {self.watch.failure}")
        if self.show.length is not None and time.monotonic() - self.begun >= self.show.length:
            return True
        return not self.feeder.running and self._all_handled()

    def _all_handled(self) -> bool:
        """The recording is sent, and every worker said so since."""
        assert self.feeder is not None
        if "sent" not in self.handled:
            self.handled["sent"] = time.time()
        stats = self.stats()
        fresh = len(stats) == self.workers and all(s["at"] > self.handled["sent"] + 2 for s in stats)
        return fresh and not any(s["lag"] for s in stats)

    @property
    def seen(self) -> Seen:
        return self.watch.seen if self.watch is not None else Seen()

    def stats(self) -> list[dict[str, Any]]:
        """The last line of each worker that has written one."""
        return [line for n in range(1, self.workers + 1) if (line := last_line(self.folder / f"stats.{n}")) is not None]

    def result(self) -> dict[str, Any]:
        """What came of it, as plain data."""
        if self.watch is not None:
            self.watch.drain()
        stats, seen = self.stats(), self.seen
        events = sum(s["events"] for s in stats)
        lasted = time.monotonic() - (self.fed_at or self.begun)
        first = None if seen.first_nudge_at is None else round(seen.first_nudge_at - self.begun, 1)
        return {
            "events": events, "events_per_s": round(events / lasted, 1), "nudges": dict(seen.nudges), "holds": dict(seen.holds),
            "episodes": dict(seen.episodes), "dead_letters": seen.dead_letters.total(), "seconds_to_first_nudge": first,
            "segments": {name: len(members) for name, members in seen.members.items()}, "workers": len(stats),
        }  # fmt: skip

    def _say(self, text: str) -> None:
        if not self.show.headless:
            note(f"{time.monotonic() - self.begun:5.1f} s  {text}")

    @contextmanager
    def _saying(self, text: str) -> Iterator[None]:
        self._say(text)
        yield


def summary(result: dict[str, Any]) -> str:
    """The result in words."""
    nudges = ", ".join(f"{rule}: {count}" for rule, count in sorted(result["nudges"].items())) or "none"
    return f"{result['events']:,} events, {result['events_per_s']:,.0f}/s; nudges: {nudges}; dead letters: {result['dead_letters']}"


@contextmanager
def _started(services: LocalServices, say_so: Callable[[str], None]) -> Iterator[LocalServices]:
    try:
        services.start(say_so)
        yield services
    finally:
        services.stop()


@contextmanager
def _board(*, headless: bool) -> Iterator[Callable[[Any], None] | None]:
    """How to draw the board; None where nothing is drawn: headless, or no terminal."""
    screen: Console = console()
    if headless or not screen.is_terminal:
        yield None
        return
    with Live(console=screen, refresh_per_second=4, screen=True) as live:
        yield live.update


def _child(log: Path, env: dict[str, str], *command: str) -> Child:
    return Child([sys.executable, "-m", "commands.main", *command], log, env=env)
