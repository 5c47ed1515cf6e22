"""What workers tell the one that puts it together: internal records, MessagePack."""

from __future__ import annotations

import msgspec

from streams.settings import Settings


class Counted(msgspec.Struct, tag="counted", array_like=True):
    """Partition `partition` of `parts`, at stream time `at` (s): of each zone its offers of 15 minutes, the partners online there, and those whom its demand
    concerns."""

    partition: int
    parts: int
    at: float
    zones: dict[str, tuple[int, int, int]]


class Sketched(msgspec.Struct, tag="sketched", array_like=True):
    """The same of cohorts: by their spelling and what partners have in common, a sketch of the metric over those online."""

    partition: int
    parts: int
    at: float
    cohorts: dict[str, dict[str, bytes]]


Told = Counted | Sketched

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Told).decode


def partials_topic(settings: Settings) -> str:
    """Where partitions tell what they counted: one partition, so that one worker reads it all."""
    return f"{settings.app_id}-crowd-partials"


def usual_topic(settings: Settings) -> str:
    """What is usual in each zone; compacted."""
    return f"{settings.app_id}-crowd-usual"
