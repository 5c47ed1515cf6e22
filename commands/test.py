"""`nudgeline test`: run the tests that stand in rule files, and show what no test notices."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree as ET

import typer
from rich.console import Console
from rich.progress import track

from commands.output import note, say
from rulebook.errors import RuleErrors
from rulebook.loader import NoRules, load_files, rule_files
from rulebook.model import RuleSet
from rulebook.timeline import Timeline
from rulebook.units import counted
from training_rules.mutants import mutants, noticed
from training_rules.timelines import TestResult, read_timelines, run_tests

Stamps = dict[Path, tuple[int, int, int]]
#: Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def test(
    paths: Annotated[list[Path], typer.Argument(help="Rule files, or folders that hold some (every *.yaml below them).")],
    only: Annotated[str, typer.Option("-k", help="Run only the tests whose name contains this.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show failures and the last line only.")] = False,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Then change thresholds, windows, clauses and events one at a time, and list what no test notices.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Run again whenever a rule file changes, until Ctrl-C.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write the results to this file as JUnit XML.")] = None,
) -> None:
    """Run the in-file tests of rules. Exits with 0 when all pass, 1 when one fails or there is none, or when `--mutate` finds something."""
    seen = _stamps(paths)
    fine = _run(paths, only, junit, quiet=quiet, mutate=mutate)
    if watch:
        for _ in _changes(paths, seen):
            note("")
            try:
                _run(paths, only, junit, quiet=quiet, mutate=mutate)
            except (NoRules, FileNotFoundError) as error:  # gone for the moment in which an editor saves it
                say(str(error))
    raise typer.Exit(0 if fine else 1)


def _changes(paths: list[Path], seen: Stamps) -> Iterator[None]:
    """Whenever the rule files among the paths are not those that were `seen`. Folders are watched: editors put a new file in the place of the old one, and
    what was watched is gone; and files are looked at every second, since a change may come before the watch begins."""
    from watchfiles import watch

    for _ in watch(*{p if p.is_dir() else p.resolve().parent for p in paths}, yield_on_timeout=True, rust_timeout=1000):
        if (now := _stamps(paths)) != seen:
            seen = now
            yield


def _stamps(paths: list[Path]) -> Stamps:
    """When each rule file was written, and how long it is; empty where there is none for the moment."""
    try:
        return {path: (at.st_mtime_ns, at.st_ino, at.st_size) for path in rule_files(paths) for at in [path.stat()]}
    except (NoRules, FileNotFoundError):
        return {}


def _run(paths: list[Path], only: str, junit: Path | None, *, quiet: bool, mutate: bool) -> bool:
    """One run of everything; whether all is well."""
    began = time.monotonic()
    try:
        ruleset, _ = load_files(paths)
        timelines = [t for t in read_timelines(ruleset) if only.lower() in t.name.lower()]
    except RuleErrors as e:
        say(str(e))
        return False
    results = list(run_tests(ruleset, timelines))
    for result in results:
        if not result.passed:
            say(f"FAILED  {result.name}\n{result.story()}")
        elif not quiet:
            say(f"ok      {result.name}")
    failed = sum(not result.passed for result in results)
    if junit is not None:
        _write_junit(junit, results, time.monotonic() - began)
    say(_summary(len(results), failed, only))
    fine = bool(results) and not failed
    return _mutate(ruleset, timelines) if mutate and fine else fine


def _summary(count: int, failed: int, only: str) -> str:
    if not count:
        return f"no test's name contains {only!r}" if only else "these rules have no tests; add some under `tests:`"
    return f"{count - failed} passed, {failed} failed"


def _mutate(ruleset: RuleSet, timelines: list[Timeline]) -> bool:
    """List the changes that no test notices."""
    changes, console = list(mutants(ruleset)), Console(stderr=True)
    missed = [m for m in track(changes, "changing rules", console=console, transient=True) if not noticed(m, timelines)]
    for m in missed:
        say(f"{m.span}  in {m.definition}: {m.change}; no test notices")
    say(f"{counted(len(changes), 'change')}, {len(changes) - len(missed)} noticed, {len(missed)} not")
    return not missed


def _write_junit(path: Path, results: list[TestResult], seconds: float) -> None:
    """The form that CI servers read (the schema of Jenkins' xunit plugin)."""
    failed = sum(not r.passed for r in results)

    def clean(text: str) -> str:
        return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)

    suite = ET.Element("testsuite", name="nudgeline", tests=str(len(results)), failures=str(failed), time=f"{seconds:.3f}")
    for result in results:
        line, _ = result.span.file.position(result.span.start)
        case = ET.SubElement(suite, "testcase", classname=result.span.file.path, name=clean(result.name), file=result.span.file.path, line=str(line))
        if not result.passed:
            wrong = next(row for row in result.rows if row.wrong)
            ET.SubElement(case, "failure", message=clean(f"{wrong.span}: {wrong.wrong}")).text = clean(result.story())
    try:
        ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--junit") from error
