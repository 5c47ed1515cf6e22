"""`nudgeline test`: run the tests that stand in rule files."""

from pathlib import Path
from typing import Annotated

import typer

from commands.output import say
from rulebook.errors import RuleErrors
from rulebook.loader import load_files
from training_rules.timelines import read_timelines, run_tests


def test(
    paths: Annotated[list[Path], typer.Argument(help="Rule files, or folders that hold some (every *.yaml below them).")],
    only: Annotated[str, typer.Option("-k", help="Run only the tests whose name contains this.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show failures and the last line only.")] = False,
) -> None:
    """Run the in-file tests of rules. Exits with 0 when all pass, 1 when one fails or there is none."""
    try:
        ruleset, _ = load_files(paths)
        timelines = [t for t in read_timelines(ruleset) if only.lower() in t.name.lower()]
    except RuleErrors as e:
        say(str(e))
        raise typer.Exit(1) from None
    failed = 0
    for result in run_tests(ruleset, timelines):
        failed += not result.passed
        if result.passed and not quiet:
            say(f"ok      {result.name}")
        if not result.passed:
            say(f"FAILED  {result.name}\n" + "\n".join(f"  {f}" for f in result.failures))
    say(_summary(len(timelines), failed, only))
    raise typer.Exit(1 if failed or not timelines else 0)


def _summary(count: int, failed: int, only: str) -> str:
    if not count:
        return f"no test's name contains {only!r}" if only else "these rules have no tests; add some under `tests:`"
    return f"{count - failed} passed, {failed} failed"
