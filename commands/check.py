"""`nudgeline check`: read, link, judge and compile rule files; show every fault of the set in one run."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from commands.output import note, say
from rulebook import units
from rulebook.checks.context import DAY, Context
from rulebook.errors import RuleErrors
from rulebook.faults import Fault, Severity
from rulebook.formats import FORMATS
from rulebook.loader import load_files
from training_rules.compiler import compile_rules
from training_rules.timelines import read_timelines


def check(
    paths: Annotated[list[Path], typer.Argument(help="Rule files, or folders that hold some (every *.yaml below them).")],
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    form: Annotated[Literal["text", "json", "github"], typer.Option("--format", help="For people, for programs, or as annotations of a pull request.")] = "text",
    languages: Annotated[str, typer.Option(metavar="en,hi,..", help="Languages that every message has to have; otherwise all that any message has.")] = "",
    retention: Annotated[str, typer.Option(metavar="DURATION", help="How long the topics keep events: longer windows are warned of.")] = "90d",
) -> None:
    """Check rules. Exits with 0 when they can run, with 1 when they can't; each fault is shown with its place and what to write instead.

    A warning is snoozed by a comment on its line or above it: # allow W432 until 2026-12-01. What each code means: docs/checks.md.
    """
    kept = units.duration(retention)
    if kept is None:
        raise typer.BadParameter(f"{retention!r} is no duration; write 90d", param_hint="--retention")
    spoken = tuple(word.strip() for word in languages.split(",") if word.strip())
    context = Context(f"{datetime.now(UTC):%Y-%m-%d}", spoken, kept or 90 * DAY)
    faults, fine = _checked(paths, context)
    if faults or form == "json":
        say(FORMATS[form](faults))
    if any(f.severity is Severity.ERROR for f in faults) or (faults and strict):
        raise typer.Exit(1)
    (say if form == "text" else note)(fine)


def _checked(paths: list[Path], context: Context) -> tuple[list[Fault], str]:
    """All faults, and the sentence for a set without errors."""
    try:
        ruleset, warnings = load_files(paths, context)
        read_timelines(ruleset)
    except RuleErrors as e:
        return list(e.faults), ""
    rules = compile_rules(ruleset)
    segments, nudges, tests = len(rules.segments), sum(r.nudge for r in rules.rules), len(ruleset.tests)
    return warnings, f"rule set {rules.version} is fine: {segments} segments, {nudges} nudges, {tests} tests"
