"""Files to one rule set. All or nothing: with any error there is no rule set, and every fault is reported in one run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

from events.errors import NudgelineError
from rulebook.checks import findings
from rulebook.checks.circles import in_a_circle
from rulebook.checks.context import Context
from rulebook.errors import RuleErrors
from rulebook.faults import Fault, Faults, Severity, SourceFile, Span, did_you_mean
from rulebook.fields import as_mapping, as_sequence
from rulebook.links import linked
from rulebook.model import Policy, RuleSet, TimelineTest
from rulebook.names import event_types
from rulebook.reader import FILE_KEYS, READERS, SECTIONS, read_policy, read_test
from rulebook.snooze import awake
from rulebook.source import MAX_BYTES, Mapping, Scalar, compose
from rulebook.syntax import Aggregate, CohortPct, Expr, MetricCall, references
from rulebook.versions import plain, version_of

#: How YAML spells that there is no value.
NULLS = ("", "~", "null", "Null", "NULL")
#: What the definitions of a section are called where they are used, if not by its singular.
_NOUNS = {"places": "places", "patterns": "event"}


class NoRules(NudgelineError):
    """The path holds no rule file."""


def rule_files(paths: Iterable[str | Path]) -> dict[Path, bool]:
    """The given files, and the `*.yaml` of the given folders, each once; with it whether it was given by name. Raises NoRules where there is none."""
    found: dict[str, tuple[Path, bool]] = {}
    for path in (several := [Path(p) for p in paths]):
        if path.is_dir():
            for file in _below(path):
                found.setdefault(os.path.realpath(file), (file, False))
        elif path.is_file():
            found[os.path.realpath(path)] = path, True
        else:
            raise NoRules(f"there is no rule file or folder at {path}; give a .yaml file or a folder that holds some")
    if not found:
        raise NoRules(f"no *.yaml file in {', '.join(map(str, several))}; a rule set is every *.yaml in the folder")
    return dict(found.values())


def _below(folder: Path) -> Iterator[Path]:
    """The `*.yaml` and `*.yml` of a folder and those below it, sorted; what begins with a dot is not for people and is left alone."""

    def refuse(error: OSError) -> None:
        raise NoRules(f"the folder {error.filename} cannot be read: {error.strerror}") from error

    found: list[Path] = []
    for at, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(at, name) for name in names if name.endswith((".yaml", ".yml")) and not name.startswith(".")]
    yield from sorted(found)


def load_files(paths: Iterable[str | Path], context: Context | None = None) -> tuple[RuleSet, list[Fault]]:
    """The rule set of files and folders, and its warnings. Raises RuleErrors with all faults, NoRules where nothing is found."""
    faults = Faults()
    files = [file for path, named in rule_files(paths).items() if (file := _open(path, faults, named=named)) is not None]
    return _whole(*_assemble(files, faults, context))


def load_sources(paths: Iterable[str | Path]) -> list[SourceFile]:
    """The rule files as texts, for `read_sources`. Raises RuleErrors where one can't be read, NoRules where nothing is found."""
    faults = Faults()
    files = [file for path, named in rule_files(paths).items() if (file := _open(path, faults, named=named)) is not None]
    if faults.errors:
        raise RuleErrors(faults.found)
    return files


def read_sources(files: Sequence[SourceFile], context: Context | None = None) -> tuple[RuleSet, list[Fault]]:
    """The rule set of some texts, as `load_files` gives it."""
    return _whole(*_assemble(files, Faults(), context))


def examine(paths: Iterable[str | Path], context: Context | None = None) -> tuple[RuleSet, list[Fault]]:
    """What could be read of files and folders, and all faults of it: the set runs only where none of them is an error. Raises NoRules."""
    faults = Faults()
    files = [file for path, named in rule_files(paths).items() if (file := _open(path, faults, named=named)) is not None]
    return _assemble(files, faults, context)


def read_text(text: str, path: str = "rules.yaml", context: Context | None = None) -> tuple[RuleSet, list[Fault]]:
    """The rule set of one text, as `load_files` gives it."""
    return _whole(*examine_text(text, path, context))


def load_texts(files: dict[str, str], context: Context | None = None, paused: Iterable[str] = ()) -> tuple[RuleSet, list[Fault]]:
    """The rule set of texts by the names of their files, with these nudge rules paused; names that it does not have are no fault. What is paused is part of the version."""
    rules, found = _whole(*_assemble([SourceFile(name, _with_plain_ends(text)) for name, text in sorted(files.items())], Faults(), context))
    return paused_in(rules, paused), found


def definitions(files: dict[str, str]) -> dict[str, Any]:
    """What texts define, as plain data by `section.name`: two sets are told apart by it. What can't be read is not there."""
    book = _Book(Faults())
    for name, text in sorted(files.items()):
        if (root := compose(SourceFile(name, _with_plain_ends(text)), book.faults)) is not None:
            book.read(root)
    return book.raw


def paused_in(rules: RuleSet, names: Iterable[str]) -> RuleSet:
    """The same set with these of its nudge rules paused."""
    off = sorted({*names} & rules.nudges.keys())
    return replace(rules, paused=frozenset(off), version=version_of([rules.version, off])) if off else rules


def examine_text(text: str, path: str = "rules.yaml", context: Context | None = None) -> tuple[RuleSet, list[Fault]]:
    """What could be read of one text, and all faults of it, as `examine` gives them."""
    return _assemble([SourceFile(path, _with_plain_ends(text))], Faults(), context)


def _with_plain_ends(text: str) -> str:
    """Lines end as they do here, whatever system wrote them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unreadable(path: Path) -> str:
    """Why a file is not even opened; empty where it is. Raises OSError where it is not there."""
    if path.stat().st_size > 4 * MAX_BYTES:  # no character has more bytes
        return "the file is far too large: a rule set may be many files"
    return "" if path.is_file() else "this is no regular file"


def _whole(rules: RuleSet, found: list[Fault]) -> tuple[RuleSet, list[Fault]]:
    if any(f.severity is Severity.ERROR for f in found):
        raise RuleErrors(found)
    return rules, found


def _open(path: Path, faults: Faults, *, named: bool) -> SourceFile | None:
    try:
        if why := _unreadable(path):
            faults.error("E101", why, Span(SourceFile(str(path), ""), 0, 1), help="mend it, or take it out of the folder")
            return None
        raw = path.read_bytes()
        return SourceFile(str(path), _with_plain_ends(raw.decode("utf-8-sig")), named)
    except OSError as e:
        faults.error("E101", f"the file can't be read: {e.strerror}", Span(SourceFile(str(path), ""), 0, 1), help="mend it, or take it out of the folder")
        return None
    except UnicodeDecodeError as e:
        file = SourceFile(str(path), raw[: e.start].decode("utf-8", "replace"))
        faults.error("E101", "the file is not UTF-8 text", Span(file, len(file.text), len(file.text) + 1), help="save it as UTF-8")
        return None


def _assemble(files: Sequence[SourceFile], faults: Faults, context: Context | None) -> tuple[RuleSet, list[Fault]]:
    book = _Book(faults)
    roots = [root for file in files if (root := compose(file, faults)) is not None]
    for root in roots:
        book.read(root)
    rules, unread = book.rule_set(), bool(faults.errors)
    faults.found += book.not_caused(linked(rules))
    context, spoilt = context or Context(), {f.where for f in faults.errors}
    faults.found += (f for f in findings(rules, context, whole=not unread) if f.where not in spoilt)  # what can't be read can't be judged
    return rules, list(awake(faults.found, [root.span.file for root in roots], context.today))


def _metrics_in(expr: Expr | None) -> Iterator[str]:
    """The names of metrics that an expression reads, those within the `where` of its aggregates too."""
    for ref in references(expr) if expr is not None else ():
        match ref:
            case MetricCall(name) | CohortPct(MetricCall(name)):
                yield name
            case Aggregate(where=where):
                yield from _metrics_in(where)
            case _:
                pass


def _foreign(root: Mapping) -> bool:
    """Whether a file that lay in a folder is another program's: it says neither `version: 1` nor anything that a rule file has."""
    version = root.get("version")
    ours = isinstance(version, Scalar) and version.value == "1"
    return not ours and not any(root.get(key) is not None for key in (*SECTIONS, "policy", "tests"))


class _Book:
    """Gathers the definitions of all files; a name is defined once."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.sections: dict[str, dict[str, Any]] = {s: {} for s in SECTIONS}
        self.spans: dict[tuple[str, str], Span] = {}
        self.raw: dict[str, Any] = {}
        self.policy: tuple[Policy, Span] | None = None
        self.tests: list[TimelineTest] = []
        self.owners: dict[str, str] = {}
        self.unread: set[str] = set()

    def read(self, root: Mapping) -> None:
        if not root.span.file.named and _foreign(root):
            first = next(iter(root))[0].span if root.entries else root.span
            self.faults.warn("W291", "this is no rule file, and is left out", first, help="begin it with `version: 1`, or keep rules in a folder of their own")
            return
        for key, node in root:
            if key.value not in FILE_KEYS:
                self.faults.error("E200", f"unknown section `{key.value}`", key.span, help=did_you_mean(key.value, FILE_KEYS))
            elif isinstance(node, Scalar) and not node.value and not node.quoted and key.value in (*SECTIONS, "policy", "tests"):
                self.faults.error("E203", f"there is nothing under `{key.value}`", key.span, help="write something below it, or take it out")
            elif key.value in SECTIONS:
                self._section(key.value, as_mapping(node, self.faults, f"`{key.value}`"))
            elif key.value == "policy":
                self._policy(key.span, read_policy(node, self.faults), plain(node))
            elif key.value == "tests":
                self._tests(node)
        self._version(root)
        owner = root.get("owner")
        self.owners[root.span.file.path] = owner.value if isinstance(owner, Scalar) and (owner.quoted or owner.value not in NULLS) else ""

    def _version(self, root: Mapping) -> None:
        version = root.get("version")
        if version is None:
            first = Span(root.span.file, root.span.start, root.span.start + 1)
            self.faults.error("E202", "`version` is missing", first, help="begin the file with `version: 1`")
        elif plain(version) != "1":
            self.faults.error("E240", f"version `{plain(version)}` of the language is not known", version.span, help="write `version: 1`")

    def _section(self, section: str, mapping: Mapping | None) -> None:
        for key, node in mapping or ():
            self.faults.where = f"{section.removesuffix('s')} {key.value}"
            if (earlier := self.spans.get((section, key.value))) is not None:
                self.faults.error("E241", f"`{key.value}` is defined twice", key.span, other=earlier, help="one definition per name: rename or remove one")
                continue
            self.spans[section, key.value] = key.span
            self._name(section, key)
            definition = READERS[section](key, node, self.faults)
            if definition is not None:
                self.sections[section][key.value] = definition
                self.raw[f"{section}.{key.value}"] = plain(node)
            else:
                self.unread.add(f"unknown {_NOUNS.get(section, section.removesuffix('s'))} `{key.value}`")
        self.faults.where = ""

    def _name(self, section: str, key: Scalar) -> None:
        name = key.value
        if not name.isidentifier() or normalize("NFKC", name) != name:
            self.faults.error("E242", f"`{name}` is no name", key.span, help="letters, digits and `_`, a letter first, such as `new_struggling`")
        elif section == "patterns" and name in event_types():
            self.faults.error("E242", f"`{name}` is an event already", key.span, help="give the pattern a name of its own")

    def _policy(self, span: Span, policy: Policy, raw: object) -> None:
        if self.policy is not None:
            self.faults.error("E241", "`policy` is defined twice", span, other=self.policy[1], help="keep one for the whole rule set")
            return
        self.policy, self.raw["policy"] = (policy, span), raw

    def _tests(self, node: Any) -> None:
        listed = as_sequence(node, self.faults, "`tests`")
        for item in listed.items if listed else ():
            self.faults.where = f"test {len(self.tests) + 1}"
            if (test := read_test(item, self.faults)) is not None:
                self.tests.append(test)
        self.faults.where = ""

    def _leave_circles(self) -> None:
        """Metrics that are made of themselves are not read: what uses them would never be spelled out."""
        metrics = self.sections["metrics"]
        for name in list(in_a_circle({m.name: set(_metrics_in(m.value)) for m in metrics.values()})):
            self.faults.where = f"metric {name}"
            self.faults.error("E225", f"metric `{name}` is made of itself", metrics.pop(name).span, help="say in its `where` what is meant itself")
            self.unread.add(f"unknown metric `{name}`")
        self.faults.where = ""

    def not_caused(self, faults: Iterable[Fault]) -> list[Fault]:
        """Those that are more than the echo of a definition that could not be read."""
        return [f for f in faults if f.message not in self.unread]

    def rule_set(self) -> RuleSet:
        self._leave_circles()
        policy = self.policy[0] if self.policy else Policy()
        return RuleSet(version_of(self.raw), policy=policy, tests=tuple(self.tests), owners=self.owners, unread=frozenset(self.unread), paused=frozenset(), **self.sections)
