"""What workers tell the one that puts it together: internal records, MessagePack."""

from __future__ import annotations

import msgspec

from streams.settings import Settings
from training_rules.reach import Limits, Reached


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


class Watched(msgspec.Struct, tag="watched", array_like=True):
    """The same of rules that may pause themselves: which set runs and what it allows, how many partners are active, and whom each rule reached."""

    partition: int
    parts: int
    at: float
    version: str
    limits: Limits
    active: int
    rules: dict[str, Reached]


Told = Counted | Sketched | Watched

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Told).decode


def partials_topic(settings: Settings) -> str:
    """Where partitions tell what they counted: one partition, so that one worker reads it all."""
    return f"{settings.app_id}-crowd-partials"


def usual_topic(settings: Settings) -> str:
    """What is usual in each zone; compacted."""
    return f"{settings.app_id}-crowd-usual"
