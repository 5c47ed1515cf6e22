"""What partners use in the app."""

from typing import Annotated, Literal

from events.base import Event, Word, usual


class FeatureUsed(Event):
    """A feature of the app was used."""

    type: Literal["feature_used"]
    feature: Annotated[Word, usual("what was used", "route_planner", "stacking", "heat_map", "earnings_summary", "support_chat")]
