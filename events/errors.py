"""The exception tree of the product's base.

NudgelineError                any error that a person can do something about: one clear sentence, no traceback
├── BadEvent                  bytes that are no event of their topic: they go to dead letters, with `reason` and `detail`
├── rulebook.errors           RuleErrors, NoRules
├── training_rules.snapshots  UnknownFormat
├── simulator.errors          recordings that can't be read or sent
└── streams.errors            settings, brokers, topics, Redis
"""

from __future__ import annotations

from enum import StrEnum


class NudgelineError(Exception):
    """Base of all errors whose text is meant for the user."""


class DeadLetterReason(StrEnum):
    """Why bytes were not accepted as an event."""

    NOT_JSON = "not_json"
    INVALID_EVENT = "invalid_event"
    UNKNOWN_TYPE = "unknown_type"
    TOO_LARGE = "too_large"
    KEY_MISMATCH = "key_mismatch"
    FROM_THE_FUTURE = "from_the_future"
    TOMBSTONE = "tombstone"
    BAD_RULES = "bad_rules"


class BadEvent(NudgelineError):
    """Bytes that are no event: `reason` from the closed set, `detail` says which field and what is wrong with it."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")
