"""`nudgeline simulate`: invent a city of partners, and write its events to a file or send them through Kafka."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Annotated

import typer

from commands.output import note
from commands.replay import moment, progress_bar, settings
from simulator.city import City, write_truth
from simulator.city.writing import write_events
from simulator.replay import replay

MONDAY = "2026-03-02T08:00:00+05:30"
"""When a city begins that is written to a file: always the same, so that the same command writes the same bytes."""


def simulate(
    partners: Annotated[int, typer.Option(help="How many partners work in the city.", min=1)] = 200,
    hours: Annotated[float, typer.Option(help="How many hours are simulated.", min=0.01)] = 4.0,
    seed: Annotated[int, typer.Option(help="Another number makes another city; the same one makes the same bytes.")] = 1,
    start: Annotated[
        str | None,
        typer.Option(
            help=f"When the city begins, in RFC 3339 (UTC without offset). By default {MONDAY} for a file; for Kafka so that the last event "
            "happens when it is sent."
        ),
    ] = None,
    share: Annotated[float, typer.Option(help="The share of the partners that gets a pain point.", min=0.0, max=1.0)] = 0.12,
    time_zone: Annotated[str, typer.Option(help="The city's time zone, by its IANA name.")] = "Asia/Kolkata",
    out: Annotated[
        Path | None,
        typer.Option(help="Write the events to this file, one JSON object a line (gzipped where it ends in .gz), instead of sending them."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Write which nudges have to come, and to whom none may, to this file (one JSON object a line).")
    ] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka's address, HOST:PORT; otherwise NUDGELINE_BROKERS.")] = None,
    speed: Annotated[float | None, typer.Option(help="Send at the city's own pace, this many times faster.", min=0.001)] = None,
    fast: Annotated[bool, typer.Option("--as-fast-as-possible", help="Do not wait between events (the default).")] = False,
) -> None:
    """Invent partners, orders and movement, with pain points whose nudges are known beforehand."""
    if speed is not None and fast:
        raise typer.BadParameter("--speed and --as-fast-as-possible exclude each other")
    if out is not None and (bootstrap is not None or speed is not None or fast):
        raise typer.BadParameter("--out writes a file at once; leave out --bootstrap, --speed and --as-fast-as-possible")
    begin = moment(start or (MONDAY if out else None), "--start", _start_for_kafka(hours, speed))
    city = City(partners, start=begin, hours=hours, seed=seed, share=share, time_zone=time_zone)
    with progress_bar(city.name) as told:
        count = replay(city, settings(bootstrap), speed, told).events if out is None else _written(out, city, told)
    if truth is not None:
        _tell(truth, city)
    note(_summary(city, count, "sent" if out is None else f"written to {out}"))


def _start_for_kafka(hours: float, speed: float | None) -> float:
    """So long ago that no event lies in the future when it is sent: at a pace of 1 the city begins now, at no pace it ends now."""
    return float(round(time.time() - max(0.0, hours * 3600 * (1 - 1 / (speed or inf)))))


def _written(out: Path, city: City, told: Callable[[int, float], None]) -> int:
    try:
        return write_events(out, city.events(), lambda count: told(count, city.done))
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from error


def _tell(truth: Path, city: City) -> None:
    try:
        write_truth(truth, city.truth, city.clean)
    except OSError as error:
        raise typer.BadParameter(f"{truth} cannot be written: {error.strerror}", param_hint="--truth") from error


def _summary(city: City, count: int, done: str) -> str:
    first, last = (datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") for at in (city.start, city.end))
    return f"{count:,} events of {city.partners:,} partners from {first} to {last} {done}; {len(city.truth)} nudges have to come"
