"""`nudgeline check`: read, link, judge and compile rule files; show every fault of the set in one run."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from analysis.cost import measure, restarts
from commands.output import note, say
from commands.replay import progress_bar
from rulebook import units
from rulebook.checks.context import DAY, Context
from rulebook.faults import Fault, Severity
from rulebook.formats import FORMATS
from rulebook.loader import examine
from simulator.city import City
from simulator.importers import Source, decoded, open_source
from training_rules import Rules, load_rules
from training_rules.compiler import compile_rules
from training_rules.timelines import examine_timelines

LOOK_EVERY = 5000  # events between two words of progress
PARTNERS, START = 200, 1_772_418_600.0  # Monday 2026-03-02, 08:00 in Kolkata


def check(
    paths: Annotated[list[Path], typer.Argument(help="Rule files, or folders that hold some (every *.yaml below them).")],
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    form: Annotated[Literal["text", "json", "github"], typer.Option("--format", help="For people, for programs, or as annotations of a pull request.")] = "text",
    languages: Annotated[str, typer.Option(metavar="en,hi,..", help="Languages that every message has to have; otherwise all that any message has.")] = "",
    retention: Annotated[str, typer.Option(metavar="DURATION", help="How long the topics keep events: longer windows are warned of.")] = "90d",
    cost: Annotated[bool, typer.Option("--cost", help="Count state, evaluations, timers and sends over a day of a simulated city, or over --events.")] = False,
    events: Annotated[Path | None, typer.Option(help="Events to count the cost over, as `backtest` reads them.")] = None,
    against: Annotated[Path | None, typer.Option(help="Rules that run now: say what of the state begins anew with these.")] = None,
    in_force: Annotated[bool, typer.Option("--in-force", help="Ask Kafka (NUDGELINE_BROKERS) which of these rules are paused in the set that is in force, and why: they stay so when these are pushed.")] = False,
) -> None:
    """Check rules. Exits with 0 when they can run, with 1 when they can't; each fault is shown with its place and what to write instead.

    A warning is snoozed by a comment on its line or above it: # allow W432 until 2026-12-01. What each code means: docs/checks.md.
    """
    kept = units.duration(retention)
    if kept is None:
        raise typer.BadParameter(f"{retention!r} is no duration; write 90d", param_hint="--retention")
    spoken = tuple(word.strip() for word in languages.split(",") if word.strip())
    context = Context(f"{datetime.now(UTC):%Y-%m-%d}", spoken, kept or 90 * DAY)
    faults, fine, rules = _checked(paths, context)
    if faults or form == "json":
        say(FORMATS[form](faults))
    if any(f.severity is Severity.ERROR for f in faults) or (faults and strict):
        raise typer.Exit(1)
    tell = say if form == "text" else note
    tell(fine)
    if rules is not None and (cost or events is not None):
        for line in _cost(rules, events):
            tell(line)
    if rules is not None and against is not None:
        for line in restarts(load_rules(against), rules).lines():
            tell(line)
    if rules is not None and in_force:
        for line in _paused(rules):
            tell(line)


def _paused(rules: Rules) -> list[str]:
    """Those of these rules that are paused where rules are in force. Kafka is imported only where it is asked."""
    from commands.rules import paused_of
    from streams.changes import history
    from streams.pushing import pauses
    from streams.settings import load

    if not (known := history(load())):
        return ["nothing was put in force yet: workers run the files that they were started with"]
    paused = pauses(known).keys() & rules.ruleset.nudges.keys()
    return [line for line in paused_of(known) if line.partition(" ")[0] in paused] or ["none of these rules is paused in the set that is in force"]


def _cost(rules: Rules, events: Path | None) -> list[str]:
    if events is None:
        source: Source = City(PARTNERS, start=START, hours=24, seed=1)
        told = f"over a day of a simulated city of {PARTNERS} partners (yours: --events FILE):"
    else:
        source = open_source(events)
        told = f"over {source.name}:"
    with progress_bar(source.name) as bar:
        found = measure(rules, _counted(decoded(source), lambda count: bar(count, source.done)))
    return [told, *found.lines()] if found is not None else [f"{told} there is no event in it"]


def _counted(events: Iterable[Any], told: Callable[[int], None]) -> Iterator[Any]:
    for count, event in enumerate(events, 1):
        if count % LOOK_EVERY == 0:
            told(count)
        yield event


def _checked(paths: list[Path], context: Context) -> tuple[list[Fault], str, Rules | None]:
    """All faults; for a set without errors the sentence that says so, and the set."""
    ruleset, faults = examine(paths, context)
    faults += examine_timelines(ruleset, whole=all(f.severity is not Severity.ERROR for f in faults))[1]
    if any(f.severity is Severity.ERROR for f in faults):
        return faults, "", None
    rules = compile_rules(ruleset)
    counts = {"segment": len(rules.segments), "nudge": sum(r.nudge for r in rules.rules), "test": len(ruleset.tests)}
    listed = ", ".join(units.counted(count, what) for what, count in counts.items())
    return faults, f"rule set {rules.version} is fine: {listed}", rules
