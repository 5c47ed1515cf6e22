"""What partners earn."""

from typing import Literal

from pydantic import Field

from events.base import Amount, Currency, Event, Identifier


class EarningPosted(Event):
    """An amount was credited to the partner, or taken back."""

    type: Literal["earning_posted"]
    amount: Amount
    currency: Currency
    kind: Literal["order", "incentive", "tip", "adjustment"] = Field(description="what it was paid for")
    order_id: Identifier | None = Field(None, description="the order that it was for")
