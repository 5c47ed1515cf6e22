"""`nudgeline backtest`: run rules over history, and show what they would have decided. What the terminal shows is in commands/backtest_tables.py."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from analysis.backtest import Job, run
from analysis.backtest.limits import Checked, Limits, check
from analysis.backtest.report import render
from analysis.backtest.result import result
from analysis.backtest.sweep import Variation, variations
from analysis.backtest.topics import Kept
from commands.backtest_tables import show
from commands.histories import Recorded
from commands.in_force import NOTHING_PUSHED
from commands.output import note
from commands.replay import moment, progress_bar
from rulebook.units import percent
from simulator.importers import Cut
from streams.changes import history
from streams.reload import last_set
from streams.settings import Settings, load
from training_rules import Rules, compile_rules, load_rules


def backtest(
    events: Annotated[Path | None, typer.Option(help="Events, one a line, alone or behind its key and a TAB, - is standard input; or a recording that `replay` reads.")] = None,
    from_topics: Annotated[bool, typer.Option("--from-topics", help="Read what Kafka's topics still keep (NUDGELINE_BROKERS) instead of --events.")] = False,
    rules: Annotated[list[Path] | None, typer.Option(help="Rule files or folders; otherwise NUDGELINE_RULES or, with --from-topics, the sets that were in force, as they were changed. May be repeated.")] = None,
    against: Annotated[list[Path] | None, typer.Option(help="Rules that run now: who is gained, lost and displaced by --rules. May be repeated.")] = None,
    sweep: Annotated[list[str] | None, typer.Option(metavar="NAME.KEY=V,V", help="Try other values in one place of --rules; NAME.KEY[LITERAL]=V,V for one within an expression. May be repeated.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with charts to this file; it opens in any browser, offline.")] = None,
    json_to: Annotated[Path | None, typer.Option("--json", help="Write all that was found to this file as JSON; - is standard output.")] = None,
    decisions: Annotated[Path | None, typer.Option(help="Write each transition and decision to this file, a line of JSON each; - is standard output.")] = None,
    max_per_partner_day: Annotated[int | None, typer.Option(help="Fail where a partner would get more nudges on one local day.", min=0)] = None,
    max_share: Annotated[str | None, typer.Option(metavar="PCT", help="Fail where a rule would reach a larger share of the partners.")] = None,
    max_growth: Annotated[str | None, typer.Option(metavar="PCT", help="Fail where a rule would send so much more than with --against.")] = None,
    max_lost: Annotated[str | None, typer.Option(metavar="PCT", help="Fail where a rule would lose a larger share of those it reaches with --against.")] = None,
    must_trigger: Annotated[bool, typer.Option("--must-trigger", help="Fail where a rule never triggers.")] = False,
    sample: Annotated[str, typer.Option(metavar="PCT", help="Use this share of the partners (never of the events), chosen by hash.")] = "100%",
    sort: Annotated[bool, typer.Option("--sort", help="Put the events in order of time first; takes memory. Otherwise late ones are late.")] = False,
    limit: Annotated[int | None, typer.Option(help="Read the first so many events only.", min=1)] = None,
    begin: Annotated[str | None, typer.Option("--from", help="Leave out what happened before, but for profiles: a date, or a time in RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option(help="Leave out what happened at or after.")] = None,
    partitions: Annotated[int | None, typer.Option(help="As many as the topics have, or shall have: seats and budgets are split over them. Otherwise NUDGELINE_PARTITIONS.", min=1, max=10_000)] = None,
    processes: Annotated[int | None, typer.Option(help="So many at once, each with whole partitions; otherwise one a core. What comes out is the same.", min=1, max=256)] = None,
) -> None:  # fmt: skip
    """Run the whole rule set over history through the same core as live, in stream time. The same events give the same decisions and ids.

    Exits with 1 where a limit (--max-.., --must-trigger) is not kept. History can't say whether a nudge helps: that takes a holdout.
    """
    settings = load(rules=rules, partitions=partitions)
    limits = Limits(max_per_partner_day, _share(max_share, "--max-share"), _share(max_growth, "--max-growth"), _share(max_lost, "--max-lost"), must_trigger)
    _sensible(limits, against, [decisions, json_to])
    _one_place(events, limit, from_topics=from_topics)
    window = moment(begin, "--from", -inf), moment(until, "--until", inf)
    changes = _changes(settings, window[1], sweep) if from_topics and rules is None else []
    job, varied = _job(settings, against, sweep or [], _share(sample, "--sample") or 0.0, changes, window)
    source = Kept(settings, job.rule_sets[0], *window) if events is None else Recorded(events, Cut(*window, limit), sort=sort)
    if isinstance(source, Kept):
        job.parts = source.partitions()
    with progress_bar(source.name) as told, _lines(decisions) as lines:
        outcome = run(job, source, processes=processes or os.cpu_count() or 1, told=told, lines=lines)
    found = result(job, outcome, varied)
    checked = check(limits, found)
    found["limits"] = [c.as_dict() for c in checked]
    for path, text, option in ((json_to, lambda: json.dumps(found, indent=1, ensure_ascii=False), "--json"), (report, lambda: render(found, source.name), "--report")):
        if path is not None:
            _write(path, text() + "\n", option)
    show(found, to_stderr=Path("-") in (decisions, json_to))
    _end(found, checked, sort=sort or from_topics, name=source.name)


def _share(text: str | None, option: str) -> float | None:
    if text is None:
        return None
    share = percent(text)
    if share is None or not share >= 0 or (option == "--sample" and not 0 < share <= 1):
        raise typer.BadParameter(f"{text!r} is no share; write 10%", param_hint=option)
    return share


def _sensible(limits: Limits, against: list[Path] | None, outputs: list[Path | None]) -> None:
    if not against and (limits.growth is not None or limits.lost is not None):
        raise typer.BadParameter("this limit is about the rules of before: name them with --against", param_hint="--max-growth" if limits.growth is not None else "--max-lost")
    if outputs.count(Path("-")) > 1:
        raise typer.BadParameter("only one of --decisions and --json can go to standard output", param_hint="--json")


def _changes(settings: Settings, until: float, sweeps: list[str] | None) -> list[Any]:
    """The rule sets that were put in force before `until` (s)."""
    if sweeps:
        raise typer.BadParameter("a value is tried in files: name them with --rules", param_hint="--sweep")
    found = [event for event in history(settings) if event.occurred_at < until]
    if not found:
        note(NOTHING_PUSHED)
    return found


def _job(
    settings: Settings, against: list[Path] | None, sweeps: list[str], sample: float, changes: list[Any], window: tuple[float, float]
) -> tuple[Job, list[Variation]]:
    options = settings.engine_options
    sets: list[Rules] = [load_rules(settings.rules, options=options)]
    if changes:
        sets = [last_set(changes, options) or sets[0]]
    if against:
        sets.append(load_rules(against, options=options))
    varied = variations(settings.rules, sweeps) if sweeps else []
    sets += [compile_rules(v.ruleset, options) for v in varied]
    return Job(sets, settings.partitions, sample, compare=bool(against), changes=changes, begin=window[0]), varied


def _one_place(events: Path | None, limit: int | None, *, from_topics: bool) -> None:
    if (events is None) is not from_topics:
        raise typer.BadParameter("say where the events are: --events FILE, or --from-topics" if events is None else "--events and --from-topics exclude each other", param_hint="--events")
    if from_topics and limit is not None:
        raise typer.BadParameter("topics have no first events, their partitions have: use --until", param_hint="--limit")


@dataclass
class _Stdout:
    """Standard output for lines, flushed in the end."""

    def __enter__(self) -> BinaryIO:
        return sys.stdout.buffer

    def __exit__(self, *_: object) -> None:
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def _lines(path: Path | None) -> Iterator[BinaryIO | None]:
    """Where lines go. A file has its name when it is complete, not before; what is no file, such as a pipe, has no name to be given at the end."""
    if path is None:
        yield None
    elif path == Path("-"):
        with _Stdout() as out:
            yield out
    else:
        with _writing("--decisions", path) as target, target.open("wb") as lines:
            yield lines


@contextlib.contextmanager
def _writing(option: str, path: Path) -> Iterator[Path]:
    """Gives the path to write to: the file's own name is given to what is complete."""
    straight = path.exists() and not path.is_file()
    partial = path if straight else path.with_name(path.name + ".partial")
    try:
        yield partial
        if not straight:
            partial.replace(path)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint=option) from error
    finally:
        if not straight:
            partial.unlink(missing_ok=True)


def _write(path: Path, text: str, option: str) -> None:
    if path == Path("-"):
        typer.echo(text, nl=False)
        return
    with _writing(option, path) as target:
        target.write_text(text, encoding="utf-8")


def _end(found: dict[str, Any], checked: list[Checked], *, sort: bool, name: str) -> None:
    """Words beside the results, and the exit status."""
    if found["late_events"] and not sort:
        note(f"{found['late_events']:,} events came too late to be applied: the file is not in order of time; --sort puts it so")
    if found["refused"] and not found["events"]:
        note(f"none of {name} could be read as an event")
        raise typer.Exit(1)
    broken = [c for c in checked if not c.kept]
    for limit in broken:
        note(f"{limit.limit} is not kept: {limit.told}")
    if broken:
        raise typer.Exit(1)
