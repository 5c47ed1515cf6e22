"""Too long for a push message.

Phones cut titles after some 50 characters and bodies after some 178. What is cut is often what matters.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.holes import template
from rulebook.model import RuleSet

CODE, SEVERITY = "W442", Severity.WARNING


TITLE, BODY = 50, 178


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for message in rules.messages.values():
        for lang, text in message.texts.items():
            for what, found, most in (("title", text.title, TITLE), ("body", text.body, BODY)):
                if (long := template(found).longest()) > most:
                    where = f"message {message.name}"
                    yield fault(CODE, SEVERITY, f"the {what} in {lang} has {long} characters; phones show {most}", text.places.get(what, message.span), where, "shorten it")
