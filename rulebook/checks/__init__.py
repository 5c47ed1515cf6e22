"""The linter of rule sets: one check, one file, with good and bad YAML beside it and its page section as docstring.

A check is a module with `CODE`, `SEVERITY` and `check(rules, context)`, which yields faults. What makes a rule set impossible to read (E1xx to E3xx)
is found while it is read; these look at a set that could run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rulebook.checks import (
    always_displaced,
    always_true,
    broken_hole,
    circular_else,
    circular_patterns,
    circular_segments,
    else_is_off,
    else_without_its_event,
    enter_and_exit,
    exit_unreachable,
    expired,
    false_urgency,
    for_outlasts_window,
    hidden_opt_out,
    holes_differ,
    idle_feeds,
    implied_clause,
    live_without_owner,
    live_without_tests,
    log_off_goal,
    long_window,
    loss_or_shame,
    missing_language,
    never_sends,
    never_true,
    plural_forms,
    reaches_nobody,
    rollout_and_holdout,
    same_priority,
    too_long,
    trigger_and_if,
    true_or_false_hole,
    unused,
    unusual_word,
)  # fmt: skip
from rulebook.checks.context import Context
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet


class Check(Protocol):
    """A module of this folder."""

    @property
    def __name__(self) -> str: ...
    @property
    def __doc__(self) -> str | None: ...  # type: ignore[override]
    @property
    def CODE(self) -> str: ...  # noqa: N802 - a constant of the module
    @property
    def SEVERITY(self) -> Severity: ...  # noqa: N802
    def check(self, rules: RuleSet, context: Context) -> Iterator[Fault]: ...


CHECKS: tuple[Check, ...] = (
    unused, circular_segments, circular_patterns, circular_else, never_true, always_true, enter_and_exit, exit_unreachable, implied_clause, trigger_and_if, unusual_word,
    else_without_its_event, long_window, for_outlasts_window, never_sends, expired, reaches_nobody, same_priority, always_displaced, live_without_tests,
    live_without_owner, else_is_off, rollout_and_holdout, missing_language, holes_differ, idle_feeds, too_long, log_off_goal, false_urgency, loss_or_shame, hidden_opt_out, broken_hole, plural_forms, true_or_false_hole,
)  # fmt: skip


#: They say that something is nowhere, which nobody knows of a set that could be read in part only.
_OF_THE_WHOLE = (unused, live_without_tests, missing_language)


def findings(rules: RuleSet, context: Context, *, whole: bool = True) -> Iterator[Fault]:
    """What all checks find, in the order of the checks; `whole` is False where some of the set could not be read."""
    for check in CHECKS:
        if whole or check not in _OF_THE_WHOLE:
            yield from check.check(rules, context)
