"""The holes of messages: `{name}`, and `{name, plural, one {# order} other {# orders}}`, the plural argument of ICU MessageFormat and nothing else of it
(Unicode Technical Standard 35, part 9). `#` is the number, and a form may have plain holes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

CATEGORIES = ("zero", "one", "two", "few", "many", "other")
EXAMPLE = "{n, plural, one {# order} other {# orders}}"
_MOST = 10  # problems of one text
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_UNTIL, _PLAIN, _PLAIN_IN_FORM = re.compile(r"[^{},]*"), re.compile(r"[^{}]+"), re.compile(r"[^{}#]+")
_CATEGORY, _SPACE = re.compile(r"[^\s{}]+"), re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Hole:
    """One hole; `forms` by category, or by `=0` for exactly that number, empty where it is a plain one. `at`: the character it begins with."""

    name: str
    forms: Mapping[str, Parts] = field(default_factory=dict)
    at: int = field(default=0, compare=False)


Parts = tuple["str | Hole", ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is no hole in a text, and what to write. `at` and `end`: from and up to which character."""

    message: str
    help: str
    at: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """A text read: what stands in it, and what of it can't be read."""

    parts: Parts
    problems: tuple[Problem, ...] = ()

    def holes(self) -> Iterator[Hole]:
        """Every hole, those within plural forms after their plural."""
        return _holes(self.parts)

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(hole.name for hole in self.holes()))

    def longest(self) -> int:
        """How many characters it has where each plural takes its longest form; a plain hole counts as it is written."""
        return _longest(self.parts)


def _holes(parts: Parts) -> Iterator[Hole]:
    for hole in (p for p in parts if isinstance(p, Hole)):
        yield hole
        for form in hole.forms.values():
            yield from _holes(form)


def _longest(parts: Parts) -> int:
    return sum(len(p) if isinstance(p, str) else max(map(_longest, p.forms.values()), default=len(p.name) + 2) for p in parts)


@lru_cache(maxsize=256)
def template(text: str) -> Template:
    """Read a text; never raises. What is no hole is left out of the parts, and told."""
    return _Reader(text).read()


class _Broken(Exception):
    """`at`: where the hole that can't be read begins; -1 until it is known."""

    def __init__(self, message: str, help: str, at: int = -1) -> None:
        self.message, self.help, self.at = message, help, at


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def read(self) -> Template:
        parts, problems = list[str | Hole](), list[Problem]()
        while self.at < len(self.text) and len(problems) < _MOST:
            start = self.at
            try:
                self.parts(parts, "")
            except _Broken as broken:
                self.skip(begin := max(start, broken.at))
                problems.append(Problem(broken.message, broken.help, begin, self.at))
        return Template(tuple(parts), tuple(problems))

    def skip(self, start: int) -> None:
        """On after the brace that closes the one at `start`, or to the end of the text."""
        depth, self.at = 0, start
        while self.at < len(self.text):
            depth += {"{": 1, "}": -1}.get(self.text[self.at], 0)
            self.at += 1
            if depth <= 0:
                return

    def parts(self, found: list[str | Hole], plural: str) -> None:
        """What stands up to the end; within a form of the hole `plural` up to its `}`."""
        while self.at < len(self.text):
            match self.text[self.at]:
                case "{":
                    found.append(self.whole(plural))
                case "}" if plural:
                    return
                case "}":
                    raise _Broken("there is a `}` without its `{`", "a text has braces around holes only, such as `{first_name}`", self.at)
                case "#" if plural:
                    found.append(Hole(plural, at=self.at))
                    self.at += 1
                case _:
                    found.append(self.take(_PLAIN_IN_FORM if plural else _PLAIN))

    def take(self, what: re.Pattern[str]) -> str:
        taken = what.match(self.text, self.at)
        self.at = taken.end() if taken else self.at
        return taken[0] if taken else ""

    def whole(self, plural: str) -> Hole:
        """A hole; where it can't be read, what is thrown knows the begin of the outermost."""
        start = self.at
        try:
            return self.hole(plural)
        except _Broken as broken:
            broken.at = start
            raise

    def hole(self, plural: str) -> Hole:
        start = self.at
        self.at += 1
        name = self.take(_UNTIL).strip()
        if self.at == len(self.text) or self.text[self.at] == "{":
            raise _Broken(f"`{_short(self.text[start:])}`: a hole begins, and does not end", f"write `{{{_as_name(name)}}}`")
        if not _NAME.match(name):
            raise _Broken(f"`{{{_short(name)}}}` is no hole", f"a hole is one name, such as `{{{_as_name(name)}}}`; for plurals: `{EXAMPLE}`")
        self.at += 1
        if self.text[self.at - 1] == "}":
            return Hole(name, at=start)
        word = self.take(_UNTIL).strip()
        if word != "plural" or self.text[self.at : self.at + 1] != ",":
            raise _Broken(f"`{{{name}, {_short(word)}`: after a comma a hole has `plural`", f"write `{EXAMPLE}`")
        if plural:
            raise _Broken(f"`{{{name}, plural, ...}}` stands within a form of `{{{plural}}}`", "write two holes, one after the other")
        self.at += 1
        return Hole(name, self.forms(name), start)

    def forms(self, name: str) -> dict[str, Parts]:
        found: dict[str, Parts] = {}
        while True:
            self.take(_SPACE)
            category = self.take(_CATEGORY)
            if not category and self.text[self.at : self.at + 1] == "}" and found:
                self.at += 1
                return found
            self.take(_SPACE)
            if not category or self.text[self.at : self.at + 1] != "{":
                raise _Broken(f"the plural of `{{{name}}}` ends too early, or has a form without its braces", f"write `{EXAMPLE}`")
            if category in found:
                raise _Broken(f"the plural of `{{{name}}}` has the form `{category}` twice", "leave one of them out")
            self.at += 1
            parts: list[str | Hole] = []
            self.parts(parts, name)
            if self.at == len(self.text):
                raise _Broken(f"the form `{category}` of `{{{name}}}` does not end", f"write `{EXAMPLE}`")
            self.at += 1
            found[category] = tuple(parts)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def _as_name(text: str) -> str:
    """The text as a name that a hole could have."""
    words = re.sub(r"[^A-Za-z0-9_]+", "_", text.strip()).strip("_")
    return words if _NAME.match(words) and len(words) <= 40 else "first_name"
