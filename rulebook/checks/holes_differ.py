"""The languages of a message fill different holes.

One language tells the partner something that the other does not. Usually a translation fell behind.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.holes import template
from rulebook.model import RuleSet

CODE, SEVERITY = "W441", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for message in rules.messages.values():
        holes = {lang: frozenset((*template(t.title).names(), *template(t.body).names())) for lang, t in message.texts.items()}
        every = frozenset().union(*holes.values())
        for lang, found in holes.items():
            if found != every:
                listed = ", ".join(f"{{{h}}}" for h in sorted(every - found))
                yield fault(CODE, SEVERITY, f"the text in {lang} leaves out {listed}", message.texts[lang].span or message.span, f"message {message.name}", "other languages have it: add it, or leave it out of all")
