"""Files to one rule set. All or nothing: with any error there is no rule set, and every fault is reported in one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

from events.errors import NudgelineError
from rulebook.checks import findings
from rulebook.checks.context import Context
from rulebook.errors import RuleErrors
from rulebook.faults import Fault, Faults, SourceFile, Span, did_you_mean
from rulebook.fields import as_mapping, as_sequence
from rulebook.links import link
from rulebook.model import Policy, RuleSet, TimelineTest
from rulebook.names import event_types
from rulebook.reader import FILE_KEYS, READERS, SECTIONS, plain, read_policy, read_test, version_of
from rulebook.snooze import awake
from rulebook.source import Mapping, Scalar, compose


class NoRules(NudgelineError):
    """The path holds no rule file."""


def rule_files(paths: Iterable[str | Path]) -> list[Path]:
    """The `*.yaml` files of the given files and folders, sorted. Raises NoRules where there is none."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(p for p in path.rglob("*.y*ml") if p.suffix in (".yaml", ".yml"))
        elif path.is_file():
            found.append(path)
        else:
            raise NoRules(f"there is no rule file or folder at {path}; give a .yaml file or a folder that holds some")
    if not found:
        raise NoRules(f"no *.yaml file in {', '.join(map(str, paths))}; a rule set is every *.yaml in the folder")
    return found


def load_files(paths: Iterable[str | Path], context: Context | None = None) -> tuple[RuleSet, list[Fault]]:
    """The rule set of files and folders, and its warnings. Raises RuleErrors with all faults, NoRules where nothing is found."""
    faults = Faults()
    files = [file for path in rule_files(paths) if (file := _open(path, faults)) is not None]
    return _assemble(files, faults, context)


def read_text(text: str, path: str = "rules.yaml", context: Context | None = None) -> tuple[RuleSet, list[Fault]]:
    """The rule set of one text, as `load_files` gives it."""
    return _assemble([SourceFile(path, text)], Faults(), context)


def _open(path: Path, faults: Faults) -> SourceFile | None:
    raw = path.read_bytes()
    try:
        return SourceFile(str(path), raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as e:
        file = SourceFile(str(path), raw[: e.start].decode("utf-8", "replace"))
        faults.error("E101", "the file is not UTF-8 text", Span(file, len(file.text), len(file.text) + 1), help="save it as UTF-8")
        return None


def _assemble(files: Sequence[SourceFile], faults: Faults, context: Context | None) -> tuple[RuleSet, list[Fault]]:
    book = _Book(faults)
    for file in files:
        root = compose(file, faults)
        if root is not None:
            book.read(root)
    rules = book.rule_set()
    link(rules, faults)
    context = context or Context()
    if not faults.errors:  # what can't be read can't be judged
        faults.found += findings(rules, context)
    found = list(awake(faults.found, context.today))
    if faults.errors:
        raise RuleErrors(found)
    return rules, found


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

    def read(self, root: Mapping) -> None:
        for key, node in root:
            if key.value not in FILE_KEYS:
                self.faults.error("E200", f"unknown section `{key.value}`", key.span, help=did_you_mean(key.value, FILE_KEYS))
            elif key.value in SECTIONS:
                self._section(key.value, as_mapping(node, self.faults, f"`{key.value}`"))
            elif key.value == "policy":
                self._policy(key.span, read_policy(node, self.faults), plain(node))
            elif key.value == "tests":
                self._tests(node)
        self._version(root)
        owner = root.get("owner")
        self.owners[root.span.file.path] = owner.value if isinstance(owner, Scalar) else ""

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

    def rule_set(self) -> RuleSet:
        policy = self.policy[0] if self.policy else Policy()
        return RuleSet(version_of(self.raw), policy=policy, tests=tuple(self.tests), owners=self.owners, **self.sections)
