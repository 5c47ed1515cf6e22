"""Where a worker stands, partition by partition, as plain data: with what it counted (`stats.py`) a line of the statistics file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from streams.partition import Partition

Lag = Callable[[Partition], int]
"""How many records of a partition the broker is known to have that were not handed on."""


def standing(partitions: Mapping[int, Partition], lag: Lag) -> dict[str, Any]:
    """All partitions together, and each for itself."""
    return {
        "partners": sum(len(p.corridor.partners) for p in partitions.values()),
        "awake": sum(len(p.corridor.partners.awake) for p in partitions.values()),
        "stored": sum(len(p.corridor.partners.store) for p in partitions.values()),
        "partitions": {number: _standing_of(p, lag) for number, p in sorted(partitions.items())},
        "lag": sum(lag(p) for p in partitions.values()),
        "feeds": dict(sum((p.feeds.counts for p in partitions.values()), Counter())),
    }


def _standing_of(partition: Partition, lag: Lag) -> dict[str, Any]:
    corridor = partition.corridor
    return {
        "partners": len(corridor.partners),
        "stream_time": None if corridor.stream_time == -inf else corridor.stream_time,
        "lag": lag(partition),
        "waits": partition.merge.timeouts,
        "dropped": corridor.house.dropped,
        "erased": len(corridor.partners.erased),
        "outlived": corridor.outlived,
        "rules": corridor.rules.version,
        "frozen": partition.feeds.state(),
    }
