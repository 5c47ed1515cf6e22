"""Expression text to tokens, each with its place in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rulebook.faults import SourceFile, Span

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<clock>\d{1,2}:\d{2}(?!\d))
    |(?P<number>\d+(?:\.\d+)?(?:%|[A-Za-z]+)?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>"[^"\n]*"|'[^'\n]*')
    |(?P<operator><=|>=|==|!=|[<>+\-*/().|])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # number, clock, word, text, operator, end, bad
    text: str
    span: Span


def tokens(text: str, file: SourceFile, offset: int) -> list[Token]:
    """The tokens of `text`, which begins at `offset` of `file`; ends with one of kind `end`. What can't be read is of kind `bad`."""
    found, at = [], 0
    while at < len(text):
        m = _TOKEN.match(text, at)
        end = m.end() if m else at + 1
        if m is None or m.lastgroup != "space":
            kind = str(m.lastgroup) if m else "bad"
            found.append(Token(kind, text[at:end], Span(file, offset + at, offset + end)))
        at = end
    last = offset + len(text.rstrip())
    found.append(Token("end", "", Span(file, last, last + 1)))
    return found
