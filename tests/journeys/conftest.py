"""What the journeys share."""

from tests.recordings import recording

__all__ = ["recording"]
