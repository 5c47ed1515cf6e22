"""Where a partner is."""

from typing import Annotated, Literal

from pydantic import Field

from events.base import Event, Latitude, Longitude, Word


class Position(Event):
    """A fix of the partner's phone."""

    type: Literal["position"]
    lat: Latitude
    lon: Longitude
    accuracy: Annotated[float, Field(ge=0, le=100_000)] | None = Field(None, description="radius of 68 % confidence, m")
    speed: Annotated[float, Field(ge=0, le=400)] | None = Field(None, description="over ground, m/s")
    heading: Annotated[float, Field(ge=0, le=360)] | None = Field(None, description="degrees clockwise from north")
    zone: Word | None = Field(None, description="the company's zone that the fix lies in")
