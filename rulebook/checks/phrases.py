"""Where messages say what presses. Words are regular expressions; of Hindi's letters with a dot below, some write it and some don't."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from unicodedata import normalize

from rulebook.faults import Span
from rulebook.model import Message, RuleSet


class Said(NamedTuple):
    """Words of a message that are of a kind, and where they stand."""

    kind: str
    words: str
    language: str
    message: Message
    at: Span


#: Letters of Devanagari with a dot: as two characters, and as one.
_DOTTED = {normalize("NFD", chr(code)): chr(code) for code in range(0x958, 0x960)}


def any_of(*phrases: str) -> re.Pattern[str]:
    """One pattern of several; `.` in `don.t` is any apostrophe."""
    pattern = normalize("NFC", "|".join(phrases))
    for two, one in _DOTTED.items():
        pattern = pattern.replace(two, f"(?:{two}?|{one})")
    return re.compile(pattern, re.IGNORECASE)


def said(rules: RuleSet, kinds: Mapping[str, re.Pattern[str]]) -> Iterator[Said]:
    """The first words of each kind in each part of each message."""
    for message in rules.messages.values():
        for lang, text in message.texts.items():
            for kind, phrase in kinds.items():
                for what, part in text.parts():
                    if found := phrase.search(part):
                        yield Said(kind, found[0], lang, message, text.place(what, found.start(), len(found[0])) or message.span)
