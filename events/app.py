"""What partners use in the app."""

from typing import Literal

from pydantic import Field

from events.base import Event, Word


class FeatureUsed(Event):
    """A feature of the app was used."""

    type: Literal["feature_used"]
    feature: Word = Field(description="route_planner, stacking, heat_map, ...")
