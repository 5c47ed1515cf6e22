"""`nudgeline check`: read, link and compile rule files; show every fault of the set in one run."""

from pathlib import Path
from typing import Annotated

import typer

from commands.output import say
from rulebook.errors import RuleErrors, report
from rulebook.loader import load_files
from training_rules.compiler import compile_rules
from training_rules.timelines import read_timelines


def check(
    paths: Annotated[list[Path], typer.Argument(help="Rule files, or folders that hold some (every *.yaml below them).")],
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
) -> None:
    """Check rules. Exits with 0 when they can run, with 1 when they can't; each fault is shown with its place and what to write instead."""
    try:
        ruleset, warnings = load_files(paths)
        read_timelines(ruleset)
    except RuleErrors as e:
        say(str(e))
        raise typer.Exit(1) from None
    rules = compile_rules(ruleset)
    if warnings:
        say(report(warnings))
    if warnings and strict:
        raise typer.Exit(1)
    segments, nudges, tests = len(rules.segments), sum(r.nudge for r in rules.rules), len(ruleset.tests)
    say(f"rule set {rules.version} is fine: {segments} segments, {nudges} nudges, {tests} tests")
