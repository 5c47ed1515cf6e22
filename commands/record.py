"""`nudgeline record`: a stretch of a partner's real events as a test for a rule file."""

import logging
from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.errors import HindsightError
from commands.explain import followed, instant
from commands.in_force import library
from commands.output import note, say
from commands.replay import moment, progress_bar
from rulebook.faults import did_you_mean
from rulebook.units import counted
from simulator.importers import decoded, open_source
from streams.following import FOR_ALL, Ahead, in_order
from streams.history import history
from streams.partners import kept
from streams.settings import Settings, load
from training_rules import House, Rules, load_rules
from training_rules.happened import FIGURES
from training_rules.recorded import Recorder


def record(
    partner: Annotated[str, typer.Option(help="The partner's id.")],
    begin: Annotated[str, typer.Option("--from", metavar="WHEN", help="Where the stretch begins: a time in RFC 3339 or, from the topics, how long ago (2h).")],
    until: Annotated[str, typer.Option("--to", metavar="WHEN", help="Where it ends.")],
    rule: Annotated[list[str] | None, typer.Option(help="Keep what this rule comes to, and the events that it reads. May be repeated.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file, which must not exist; otherwise to standard output.")] = None,
    name: Annotated[str, typer.Option(help="The name of the test.")] = "",
    events: Annotated[Path | None, typer.Option(help="Events, one a line, or a recording; otherwise the topics.")] = None,
    sort: Annotated[bool, typer.Option("--sort", help="With --events: put them in order of time first.")] = False,
    rules: Annotated[list[Path] | None, typer.Option(help="Rule files or folders; otherwise the set that was in force when the stretch ended, and with --events NUDGELINE_RULES. May be repeated.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka's address, HOST:PORT; otherwise NUDGELINE_BROKERS.")] = None,
) -> None:
    """Turn what happened to a partner into an in-file test that passes: events with what the rules came to, without ids, names, or what no rule reads."""
    settings = load(rules=rules, brokers=bootstrap)
    if out is not None and out.exists():
        raise typer.BadParameter(f"{out} exists; a test is written to a new file", param_hint="--out")
    when = instant if events is None else moment_of
    first, last = when(begin, "--from"), when(until, "--to")
    if first >= last:
        raise typer.BadParameter("it begins after it ends", param_hint="--from")
    loaded = load_rules(settings.rules, options=settings.engine_options) if events is not None else _in_force(settings, rules, first, last)
    _check(rule or (), loaded)
    mine, house = (_from_file(events, partner, sort=sort), None) if events is not None else _from_topics(settings, loaded, partner, last)
    if all(event.__class__ in FIGURES for event in mine):
        raise HindsightError(f"there is no event of a partner {partner!r}")
    found = Recorder(loaded, mine, first, last, rule or (), house).record(name)
    for word in found.notes:
        note(word)
    _write(out, found.text)
    note(f"{counted(found.events, 'event')}; the test passes: nudgeline test RULES {out or 'FILE'}")


def moment_of(text: str, option: str) -> float:
    return moment(text, option, inf)


def _in_force(settings: Settings, named: list[Path] | None, first: float, last: float) -> Rules:
    """The set that was in force at the end of the stretch: a test is run by one."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what stops it is said in one sentence, by the error
    known = library(settings, named)
    found, _ = known.begins(last)
    if any(first < event.occurred_at <= last for event in known.changes):
        note(f"the rules changed in that time: the test is what the last of them, {found.version}, make of it")
    return found


def _check(names: Iterable[str], rules: Rules) -> None:
    known = {r.name for r in rules.rules if r.nudge}
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"no rule that runs is called {name!r}; {did_you_mean(name, known)}", param_hint="--rule")


def _from_file(path: Path, partner: str, *, sort: bool) -> list[Any]:
    mine = [event for event in decoded(open_source(path)) if event.partner_id == partner]
    return sorted(mine, key=lambda event: event.occurred_at) if sort else mine


def _from_topics(settings: Settings, rules: Rules, partner: str, until: float) -> tuple[list[Any], House]:
    """The partner's events, and figures of many partners where rules read them; none from before they were erased. And the partition's house."""
    state, mine, ahead = kept(settings, partner), list[Any](), Ahead()
    with history(settings, partner, None if state is None else state.partition) as past, progress_bar("reading the topics") as told:
        for event in in_order(followed(past, told), ahead):
            if event.__class__ in FOR_ALL:
                mine += [event] if rules.counts and event.__class__ in FIGURES else []
                continue
            if event.occurred_at > until:
                break
            if event.partner_id != partner:
                continue
            if event.type == "forget":
                mine.clear()
            else:
                mine.append(event)
        mine += [event for event in ahead.by(until) if rules.counts and event.__class__ in FIGURES]
        if past.retained.gone:
            note(f"the beginning is gone of {', '.join(past.retained.gone)}: what long windows had by then is not known")
        return mine, House(past.retained.partition, past.retained.partitions)


def _write(out: Path | None, text: str) -> None:
    if out is None:
        say(text.rstrip())
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from error
