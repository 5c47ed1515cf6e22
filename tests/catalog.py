"""The rules of the catalogue: all of them, and those that the city tells the truth about."""

from streams.settings import CATALOG

SEGMENTS, RULES = CATALOG
#: The files of the four pain points, and what they need.
PAINS = (
    *(SEGMENTS / f"{name}.yaml" for name in ("metrics", "places", "new_struggling")),
    *(RULES / f"{name}.yaml" for name in ("policy", "welcome_coaching", "reject_near_hotspot", "stuck_at_restaurant", "two_low_ratings")),
)
