"""Braces in a message that are no hole.

A hole is one name in braces, `{first_name}`, or a plural, `{n, plural, one {# order} other {# orders}}`. Anything else would reach the partner as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.holes import template
from rulebook.model import RuleSet

CODE, SEVERITY = "E444", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for message in rules.messages.values():
        for lang, text in message.texts.items():
            for what, part in text.parts():
                for problem in template(part).problems:
                    at = text.place(what, problem.at, problem.end - problem.at) or message.span
                    yield fault(CODE, SEVERITY, f"{what} ({lang}): {problem.message}", at, f"message {message.name}", problem.help)
