"""What customers say."""

from typing import Annotated, Literal

from pydantic import Field

from events.base import Event, Identifier, Word, usual

REMARKS = ("late", "cold_food", "rude", "spilled", "wrong_item", "polite", "on_time", "careful", "friendly")
Tag = Annotated[Word, usual("a remark", *REMARKS)]


class RatingReceived(Event):
    """A customer rated a delivered order."""

    type: Literal["rating_received"]
    order_id: Identifier = Field(description="the order that was rated")
    stars: Annotated[int, Field(ge=1, le=5, description="1 (worst) to 5")]
    tags: Annotated[list[Tag], Field(max_length=16)] | None = Field(None, description=f"remarks; usually {', '.join(REMARKS)}")
