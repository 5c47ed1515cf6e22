"""Log-ins and log-outs."""

from typing import Annotated, Literal

from pydantic import Field

from events.base import Event, Latitude, Longitude, Word
from events.profile import Vehicle

Battery = Annotated[float, Field(ge=0, le=100, description="charge, %")]


class LoggedIn(Event):
    """The partner is ready for orders."""

    type: Literal["logged_in"]
    vehicle: Vehicle = None
    zone: Word | None = Field(None, description="where the shift starts")
    battery: Battery | None = Field(None, description="charge of the phone, %")
    lat: Latitude | None = Field(None, description="where it happened")
    lon: Longitude | None = Field(None, description="where it happened")


class LoggedOut(Event):
    """The partner takes no more orders."""

    type: Literal["logged_out"]
    zone: Word | None = Field(None, description="where the shift ends")
    battery: Battery | None = Field(None, description="charge of the phone, %")
