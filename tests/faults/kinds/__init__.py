"""The kinds of faults, each a function of the scene; what they share is in `kinds.kind`."""

from tests.faults.kinds import commits, workers
from tests.faults.kinds.kind import KINDS, Kind

__all__ = ["KINDS", "Kind", "commits", "workers"]
