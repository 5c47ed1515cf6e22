"""What goes out: nudges, transitions, decisions, features and dead letters."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from events.errors import DeadLetterReason


class Verdict(StrEnum):
    """What policy said: sent, would have been sent to a control partner (ghost) or by a rule in trial (shadow), held back, or dropped.
    Of all partners of a partition: nothing is concluded from the absence of a feed's events from now on, or it is again.
    Later: whether what the nudge is meant to clear was cleared in time; or recalled, since a late event disproved what led to it."""

    SEND = "send"
    GHOST = "ghost"
    SHADOW = "shadow"
    HOLD = "hold"
    DROP = "drop"
    FROZEN = "frozen"
    THAWED = "thawed"
    CLEARED = "cleared"
    NOT_CLEARED = "not_cleared"
    RECALLED = "recalled"


class HoldReason(StrEnum):
    """Why a nudge was not sent."""

    CONDITION = "condition"
    ROLLOUT = "rollout"
    COOLDOWN = "cooldown"
    MAX = "max"
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    QUIET_HOURS = "quiet_hours"
    CAP = "cap"
    NOT_SAFE_NOW = "not_safe_now"
    SEATS = "seats"
    LOWER_PRIORITY = "lower_priority"
    HOLDOUT = "holdout"
    OUTSIDE_HOURS = "outside_hours"
    MODE_OFF = "mode_off"
    MISSING_VALUE = "missing_value"
    EXPIRED = "expired"
    LATE_EVENT = "late_event"
    STALE = "stale"
    BUDGET = "budget"
    NO_MESSAGE = "no_message"


class Output(BaseModel):
    """A record of an output topic; keyed by partner_id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    partner_id: str = Field(description="whom it is about; also the record's key. Empty where a decision is about all partners of a partition")


class Nudge(Output):
    """What the partner's app shows."""

    type: Literal["nudge"] = "nudge"
    nudge_id: str = Field(description="a function of rule, rule version, partner and cause: the same nudge sent twice has the same id")
    rule: str = Field(description="name of the rule")
    rule_version: str = Field(description="hash of the rule: a change of it makes other ids")
    ruleset_version: str = Field(description="hash of the whole rule set")
    kind: Literal["training", "incentive", "tip", "recognition"] = Field(description="what sort of help it is")
    message: str | None = Field(None, description="name of the message")
    module: str | None = Field(None, description="name of the training module")
    offer: dict[str, Any] | None = Field(None, description="bonus, currency, valid_s (seconds)")
    language: str = Field(description="of title, body and speak")
    title: str = Field(description="the first line")
    body: str = Field(description="the text")
    speak: str | None = Field(None, description="to be read aloud")
    reason: str = Field(description="why did I get this: a sentence for the partner")
    priority: int = Field(description="0 to 100; of several at one moment the highest was sent")
    urgent: bool = Field(description="it passes quiet hours and caps")
    decided_at: float = Field(description="stream time, seconds since the epoch")
    expires_at: float | None = Field(None, description="not to be shown from then on, seconds since the epoch")
    arm: str = Field(description="treatment, or the arm of an experiment")
    cause: str = Field(description="event_id of the first event that led to it; nudge_id of the nudge that it follows; @ and a moment for what time alone brought")


class NudgeRecalled(Output):
    """A nudge that is not to be shown: what led to it turned out wrong. On the topic of the nudges, after the nudge; one that was shown is not recalled."""

    type: Literal["nudge_recalled"] = "nudge_recalled"
    recall_id: str = Field(description="a function of the nudge: the same recall sent twice has the same id")
    nudge_id: str = Field(description="the nudge as it was sent")
    rule: str = Field(description="name of the rule")
    rule_version: str = Field(description="hash of the rule")
    ruleset_version: str = Field(description="hash of the whole rule set")
    reason: str = Field(description="why: `disproved`, by an event that came late; others may come")
    decided_at: float = Field(description="stream time, seconds since the epoch")
    cause: str = Field(description="event_id of the event that disproved it")


class SegmentTransition(Output):
    """A partner moved into a segment or out of it."""

    type: Literal["segment_transition"] = "segment_transition"
    transition_id: str = Field(description="a function of partner, segment, direction and moment")
    segment: str = Field(description="name of the segment")
    transition: Literal["entered", "exited"] = Field(description="in or out")
    decided_at: float = Field(description="stream time, seconds since the epoch")
    cause: str = Field(description="event_id, or - for what time alone brought")
    facts: dict[str, Any] = Field(description="each value that decided, with its age in seconds")
    ruleset_version: str = Field(description="hash of the whole rule set")


class Decision(Output):
    """A nudge that was sent, or was not, and why."""

    type: Literal["decision"] = "decision"
    decision_id: str = Field(description="a function of its cause: a replay gives the same")
    rule: str = Field(description="empty for an event that came too late, and for what is about all partners")
    rule_version: str = Field(description="hash of the rule: a change of it makes other ids")
    ruleset_version: str = Field(description="hash of the whole rule set")
    verdict: Verdict = Field(description="what policy said")
    reason: HoldReason | None = Field(None, description="empty for a send")
    decided_at: float = Field(description="stream time, seconds since the epoch")
    cause: str = Field(description="event_id, or - for what time alone brought")
    evidence: dict[str, Any] = Field(description="the events of the match, and each value that decided with its age in seconds")
    nudge_id: str | None = Field(None, description="of the nudge that was sent, or would have been")


class Features(Output):
    """What is known of a partner now; the topic is compacted."""

    type: Literal["features"] = "features"
    at: float = Field(description="stream time, seconds since the epoch")
    segments: list[str] = Field(description="names of those the partner is in")
    features: dict[str, float | int | bool | str | None] = Field(description="the values that rules read, by their spelling")
    ruleset_version: str = Field(description="hash of the whole rule set")


class DeadLetter(BaseModel):
    """Bytes that were no event; keyed as the original was."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["dead_letter"] = "dead_letter"
    topic: str = Field(description="where the record came from")
    partition: int = Field(description="where the record came from")
    offset: int = Field(description="where the record came from")
    reason: DeadLetterReason = Field(description="why it is no event")
    detail: str = Field(description="what is wrong, and where")
    key_base64: str | None = Field(None, description="the record's key")
    original_base64: str | None = Field(None, description="the original bytes; empty for a tombstone")
    received_at: float = Field(description="seconds since the epoch")


OUTPUTS: tuple[type[BaseModel], ...] = (Nudge, NudgeRecalled, SegmentTransition, Decision, Features, DeadLetter)
