"""`nudgeline rules`: rule sets come into force, and go, while workers run."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer

from analysis.cost import restarts
from commands.output import note, say
from events.time import seconds
from rulebook.loader import NoRules, load_texts
from rulebook.units import counted
from streams.changes import history as changes_of
from streams.changes import product, whose
from streams.errors import RulesCrossed, RulesRefused, StreamsError
from streams.pushing import current, difference, pause, pauses, push, rollback, texts
from streams.settings import Settings, load
from training_rules import compile_rules

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Put rules in force while workers run, see what was in force when, and go back.")
#: A change is dated so far ahead at most (s): whatever comes after it holds only from then on.
FURTHEST = 7 * 86_400.0

Paths = Annotated[list[Path], typer.Argument(help="Rule files, or folders that hold some (every *.yaml below them).")]
Note = Annotated[str, typer.Option(help="Why: it stands in the history.")]
At = Annotated[str | None, typer.Option(metavar="TIME", help="From when it holds: RFC 3339 with an offset, or seconds since the epoch. Otherwise at once, which is in a second.")]
Bootstrap = Annotated[str | None, typer.Option(help="Kafka's address, HOST:PORT; otherwise NUDGELINE_BROKERS.")]


@app.command("push")
def push_rules(
    paths: Paths, why: Annotated[str, typer.Option("--note", help="Why: it stands in the history.")] = "", at: At = None,
    if_changed: Annotated[bool, typer.Option("--if-changed", help="Do nothing where this very set was pushed last.")] = False, bootstrap: Bootstrap = None,
) -> None:
    """Check rules and run their tests, as `check` and `test` do; then put them in force for all workers, in place of all that is in force: what is not in these files is gone, and what goes is told."""
    settings = load(brokers=bootstrap)
    pushed(settings, texts(paths), why, at, if_changed=if_changed)


def pushed(settings: Settings, files: dict[str, str], why: str, at: str | None, *, if_changed: bool) -> None:
    """Push, and say so."""
    before = _last(settings)
    if if_changed and before is not None and before.files == files:
        note(f"rule set {before.version} was pushed already")
        return
    event = push(settings, files, note=why, at=_moment(settings, at))
    _told(settings, event)
    for line in () if before is None else difference(before, files, event.paused).lines():
        note(line)


def _last(settings: Settings) -> Any:
    try:
        return current(settings)[1]
    except RulesRefused:
        return None


@app.command()
def history(bootstrap: Bootstrap = None) -> None:
    """Every change that was asked for, the latest last: from when it holds, version, verb, who, why."""
    known, _ = current(load(brokers=bootstrap))
    for event in known:
        off = f"; paused: {', '.join(event.paused)}" if event.paused else ""
        say(f"{_time(event.occurred_at)}  {event.version}  {event.verb:<8}  {event.author}  {event.note}{off}".rstrip())


@app.command()
def diff(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders to compare with what is in force; otherwise the change before the last is.")] = None,
    version: Annotated[str, typer.Option(help="Compare with this version, or one that begins so, instead of the last.")] = "",
    bootstrap: Bootstrap = None,
) -> None:
    """What would change: definitions added, removed and changed, and what of the partners' state begins anew."""
    known, last = current(load(brokers=bootstrap))
    files, paused = (texts(paths), last.paused) if paths else (last.files, last.paused)
    before = _of_version(known, version) if version else last if paths else _before(known)
    lines = difference(before, files, paused).lines()
    for line in lines or ["nothing changes"]:
        say(line)
    if lines:
        old, new = (compile_rules(load_texts(f, paused=p)[0]) for f, p in ((before.files, before.paused), (files, paused)))
        for line in restarts(old, new).lines():
            note(line)
    for line in paused_of(known):
        note(line)


def _before(known: list[Any]) -> Any:
    if len(known) < 2:
        raise RulesRefused("there is one version only; give files to compare with it")
    return known[-2]


def _of_version(known: list[Any], version: str) -> Any:
    for event in reversed(known):
        if event.version.startswith(version):
            return event
    raise RulesRefused(f"no version that begins with {version} was ever pushed")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go: a folder that is new or empty.")],
    version: Annotated[str, typer.Option(help="This version, or the last that begins so, instead of what is in force.")] = "", bootstrap: Bootstrap = None,
) -> None:
    """Write the rule files of the set that is in force into a folder, as they were pushed: after a rollback, or when nobody knows whose files run. What is paused stays in the history."""
    known, last = current(load(brokers=bootstrap))
    event = _of_version(known, version) if version else last
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise typer.BadParameter(f"{folder} is there, and not an empty folder", param_hint="FOLDER")
    for name, text in event.files.items():
        file = folder / inside(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    say(event.version)
    note(f"{counted(len(event.files), 'file')} of rule set {event.version} ({event.verb}, in force from {_time(event.occurred_at)} on) written to {folder}")


def inside(name: str) -> Path:
    """Where a file of a set lies below the folder that it is written to, whatever its name was where it was pushed."""
    return Path(*(part for part in PurePosixPath(name).parts if part not in ("/", "..", ".")))


@app.command("rollback")
def roll_back(
    version: Annotated[str, typer.Argument(help="The version to go back to, or how it begins; otherwise the one before the last.")] = "",
    why: Annotated[str, typer.Option("--note", help="Why: it stands in the history.")] = "", at: At = None, bootstrap: Bootstrap = None,
) -> None:
    """Put an earlier set in force again: one more change, and the history stays. What is paused stays so."""
    settings = load(brokers=bootstrap)
    _told(settings, rollback(settings, version, note=why, at=_moment(settings, at)))


@app.command("pause")
def pause_rule(
    rule: Annotated[str, typer.Argument(help="A nudge rule.")], why: Annotated[str, typer.Option("--note", help="Why: it stands in the history.")] = "",
    at: At = None, bootstrap: Bootstrap = None,
) -> None:
    """Turn one nudge rule off. It goes on counting, and what it would have sent is in the ledger (held, mode_off)."""
    settings = load(brokers=bootstrap)
    _told(settings, pause(settings, rule, off=True, note=why, at=_moment(settings, at)))


@app.command()
def resume(
    rule: Annotated[str, typer.Argument(help="A nudge rule that is paused.")], why: Annotated[str, typer.Option("--note", help="Why: it stands in the history.")] = "",
    at: At = None, bootstrap: Bootstrap = None,
) -> None:
    """Turn a paused rule on again."""
    settings = load(brokers=bootstrap)
    _told(settings, pause(settings, rule, off=False, note=why, at=_moment(settings, at)))


@app.command()
def watch(paths: Paths, bootstrap: Bootstrap = None) -> None:
    """Push rules whenever their files are others than those pushed last, until Ctrl-C: for one machine. A set with faults is told, and what ran runs on."""
    from watchfiles import watch as changes

    settings, seen = load(brokers=bootstrap), dict[str, str]()
    folders = {p if p.is_dir() else p.resolve().parent for p in paths}
    for _ in changes(*folders, yield_on_timeout=True, rust_timeout=500, debounce=200, step=50):
        try:
            if (files := texts(paths)) != seen:
                if seen or not _replaced(settings, files):
                    pushed(settings, files, "the folder changed", None, if_changed=True)
                seen = files
        except NoRules:
            continue  # gone for the moment in which an editor saves it
        except RulesRefused as error:
            note(f"these rules are refused, and what ran runs on:\n{error}")
            seen = files
        except RulesCrossed as crossed:
            note(str(crossed))
            seen = files
        except StreamsError as error:  # it is tried again
            note(f"nudgeline: {error}")


def _replaced(settings: Settings, files: dict[str, str]) -> bool:
    """Whether these rules were in force once, and others were put in their place: a restart is no reason to put them back. It is said."""
    known = changes_of(settings)
    if not any(event.files == files for event in known) or (last := known[-1]).files == files:
        return False
    note(f"these rules were in force before {last.version} ({whose(last)}, {_time(last.occurred_at)}), which runs on; change a file, or `nudgeline rules push` them, to put them in force again")
    return True


def _moment(settings: Settings, at: str | None) -> float | None:
    if at is None:
        return None
    try:
        found = seconds(float(at) if at.replace(".", "", 1).isdigit() else at)
    except ValueError as e:
        raise typer.BadParameter(str(e), param_hint="--at") from e
    ahead = found - time.time()
    if settings.clock == "wall" and not 0.0 <= ahead <= FURTHEST:
        said = "is past: leave it out, and the rules hold at once" if ahead < 0 else "is more than a week ahead, and nothing could be changed before it"
        raise typer.BadParameter(f"{at} {said}", param_hint="--at")
    return found


def _told(settings: Settings, event: Any) -> None:
    say(event.version)
    off = f", {counted(len(event.paused), 'rule')} paused" if event.paused else ""
    note(f"rule set {event.version} is in force from {_time(event.occurred_at)} on{off}")
    if event.judged_by != product():
        note(f"nudgeline {event.judged_by} judged these rules, and workers of another version do it anew: where one refuses them, what ran goes on as it was (`rule_sets.refused`)")
    for line in paused_of(changes_of(settings)):
        note(line)


def paused_of(known: Sequence[Any]) -> list[str]:
    """What is paused in the end of a history, since when, by whom and why."""
    return [
        f"{rule} is paused since {_time(event.occurred_at)}{f' by {event.author}' if event.author else ''}{f': {event.note}' if event.note else ''}; `nudgeline rules resume {rule}` turns it on"
        for rule, event in sorted(pauses(known).items())
    ]


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}Z"
