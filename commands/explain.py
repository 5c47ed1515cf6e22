"""`nudgeline explain`: what the rules make of one partner at one moment, and why."""

import json
import logging
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from analysis.hindsight import now_from, utc, watch
from analysis.taps import Wanted, records
from commands.explained import Page
from commands.in_force import library
from commands.output import numbers, say
from commands.replay import moment, progress_bar
from rulebook import units
from rulebook.units import counted
from simulator.importers import Kind, decoded, open_source
from simulator.replay import Progress
from streams.crowd.herd import CROWD
from streams.freezing import KEPT as FROZEN
from streams.history import History, history
from streams.partners import Kept, kept
from streams.reload import Library
from streams.settings import Settings, load
from training_rules import House, Rules, load_rules
from training_rules.explaining import Explanation, with_words
from training_rules.explaining import explain as explained
from training_rules.ledger import Entry, Pair, alone, beside, entry
from training_rules.watching import BY_POLICY, Watched

TOLD_EVERY = 5000  # events between two words of progress
WIDE = 500  # characters of a line where nobody looks at a terminal


@dataclass
class Found:
    """The partner at a moment, with what is told beside: the ledger's decisions, the nudges as they were sent (where nothing was replayed), and what has to be
    known to judge it. `replayed`: whether the events were."""

    watched: Watched
    at: float
    source: str
    replayed: bool = True
    ledger: list[Entry] = field(default_factory=list)
    nudges: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def explain(
    partner: Annotated[str, typer.Option(help="The partner's id.")],
    at: Annotated[str, typer.Option(metavar="WHEN", help="now, how long ago (2h), or a time in RFC 3339. With --events: now is after the last of them.")] = "now",
    rule: Annotated[list[str] | None, typer.Option(help="This rule; otherwise those that triggered, were held, or have begun. May be repeated.")] = None,
    events: Annotated[Path | None, typer.Option(help="Replay these events, one a line, or a recording; otherwise the topics, and the state as last committed for now.")] = None,
    sort: Annotated[bool, typer.Option("--sort", help="With --events: put them in order of time first.")] = False,
    ledger: Annotated[Path | None, typer.Option(help="With --events: decisions to compare with, one a line (backtest --decisions writes such a file).")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Replay the topics also for now: shows the events that triggers saw, and all gates of each decision.")] = False,
    back: Annotated[str, typer.Option(metavar="DUR", help="Show decisions of so long before.")] = "1d",
    rules: Annotated[list[Path] | None, typer.Option(help="Rule files or folders; otherwise the sets that were in force, each in its time, and with --events NUDGELINE_RULES. May be repeated.")] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    bootstrap: Annotated[str | None, typer.Option(help="Kafka's address, HOST:PORT; otherwise NUDGELINE_BROKERS.")] = None,
) -> None:
    """Show each clause of the rules that concern a partner with its truth and the values it read; what is open, when it is due, which gates hold, and why
    each nudge came or did not. Events are replayed through the same core as live."""
    span = units.duration(back)
    if span is None or form not in ("text", "json"):
        raise typer.BadParameter("--back is a duration such as 1d, --format text or json")
    settings = load(rules=rules, brokers=bootstrap)
    if events is not None:
        found = _from_file(load_rules(settings.rules, options=settings.engine_options), partner, at, events, ledger, sort=sort)
    else:
        found = _live(settings, rules, partner, at, span, replay=replay)
    since = found.at - span
    near = [e for e in found.ledger if since <= e.decided_at <= found.at and (not rule or e.rule in rule)]
    told = with_words(explained(found.watched, found.at, rule or (), since, {e.rule for e in near}), found.nudges)
    version = found.watched.rules.version
    pairs = _pairs(found.watched, near, since, compared=events is None or ledger is not None, only=rule) if found.replayed else alone(near, version)
    if form == "json":
        say(json.dumps(numbers(_plain(told, pairs, found)), indent=2, ensure_ascii=False))
    else:
        _show(told, pairs, found)


# -- where from


def _from_file(rules: Rules, partner: str, at: str, path: Path, ledger: Path | None, *, sort: bool) -> Found:
    source = open_source(path)
    until = inf if at == "now" else moment(at, "--at", inf)
    stream: Iterable[Any] = decoded(source)
    watched = watch(rules, partner, sorted(stream, key=lambda event: event.occurred_at) if sort else stream, until)
    found = Found(watched, watched.corridor.stream_time if at == "now" else until, f"{source.name}, {counted(watched.events, 'event')} of the partner")
    found.ledger = [] if ledger is None else list(_decisions_in(ledger, partner))
    refused = sum(finding.count for finding in source.report.findings[Kind.refused].values())
    found.notes += [f"{counted(refused, 'line')} could not be read as events"] if refused else []
    return found


def _decisions_in(path: Path, partner: str) -> Iterator[Entry]:
    try:
        with path.open("rb") as lines:
            yield from _entries((json.loads(line) for line in lines if line.strip()), partner)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}", param_hint="--ledger") from error
    except (ValueError, KeyError, TypeError) as error:
        raise typer.BadParameter(f"{path} holds a line that is no decision: {error}", param_hint="--ledger") from error


def _entries(found: Iterable[dict[str, Any]], partner: str) -> Iterator[Entry]:
    """The decisions of policy about a partner."""
    for fields in found:
        if fields.get("partner_id") == partner and fields.get("type") == "decision" and fields["verdict"] in BY_POLICY:
            yield entry(fields)


def _live(settings: Settings, named: list[Path] | None, partner: str, at: str, span: float, *, replay: bool) -> Found:
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what stops it is said in one sentence, by the error
    until, rules = instant(at), library(settings, named)
    state = kept(settings, partner)
    if at == "now" and not replay:
        frozen = _frozen(state)
        now = min(time.time() - settings.timer_slack, *frozen.values(), inf)
        watched = _as_committed(rules, partner, state, now if settings.clock == "wall" else None)
        found = Found(watched, watched.corridor.stream_time, "the state as last committed", replayed=False)
        found.notes += [f"{feed} is not heard of since {utc(known)}: what waits for it does not go, and all is shown as of then, or of the partner's last event" for feed, known in sorted(frozen.items())]
    else:
        found = _from_topics(settings, rules, partner, inf if at == "now" and settings.clock == "events" else until, None if state is None else state.partition)
    since = found.at - span if settings.clock == "wall" else -inf
    found.ledger = list(_entries(_said(settings, "decisions", partner, since), partner))
    found.nudges = [] if found.replayed else [n for n in _said(settings, "nudges", partner, since) if n["type"] == "nudge"]
    return found


def _frozen(state: Kept | None) -> dict[str, float]:
    """Feeds that the partition does not hear of, and up to when (s) they are known."""
    return {} if state is None else dict(state.beside.get(FROZEN) or {})


def _as_committed(rules: Library, partner: str, state: Kept | None, now: float | None) -> Watched:
    beside = state.beside if state is not None else {}
    return now_from(rules.made(beside), partner, None if state is None else state.raw, now, beside.get(CROWD))


def _said(settings: Settings, output: str, partner: str, since: float) -> Iterator[dict[str, Any]]:
    """What workers wrote about the partner."""
    wanted = Wanted(since=since, fields={"partner_id": partner})
    return (r.fields for r in records(settings, settings.outputs[output], wanted) if r.fields is not None)


def _from_topics(settings: Settings, rules: Library, partner: str, until: float, partition: int | None) -> Found:
    with history(settings, partner, partition) as past, progress_bar("reading the topics") as told:
        house = House(past.retained.partition, past.retained.partitions)
        watched = watch(rules, partner, followed(past, told), until, past.retained.gone, house)
        at_last = watched.corridor.stream_time if until == inf else until
        found = Found(watched, at_last, f"the topics, {counted(watched.events, 'event')} of the partner")
        if past.retained.gone:
            found.notes.append(f"the beginning is gone of {', '.join(past.retained.gone)}: counts of before are too low here")
    return found


def followed(past: History, told: Progress) -> Iterator[Any]:
    """The events of the topics; how far it has come is told now and then."""
    for number, event in enumerate(past.events(), 1):
        if not number % TOLD_EVERY:
            told(number, past.done)
        yield event


def instant(text: str, option: str = "--at") -> float:
    """Seconds since the epoch of now, `-2h`, or a time in RFC 3339."""
    ago = 0.0 if text == "now" else units.duration(text.removeprefix("-"))
    found = time.time() - ago if ago is not None else moment(text, option, 0.0)
    if found > time.time():
        raise typer.BadParameter(f"{text} is still to come", param_hint=option)
    return found


# -- to where


def _pairs(watched: Watched, ledger: list[Entry], since: float, *, compared: bool, only: Collection[str] | None) -> list[Pair]:
    """What was replayed beside the ledger, where there is one to compare with; also of rules that are not in force any more."""
    if not compared:
        return []
    decided = (d.decision for d in watched.decided if d.decision.decided_at >= since and d.decision.verdict in BY_POLICY)
    replayed = [entry(msgspec.to_builtins(decision)) for decision in decided if not only or decision.rule in only]
    return beside(replayed, ledger, watched.rules.version)


def _plain(told: Explanation, pairs: list[Pair], found: Found) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(told)
    return plain | {"source": found.source, "replayed": found.replayed, "notes": found.notes, "ledger": msgspec.to_builtins(pairs)}


def _show(told: Explanation, pairs: list[Pair], found: Found) -> None:
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=WIDE)
    for tree in Page(told, found.replayed).trees(pairs, [f"from {found.source}", *found.notes]):
        console.print(tree)
