"""What is wrong in a rule file: a code, one plain sentence, the place, and text to paste."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from typing import Any

_LINE_END = re.compile(r"\r\n?|\n")
#: What is shown of a longer line (characters), and of that at most how much before the place.
WIDEST, BEFORE = 200, 60
#: A longer word was not misspelled.
LONGEST_WORD = 80


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class SourceFile:
    """One rule file: its path as the user wrote it, and its text; `named` is False where it was only found in a folder. `parsed` keeps trees of what
    stands at a place in it for as long as the file is kept."""

    path: str
    text: str
    named: bool = True
    parsed: dict[tuple[str, int, int], Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset."""
        line = bisect_right(self._starts, offset) - 1
        return line + 1, offset - self._starts[line] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its end."""
        starts = [*self._starts[number - 1 : number + 1], None]
        return self.text[starts[0] : starts[1]].rstrip("\r\n") if starts[0] is not None else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file: character offsets, end exclusive."""

    file: SourceFile
    start: int
    end: int

    def __str__(self) -> str:
        line, column = self.file.position(self.start)
        return f"{self.file.path}:{line}:{column}"


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    message: str
    span: Span
    where: str = ""
    help: str = ""
    severity: Severity = Severity.ERROR
    other: Span | None = None

    def __str__(self) -> str:
        return render(self)


@dataclass
class Faults:
    """Collects all faults of one run, in the order found."""

    found: list[Fault] = field(default_factory=list)
    where: str = ""

    def error(self, code: str, message: str, span: Span, *, help: str = "", other: Span | None = None) -> None:
        self.found.append(Fault(code, message, span, self.where, help, Severity.ERROR, other))

    def warn(self, code: str, message: str, span: Span, *, help: str = "") -> None:
        self.found.append(Fault(code, message, span, self.where, help, Severity.WARNING))

    @property
    def errors(self) -> list[Fault]:
        return [f for f in self.found if f.severity is Severity.ERROR]


def render(fault: Fault) -> str:
    """The fault as `check` prints it: heading, place, the line with carets, help."""
    where = f"  in {fault.where}" if fault.where else ""
    lines = [f"{fault.severity}[{fault.code}]: {fault.message}", f"  --> {fault.span}{where}", *_excerpt(fault.span)]
    if fault.other is not None:
        lines += [f"  and {fault.other}", *_excerpt(fault.other)]
    if fault.help:
        lines.append(f"   = help: {fault.help}")
    return "\n".join(lines)


def _excerpt(span: Span) -> list[str]:
    number, column = span.file.position(span.start)
    text, column = _shown(span.file.line(number), column)
    width = max(1, min(span.end - span.start, len(text) - column + 1))
    pad = "".join("\t" if c == "\t" else " " for c in text[: column - 1])
    margin = " " * max(3, len(str(number)) + 2)
    return [f"{margin}|", f"{number:>{len(margin) - 1}} | {text}", f"{margin}| {pad}{'^' * width}"]


def _shown(text: str, column: int) -> tuple[str, int]:
    """A line that can be read, and the column in it: of a very long one what stands around the place."""
    if len(text) <= WIDEST:
        return text, column
    first = max(0, column - 1 - BEFORE)
    cut = text[first : first + WIDEST]
    before, after = "…" * (first > 0), "…" * (first + WIDEST < len(text))
    return f"{before}{cut}{after}", column - first + len(before)


def close_word(word: str, known: Iterable[str]) -> str:
    """The known word that is spelled most like `word`; empty where none is."""
    if len(word) > LONGEST_WORD:
        return ""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A help text naming the closest known word, or listing them when they are few."""
    words = sorted(set(known))
    if close := close_word(word, words):
        return f"did you mean `{close}`?"
    return f"one of: {', '.join(words)}" if 0 < len(words) <= 12 else ""
