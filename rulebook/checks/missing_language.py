"""A message lacks a language.

The languages are those of `check --languages`, else all that any message of the set has. A partner of that language would read English.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "W440", Severity.WARNING


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    wanted = context.languages or tuple(sorted({lang for m in rules.messages.values() for lang in m.texts}))
    for message in rules.messages.values():
        if missing := [lang for lang in wanted if lang not in message.texts]:
            yield fault(CODE, SEVERITY, f"there is no text in {', '.join(missing)}", message.span, f"message {message.name}", f"add `{missing[0]}: {{title: ..., body: ...}}`")
