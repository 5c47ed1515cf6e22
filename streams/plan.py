"""What is the same for all partitions: which topics are read, where outputs go, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from events.broadcasts import BROADCASTS
from events.decode import MAX_BYTES
from streams.broadcast import Broadcast
from streams.health import Limits
from training_rules import Rules
from training_rules.storing import InMemory, Store

#: At equal event times the earlier goes first: who the partner is and where, before what they were asked and did.
ORDER = ("profile", "session", "training", "app", "earnings", "ratings", "gps", "orders", "feedback")

#: All that is read, in this order: the families, and after them what concerns all partners.
SOURCES = (*ORDER, *BROADCASTS)

#: Bytes of a bad record that are kept where nobody says how much the dead-letter topic takes: base64 and all, it passes a broker that takes 1 MB.
ORIGINAL_KEPT = 512 * 1024


@dataclass(frozen=True)
class Source:
    """The topic of a family, or of a broadcast. `name` is what offsets are kept under in a partner's state; it changes when the topic begins anew."""

    family: str
    topic: str
    name: str


@dataclass(frozen=True)
class Plan:
    """What is the same for all partitions. Durations in seconds.

    `clock`: "wall" when event times are now, "events" when a recording is replayed. An event is from the future when it happened over
    `future_tolerance` after now or, in a replay, after its record was written (records without a time stamp are believed): one date of 2099 would
    otherwise fire every timer of its partition. A partner's state that is larger than `state_limit` bytes is cut. Who was not heard of for
    `store_after`, unless that is 0, goes to the store of the partition. `broadcasts`: what is done with
    sources that concern all partners, by family; those of others pass unheeded.
    """

    rules: Rules
    sources: tuple[Source, ...]
    outputs: Mapping[type, str] = field(default_factory=dict)
    clock: str = "wall"
    merge_wait: float = 5.0
    merge_settle: float = 1.0
    future_tolerance: float = 300.0
    features_every: float = 10.0
    rest_after: float = 300.0
    awake_limit: int = 200_000
    store_after: float = 0.0
    new_store: Callable[[], Store] = InMemory
    max_bytes: int = MAX_BYTES
    original_kept: int = ORIGINAL_KEPT
    rekeyed: bool = False
    state_limit: int = 262_144
    broadcasts: Mapping[str, Broadcast] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
