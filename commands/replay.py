"""`nudgeline replay`: send a recording through Kafka, and say what had to be repaired, derived or refused for it."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from simulator.importers import Cut, Kind, Report
from simulator.replay import Progress as Told
from simulator.replay import Sent, dry_run, open_source, shifted_to
from simulator.replay import replay as send
from streams.settings import Settings, load

HEADINGS = {
    Kind.repaired: "Repaired",
    Kind.derived: "Derived (marked in the event's source)",
    Kind.refused: "Refused (no event made)",
    Kind.noticed: "Noticed (kept as recorded)",
    Kind.unused: "Not used",
}


def replay(
    source: Annotated[
        Path, typer.Argument(help="A folder or CSV file of sendy, doordash_like, liverpool_bus or lade, or a file of events; also .gz.")
    ],
    speed: Annotated[float | None, typer.Option(help="Keep the recording's own pace, this many times faster.", min=0.001)] = None,
    fast: Annotated[bool, typer.Option("--as-fast-as-possible", help="Do not wait between events (the default).")] = False,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka's address, HOST:PORT; otherwise NUDGELINE_BROKERS.")] = None,
    limit: Annotated[int | None, typer.Option(help="Send the first so many events only.", min=1)] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Leave out what happened before: a date, or a time in RFC 3339 (UTC without offset).")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Leave out what happened at or after.")] = None,
    shift_to: Annotated[
        str | None, typer.Option(help="Move all times so that the last event happens now (with --speed: when it is sent), or at a time.")
    ] = None,
    only_report: Annotated[bool, typer.Option("--dry-run", help="Make the events and the report, send nothing.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report to this file as JSON.")] = None,
) -> None:
    """Send real records, or a file of events, to the topics that the worker reads."""
    if speed is not None and fast:
        raise typer.BadParameter("--speed and --as-fast-as-possible exclude each other")
    recording = open_source(source)
    cut = Cut(moment(begin, "--from", -inf), moment(until, "--until", inf), limit)
    if shift_to is not None:
        end = time.time() if shift_to == "now" else moment(shift_to, "--shift-to", 0.0)
        cut = shifted_to(recording, cut, end, speed)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what stops a replay is said in one sentence, by the error
    with progress_bar(recording.name) as told:
        sent = dry_run(recording, cut, told) if only_report else send(recording, settings(bootstrap), speed, told, cut)
    write(report, sent)
    show(sent, only_report)


def moment(text: str | None, option: str, otherwise: float) -> float:
    """Seconds since the epoch of a date or a time in RFC 3339; UTC where it has no offset."""
    if text is None:
        return otherwise
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither a date (2018-07-01) nor a time (2018-07-01T09:00:00Z)", param_hint=option) from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def settings(bootstrap: str | None) -> Settings:
    """The settings of the environment, with another address of Kafka where one is given."""
    return load(brokers=bootstrap)


@contextmanager
def progress_bar(name: str) -> Iterator[Told]:
    """A bar on stderr with the events and events/s; gone when done, silent where stderr is no terminal."""
    rate = TextColumn("{task.fields[events]:,} events, {task.fields[rate]:,.0f}/s")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), rate, TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=1.0, events=0, rate=0.0)

        def told(events: int, share: float) -> None:
            bar.update(task, completed=share, events=events, rate=events / max(bar.tasks[0].elapsed or 0.0, 1e-3))

        yield told


def write(path: Path | None, sent: Sent) -> None:
    if path is None:
        return
    content = {**sent.report.as_dict(), "seconds": round(sent.seconds, 3), "events_per_s": round(sent.events_per_s)}
    try:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--report") from error


def show(sent: Sent, dry: bool) -> None:
    """The report for people, on stdout."""
    console, report = Console(highlight=False), sent.report
    read = ", ".join(f"{count:,} rows of {file}" for file, count in report.rows_read.items())
    console.print(f"[bold]{report.source}[/]: {read}")
    console.print(f"{sent.events:,} events {'made, none sent' if dry else 'sent'} in {sent.seconds:.1f} s ({sent.events_per_s:,.0f}/s)")
    console.print(events_table(report))
    for kind, heading in HEADINGS.items():
        if report.findings[kind]:
            console.print(findings_table(report, kind, heading))
    for note in report.notes:
        console.print(f"- {note}", markup=False)


def events_table(report: Report) -> Table:
    table = Table("Event", "Count", title="Events", title_justify="left")
    for event_type, count in report.events.most_common():
        table.add_row(event_type, f"{count:,}")
    return table


def findings_table(report: Report, kind: Kind, heading: str) -> Table:
    table = Table("Count", "Reason", "Where, for example", title=heading, title_justify="left")
    for reason, finding in sorted(report.findings[kind].items(), key=lambda item: -item[1].count):
        table.add_row(f"{finding.count:,}", reason, ", ".join(finding.examples))
    return table
