"""Who a partner is; the topic is compacted, the last record of a key counts."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from events.base import Event, Label, Word, usual
from events.calendar import day, zone_name

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(day)]
ZoneName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(zone_name)]

Vehicle = Annotated[Word | None, usual("what the partner rides", "motorbike", "scooter", "e_bike", "bicycle", "bike", "bus")]


class ProfileUpdated(Event):
    """The whole profile as it is now: a field that is left out is not known."""

    type: Literal["profile_updated"]
    joined_on: Day | None = Field(None, description="YYYY-MM-DD, where the partner works")
    city: Word | None = Field(None, description="where the partner works")
    zone: Word | None = Field(None, description="home zone")
    language: Annotated[str, Field(pattern="^[a-z]{2,3}$")] | None = Field(None, description="ISO 639 code")
    vehicle: Vehicle = None
    time_zone: ZoneName | None = Field(None, description="IANA name, such as Asia/Kolkata")
    consent: bool | None = Field(None, description="false: no nudges to this partner")
    first_name: Label | None = Field(None, description="as nudges shall call the partner")
