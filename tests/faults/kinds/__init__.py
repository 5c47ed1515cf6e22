"""The kinds of faults, each a function of the scene. Importing this registers them in `KINDS`."""

from tests.faults.kinds import broker, clocks, commits, holes, inputs, network, redis, workers
from tests.faults.kinds.kind import KINDS, Kind

__all__ = ["KINDS", "Kind", "broker", "clocks", "commits", "holes", "inputs", "network", "redis", "workers"]
