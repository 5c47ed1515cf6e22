"""What every event has, and the kinds of value that several families share."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from events.time import RFC3339, seconds

Identifier = Annotated[str, Field(min_length=1, max_length=128)]
Word = Annotated[str, Field(min_length=1, max_length=64)]
Label = Annotated[str, Field(max_length=200)]
Latitude = Annotated[float, Field(ge=-90, le=90, description="degrees north")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="degrees east")]
Kilometres = Annotated[float, Field(ge=0, le=1_000, description="km")]
Amount = Annotated[float, Field(ge=-1e9, le=1e9, description="in the unit of the currency")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217 code")]
Text = Annotated[str, Field(pattern=RFC3339)]
Moment = Annotated[float | Text, AfterValidator(seconds)]


def usual(meaning: str, *words: str) -> Any:
    """What a text field is that takes any word, with those that it usually has: they are shown and taught, and nothing is refused for them."""
    return Field(description=f"{meaning}; usually {', '.join(words)}", examples=list(words))


class Event(BaseModel):
    """A fact about one partner. Unknown fields are ignored, numbers are finite, nothing is converted from text."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False, ser_json_inf_nan="null")

    event_id: Identifier = Field(description="unique; the same fact sent twice has the same id")
    partner_id: Identifier = Field(description="whom it is about; also the record's key")
    occurred_at: Moment = Field(description="when it happened: seconds since the epoch as a number, or RFC 3339 text with an offset; from 2000 to 2099")
    source: Label | None = Field(None, description="where it comes from, and what of it is derived or simulated")

    #: The value of `type`, set by each event.
    name: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        kind = cls.model_fields.get("type")
        cls.name = kind.annotation.__args__[0] if kind is not None and kind.annotation is not None else ""
