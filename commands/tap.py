"""`nudgeline tap`: read a topic, as lines, as a table, or into Parquet or CSV."""

import base64
import json
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text

from analysis.taps import Tapped, Wanted, full_name, printable, records, write_parquet
from analysis.taps import frame as as_frame
from commands.output import note
from commands.replay import moment
from rulebook import units
from streams.settings import Settings, load

WIDEST = 48  # characters of a cell
PLAIN = ("partner_id", "rule", "segment", "transition", "verdict", "reason", "title", "body", "language", "detail", "original")
TOLD_EVERY = 500  # records between two words of progress


def tap(
    topic: Annotated[str, typer.Argument(help="nudges, decisions, segment.transitions, partner.features, dead.letters, or a family: orders, gps, ...")],
    since: Annotated[str, typer.Option("--from", metavar="WHEN", help="beginning, end, how long ago (2h), or a time in RFC 3339.")] = "beginning",
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Leave out what was written at or after: how long ago, or a time.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    last: Annotated[int | None, typer.Option(help="The last so many records only.", min=1)] = None,
    count: Annotated[int | None, typer.Option(help="End after so many records.", min=1)] = None,
    partner: Annotated[str | None, typer.Option(help="Records of this partner only.")] = None,
    rule: Annotated[str | None, typer.Option(help="Records of this rule only.")] = None,
    where: Annotated[list[str] | None, typer.Option(metavar="FIELD=VALUE", help="Records with this value only. May be repeated.")] = None,
    table: Annotated[bool, typer.Option("--table", help="A table for people, instead of a line of JSON each.")] = False,
    parquet: Annotated[Path | None, typer.Option(help="Write to this Parquet file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write to this CSV file.")] = None,
    originals: Annotated[Path | None, typer.Option(help="dead.letters only: write each original, byte by byte, to a file in this folder.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka's address, HOST:PORT; otherwise NUDGELINE_BROKERS.")] = None,
) -> None:
    """Read a topic of the contract. Nothing is committed: as many may read as like to. Ends at what lies there now, unless told to follow."""
    ways = [way for way in (table, parquet, csv, originals) if way]
    if len(ways) > 1 or (follow and (ways or last)):
        raise typer.BadParameter("choose one of --table, --parquet, --csv, --originals, and none of them (nor --last) with --follow")
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what stops a tap is said in one sentence, by the error
    settings = load(brokers=bootstrap)
    name, wanted = full_name(settings, topic), Wanted(_when(since, "--from"), _until(until), _fields(partner, rule, where), follow)
    found: Iterable[Tapped] = records(settings, name, wanted)
    if last is not None:
        found = deque(found, last)
    with _progress(f"reading {name}", quiet=follow) as told:
        _write(told(islice(found, count)), _logical(settings, name), table=table, parquet=parquet, csv=csv, originals=originals)


def _when(text: str, option: str) -> float:
    """Seconds since the epoch; -inf for the beginning, inf for the end."""
    if text in ("beginning", "end"):
        return -inf if text == "beginning" else inf
    ago = units.duration(text)
    return time.time() - ago if ago is not None else moment(text, option, 0.0)


def _until(text: str | None) -> float:
    return inf if text is None else _when(text, "--until")


def _fields(partner: str | None, rule: str | None, where: list[str] | None) -> dict[str, str]:
    found = {k: v for k, v in (("partner_id", partner), ("rule", rule)) if v is not None}
    for pair in where or ():
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{pair!r} is not FIELD=VALUE, such as verdict=hold", param_hint="--where")
        found[name] = value
    return found


def _logical(settings: Settings, full: str) -> str:
    """The name of the contract for a topic's full name."""
    return next(name for name, there in (settings.outputs | settings.sources).items() if there == full)


def _write(found: Iterable[Tapped], name: str, *, table: bool, parquet: Path | None, csv: Path | None, originals: Path | None) -> None:
    if parquet is not None:
        note(f"{write_parquet(found, name, parquet):,} rows in {parquet}")
    elif csv is not None:
        rows = as_frame(found, name)
        rows.to_csv(csv, index=False)
        note(f"{len(rows):,} rows in {csv}")
    elif originals is not None:
        note(f"{_save_originals(found, originals):,} originals in {originals}")
    elif table:
        _table(found)
    else:
        for record in found:
            sys.stdout.write((record.text if record.fields is None else printable(json.dumps(record.fields, ensure_ascii=False))) + "\n")
            sys.stdout.flush()


def _save_originals(found: Iterable[Tapped], folder: Path) -> int:
    """Files called TOPIC-PARTITION-OFFSET."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for record in found:
        letter = record.fields or {}
        if letter.get("original_base64") is not None:
            name = f"{letter['topic']}-{letter['partition']}-{letter['offset']}"
            (folder / name).write_bytes(base64.b64decode(letter["original_base64"]))
            count += 1
    return count


def _table(found: Iterable[Tapped]) -> None:
    rows = [_plain(record) for record in found]
    columns = [name for name in PLAIN if any(name in row for row in rows)] or ["text"]
    shown = Table("written at (UTC)", *columns)
    for row in rows:
        shown.add_row(row["at"], *(_short(row.get(name)) for name in columns))
    Console(highlight=False).print(shown)


def _plain(record: Tapped) -> dict[str, Any]:
    row = {"at": f"{datetime.fromtimestamp(record.written_at, UTC):%Y-%m-%d %H:%M:%S}", "text": record.text, **(record.fields or {})}
    if original := row.get("original_base64"):
        row["original"] = base64.b64decode(original[:400]).decode("utf-8", "backslashreplace")
    return row


def _short(value: Any) -> Text:
    text = printable("" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return Text(text if len(text) <= WIDEST else text[: WIDEST - 1] + "…")


@contextmanager
def _progress(what: str, *, quiet: bool) -> Iterator[Callable[[Iterable[Tapped]], Iterator[Tapped]]]:
    """Counts records on stderr while they are read; silent where stderr is no terminal, or lines go to one."""
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,.0f} records"))
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet or sys.stdout.isatty() or not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)

        def told(found: Iterable[Tapped]) -> Iterator[Tapped]:
            for number, record in enumerate(found, 1):
                if not number % TOLD_EVERY:
                    bar.update(task, completed=number)
                yield record

        yield told
