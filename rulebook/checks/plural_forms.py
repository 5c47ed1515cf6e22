"""A plural whose forms do not fit its language, or whose hole is no number.

The forms are named by the plural categories of Unicode CLDR: English and Hindi have `one` and `other`, Arabic all six; `=0` is a form for exactly that number. `other` is always needed: it is taken for what has no form of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity, Span, close_word
from rulebook.hole_values import PLAIN, measured
from rulebook.holes import CATEGORIES, Hole, template
from rulebook.model import Message, RuleSet
from rulebook.spelling import categories
from rulebook.units import Unit

CODE, SEVERITY = "E445", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for message in rules.messages.values():
        for lang, hole, at in _plurals(message):
            for said, instead in _wrong(hole, lang):
                yield fault(CODE, SEVERITY, f"{{{hole.name}}} ({lang}): {said}", at, f"message {message.name}", instead)
    for nudge in rules.nudges.values():
        if (sent := rules.messages.get(nudge.message)) is not None:
            units = measured(nudge, rules)
            for name, at in {hole.name: at for _, hole, at in reversed([*_plurals(sent)])}.items():
                if (unit := units.get(name, PLAIN).unit) is not Unit.NUMBER:
                    said = f"`{{{name}, plural, ...}}` of `{sent.name}` needs a number, and gets a {unit}"
                    yield fault(CODE, SEVERITY, said, at, f"nudge {nudge.name}", f"write `{{{name}}}`: the unit is spelled with the value", nudge.span)


def _plurals(message: Message) -> Iterator[tuple[str, Hole, Span]]:
    """Each plural of a message, its language, and where its name stands."""
    for lang, text in message.texts.items():
        for what, part in text.parts():
            for hole in template(part).holes():
                if hole.forms:
                    yield lang, hole, text.place(what, hole.at, 1 + len(hole.name)) or message.span


def _wrong(hole: Hole, lang: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the forms, and what to write."""
    has = categories(lang)
    for form in hole.forms:
        if form in has or re.fullmatch(r"=\d+", form):
            continue
        listed = f"in {lang} there are: {', '.join(has)}"
        close = close_word(form, CATEGORIES) if form not in CATEGORIES else ""
        said = f"`{form}` is no plural form" if form not in CATEGORIES else f"`{form}` is never used in {lang}"
        yield said, f"did you mean `{close}`? {listed}" if close else listed
    if "other" not in hole.forms:
        yield "there is no form `other`", f"add `other {{# ...}}`: in {lang} there are: {', '.join(has)}"
