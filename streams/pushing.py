"""Putting rule sets in force: judged here first, then written for all workers. Nothing is written of a set that may not run."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rulebook.loader import definitions, load_texts, rule_files
from streams.changes import LEAD, after, change, history, put
from streams.errors import RulesRefused
from streams.judging import faults_of
from streams.settings import Settings


def texts(paths: Sequence[Path]) -> dict[str, str]:
    """The texts of rule files by their names; those of a folder by their place below it. Raises NoRules, and RulesRefused where one can't be read."""
    found = dict[str, str]()
    for path in rule_files(paths):
        root = next((p for p in paths if p.is_dir() and path.is_relative_to(p)), None)
        name = f"{root.name}/{path.relative_to(root).as_posix()}" if root is not None else path.name
        try:
            found[name if name not in found else path.as_posix()] = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as e:
            raise RulesRefused(f"{path} can't be read: {e}") from e
    return found


def push(settings: Settings, files: dict[str, str], *, at: float | None = None, note: str = "") -> Any:
    """Judge a rule set and put it in force from `at` (s since the epoch, event time; as soon as all workers can be ready where it is None). What was paused
    stays so, also while a set does not have it. Returns the change. Raises RulesRefused with all faults, RulesCrossed."""
    if faults := faults_of(files):
        raise RulesRefused(faults)
    known = history(settings)
    last = known[-1] if known else None
    return _write(settings, last, files, at, note, "push", last.paused if last is not None else ())


def _write(settings: Settings, last: Any, files: dict[str, str], at: float | None, note: str, verb: str, paused: Iterable[str], judged_by: str | None = None) -> Any:
    ruleset, _ = load_texts(files, paused=paused)
    event = change(ruleset.version, files, _moment(settings, last, at), judged_by, verb=verb, note=note[:200], author=_author(), paused=sorted(paused))
    put(settings, event, last)
    return event


def _moment(settings: Settings, last: Any, at: float | None) -> float:
    if at is None and settings.clock == "events":
        raise RulesRefused("with NUDGELINE_CLOCK=events time is that of the events: say from when the rules hold, with --at")
    if at is None:
        return after(last, round(time.time() + LEAD, 3))
    if last is not None and at <= last.occurred_at:
        raise RulesRefused(f"the last change holds from {last.occurred_at:.3f} on; one that is to follow it has to be later")
    return round(at, 3)


def _author() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return ""


def current(settings: Settings) -> tuple[list[Any], Any]:
    """The history, and the change that is in force or comes into force last. Raises RulesRefused where there was none."""
    known = history(settings)
    if not known:
        raise RulesRefused("nothing was pushed yet: workers run the files that they were started with; `nudgeline rules push PATH` puts some in force")
    return known, known[-1]


def rollback(settings: Settings, version: str = "", *, at: float | None = None, note: str = "") -> Any:
    """Put the rules of an earlier change in force again: of that version (its beginning will do), or the last that were others than now. What is paused stays so.
    Raises RulesRefused, RulesCrossed."""
    known, last = current(settings)
    running = definitions(last.files)
    target = next((e for e in reversed(known) if (e.version.startswith(version) if version else definitions(e.files) != running)), None)
    if target is None:
        raise RulesRefused(f"no version that begins with {version} was ever pushed" if version else "there is no earlier version to go back to")
    if definitions(target.files) == running:
        raise RulesRefused(f"the rules of version {target.version} are in force already{'; what is paused is turned on by `rules resume`' if last.paused else ''}")
    if faults := faults_of(target.files):
        raise RulesRefused(faults)
    return _write(settings, last, target.files, at, note, "rollback", last.paused)


def pause(settings: Settings, rule: str, *, off: bool, at: float | None = None, note: str = "") -> Any:
    """Turn one nudge rule off, or on again, one that the set has not at present too. It goes on counting meanwhile, and what it would have sent is in the ledger. The set
    itself counts as judged by who judged it. Raises RulesRefused, RulesCrossed."""
    _, last = current(settings)
    ruleset, _ = load_texts(last.files)
    if rule not in ruleset.nudges and (off or rule not in last.paused):
        raise RulesRefused(f"there is no nudge rule called {rule}; there are {', '.join(ruleset.nudges)}")
    if (rule in last.paused) is off:
        raise RulesRefused(f"{rule} is {'paused already' if off else 'not paused'}")
    paused = {*last.paused, rule} if off else {*last.paused} - {rule}
    return _write(settings, last, last.files, at, note, "pause" if off else "resume", paused, last.judged_by)


def pauses(known: Sequence[Any]) -> dict[str, Any]:
    """Of a history, oldest first: the rules that are paused in the end, each with the change that paused it."""
    found = dict[str, Any]()
    for event in known:
        found = {rule: found.get(rule, event) for rule in event.paused}
    return found


@dataclass(frozen=True)
class Difference:
    """What one set has that another has not, by `section.name`."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def lines(self) -> list[str]:
        """The same for people."""
        return [f"{word:<12} {name}" for word, names in (("added", self.added), ("removed", self.removed), ("changed", self.changed)) for name in names]


def difference(before: Any, after: dict[str, str], paused: Iterable[str] = ()) -> Difference:
    """Of the set of a change, and of files with these rules paused."""
    old = definitions(before.files) | {f"paused.{name}": True for name in before.paused}
    new = definitions(after) | {f"paused.{name}": True for name in paused}
    return Difference(
        tuple(sorted(new.keys() - old.keys())), tuple(sorted(old.keys() - new.keys())), tuple(sorted(name for name in old.keys() & new.keys() if old[name] != new[name]))
    )
