"""What became of nudges."""

from typing import Literal

from pydantic import Field

from events.base import Event, Identifier, Word


class NudgeFeedback(Event):
    """An event about one nudge."""

    nudge_id: Identifier = Field(description="the nudge as it was sent")


class NudgeShown(NudgeFeedback):
    """The app showed it."""

    type: Literal["nudge_shown"]


class NudgeOpened(NudgeFeedback):
    """The partner opened it."""

    type: Literal["nudge_opened"]


class NudgeDismissed(NudgeFeedback):
    """The partner put it away."""

    type: Literal["nudge_dismissed"]


class NudgeActed(NudgeFeedback):
    """The partner did what it proposed."""

    type: Literal["nudge_acted"]


class OptedOut(Event):
    """The partner wants no more: of one rule, or of any."""

    type: Literal["opted_out"]
    nudge_id: Identifier | None = Field(None, description="the nudge that they said it on")
    rule: Word | None = Field(None, description="no more of this rule; left out: no more at all")
