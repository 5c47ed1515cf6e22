"""`nudgeline backtest`: run rules over history, without Kafka, and write what they would have decided."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from analysis.backtest import Tally
from analysis.backtest import backtest as run
from commands.output import note
from commands.replay import HEADINGS, findings_table, moment, progress_bar
from rulebook.units import counted, percent
from simulator.importers import Cut, Kind, Source, decoded, open_source
from streams.settings import load
from training_rules import EngineOptions, load_rules

HONEST = "History shows what would have been sent, not whether it would have helped: nobody in it saw a nudge. That takes a holdout."


def backtest(
    events: Annotated[Path, typer.Option(help="Events, one a line, alone or behind its key and a TAB, - is standard input; or a recording that `replay` reads.")],
    rules: Annotated[list[Path] | None, typer.Option(help="Rule files or folders; otherwise NUDGELINE_RULES. May be repeated.")] = None,
    decisions: Annotated[Path | None, typer.Option(help="Write each transition and decision to this file, a line of JSON each; - is standard output.")] = None,
    sample: Annotated[str, typer.Option(metavar="PCT", help="Use this share of the partners (never of the events), chosen by hash.")] = "100%",
    sort: Annotated[bool, typer.Option("--sort", help="Put the events in order of time first; takes memory. Otherwise late ones are late.")] = False,
    limit: Annotated[int | None, typer.Option(help="Read the first so many events only.", min=1)] = None,
    begin: Annotated[str | None, typer.Option("--from", help="Leave out what happened before: a date, or a time in RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option(help="Leave out what happened at or after.")] = None,
) -> None:
    """Run the whole rule set over history through the same core as live, in stream time. The same events give the same decisions and ids."""
    settings, share = load(rules=rules), percent(sample)
    if share is None or not 0 < share <= 1:
        raise typer.BadParameter(f"{sample!r} is no share; write 10%", param_hint="--sample")
    options = EngineOptions(allowed_lateness=settings.allowed_lateness, season=settings.season)
    loaded, source = load_rules(settings.rules, options=options), open_source(events)
    cut, began = Cut(moment(begin, "--from", -inf), moment(until, "--until", inf), limit), time.monotonic()
    with progress_bar(source.name) as told, _lines(decisions) as write:
        tally = run(loaded, _history(source, cut, sort=sort), write, sample=share, told=lambda count: told(count, source.done))
    _show(tally, source, time.monotonic() - began, to_stderr=decisions == Path("-"))
    if tally.late and not sort:
        note(f"{tally.late:,} events came too late to be applied: the file is not in order of time; --sort puts it so")
    if source.report.findings[Kind.refused] and not source.report.events.total():
        note(f"none of {source.name} could be read as an event")
        raise typer.Exit(1)


def _history(source: Source, cut: Cut, *, sort: bool) -> Iterator[Any]:
    events = decoded(source, cut)
    return iter(sorted(events, key=lambda event: event.occurred_at)) if sort else events


@contextlib.contextmanager
def _lines(path: Path | None) -> Iterator[Callable[[bytes], Any] | None]:
    """Where lines go. A file has its name when it is complete, not before."""
    if path is None:
        yield None
    elif path == Path("-"):
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
    elif path.exists() and not path.is_file():
        yield from _straight(path)
    else:
        partial = path.with_name(path.name + ".partial")
        try:
            with partial.open("wb") as lines:
                yield lines.write
            partial.replace(path)
        except OSError as error:
            raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--decisions") from error
        finally:
            partial.unlink(missing_ok=True)


def _straight(path: Path) -> Iterator[Callable[[bytes], Any]]:
    """What is no file, such as a pipe, has no name to be given at the end."""
    try:
        with path.open("wb") as lines:
            yield lines.write
    except IsADirectoryError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--decisions") from error


def _show(tally: Tally, source: Source, seconds: float, *, to_stderr: bool) -> None:
    console = Console(highlight=False, stderr=to_stderr)
    console.print(f"{counted(tally.events, 'event')} of {counted(tally.partners, 'partner')} in {seconds:.1f} s ({tally.events / max(seconds, 1e-9):,.0f}/s)")
    if source.report.findings[Kind.refused]:
        console.print(findings_table(source.report, Kind.refused, HEADINGS[Kind.refused]))
    if tally.transitions:
        table = Table("Segment", "Transition", "Count", title="Segments", title_justify="left")
        for (segment, transition), count in sorted(tally.transitions.items()):
            table.add_row(segment, transition, f"{count:,}")
        console.print(table)
    if tally.decisions or tally.untriggered:
        table = Table("Rule", "Verdict", "Reason", "Count", title="Decisions", title_justify="left")
        for (rule, verdict, reason), count in sorted(tally.decisions.items()):
            table.add_row(rule, verdict, reason, f"{count:,}")
        for rule in tally.untriggered:
            table.add_row(rule, "never triggered", "", "0")
        console.print(table)
    for rule, why in tally.untriggered.items():
        console.print(f"{rule} never triggered" + (f": {why}" if why else ""), markup=False, soft_wrap=True)
    console.print(HONEST)
