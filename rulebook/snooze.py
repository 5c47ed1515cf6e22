"""`# allow W432 until 2026-12-01`: the warning is not shown until then. Errors can't be allowed.

Behind a line's text it is for that line; on lines of its own for the line below them. The same words in a text are text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from math import inf

import yaml

from rulebook import units
from rulebook.faults import Fault, Severity, SourceFile, Span
from rulebook.source import LOADER

_ALLOW = re.compile(r"#\s*allow\s+([EW]\d+)\b(?:\s+until\s+(\S+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Snooze:
    """One comment: `line` (from 1) is the one it speaks of, `until` a day (YYYY-MM-DD) or what stands there instead."""

    code: str
    until: str
    line: int
    span: Span

    @property
    def wrong(self) -> str:
        if not self.code.startswith("W"):
            return "only warnings can be allowed"
        return "" if units.day(self.until) else f"`{self.until}` is no day" if self.until else "it does not say until when"


def awake(faults: Iterable[Fault], files: Iterable[SourceFile], today: str) -> Iterator[Fault]:
    """Those that are not snoozed on `today` (YYYY-MM-DD); one whose snooze is over says so, and so does each snooze that says nothing.

    `files`: those that could be read as YAML.
    """
    snoozes = {file: list(_snoozes(file)) for file in files}
    for fault in faults:
        until = _snoozed_until(fault, snoozes.get(fault.span.file, [])) if fault.severity is Severity.WARNING else ""
        if not until:
            yield fault
        elif until <= today:
            yield replace(fault, message=f"{fault.message} (allowed until {until})")
    for snooze in (s for several in snoozes.values() for s in several if s.wrong):
        yield Fault("W293", f"this allows nothing: {snooze.wrong}", snooze.span, help="write `# allow W432 until 2026-12-01`", severity=Severity.WARNING)


def _snoozed_until(fault: Fault, snoozes: Iterable[Snooze]) -> str:
    line, _ = fault.span.file.position(fault.span.start)
    return max((s.until for s in snoozes if s.code == fault.code and s.line == line and not s.wrong), default="")


def _snoozes(file: SourceFile) -> Iterator[Snooze]:
    found = list(_ALLOW.finditer(file.text))
    texts, below = _texts(file) if found else [], dict[int, int]()
    for m in reversed(found):
        before = bisect_right(texts, (m.start(), inf)) - 1
        if before < 0 or texts[before][1] <= m.start():
            yield Snooze(m[1].upper(), m[2] or "", _spoken_of(file, m.start(), below), Span(file, *m.span()))


def _spoken_of(file: SourceFile, at: int, below: dict[int, int]) -> int:
    """The line that a comment speaks of: its own, or where it stands alone the next that is no comment. `below`: what that was for later comments."""
    first, column = file.position(at)
    line = first
    if not file.line(line)[: column - 1].strip():
        while file.line(line).lstrip().startswith("#") and (line == first or line not in below):
            line += 1
    below[first] = below.get(line, line)
    return below[first]


def _texts(file: SourceFile) -> list[tuple[int, int]]:
    """Where the scalars of a file stand, in order: a `#` in one is no comment."""
    found: list[tuple[int, int]] = []
    loader = LOADER(file.text)
    while loader.check_token():
        token = loader.get_token()
        if isinstance(token, yaml.ScalarToken):
            found.append((token.start_mark.index, _end(file, token)))
    return found


def _end(file: SourceFile, token: yaml.ScalarToken) -> int:
    """The end of a scalar; libyaml lets that of a block reach over the comments behind it, which are indented less than its text."""
    start, end = int(token.start_mark.index), int(token.end_mark.index)
    if token.style not in ("|", ">"):
        return end
    header, *lines = file.text[start:end].splitlines(keepends=True)
    indents = [len(line) - len(line.lstrip()) if line.strip() else None for line in lines]
    first = next((indent for indent in indents if indent is not None), 0)
    kept = takewhile(lambda found: found[1] is None or found[1] >= first, zip(lines, indents, strict=True))
    return start + len(header) + sum(len(line) for line, _ in kept)
