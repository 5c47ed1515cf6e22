"""Where keys lie, and which partitioner put them there. A partner's events have to meet in one worker: every family needs the same partitioner.

Java's clients use murmur2 (as do kafka-python and aiokafka), librdkafka's CRC-32 (confluent-kafka, and what is built on it), Sarama FNV-1a.
Pure: nothing here talks to Kafka.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka.partitioner import murmur2

ENOUGH = 20  # different keys from which a partitioner is concluded
KEPT = 200  # latest keys of each family that are looked at
LOOK_EVERY = 50  # records between two looks

Pair = tuple[bytes, int]


def by_murmur2(key: bytes, partitions: int) -> int:
    """org.apache.kafka.clients.producer.internals.BuiltInPartitioner."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


def by_crc32(key: bytes, partitions: int) -> int:
    """librdkafka's `consistent` and `consistent_random`."""
    return zlib.crc32(key) % partitions


def by_fnv1a(key: bytes, partitions: int) -> int:
    """Sarama's hash partitioner: the absolute value of the hash as a signed number."""
    found = 0x811C9DC5
    for byte in key:
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    signed = found - (1 << 32) if found & 0x80000000 else found
    return abs(signed) % partitions


KNOWN: dict[str, Callable[[bytes, int], int]] = {"murmur2": by_murmur2, "crc32": by_crc32, "fnv1a": by_fnv1a}
SPOKEN = {"murmur2": "murmur2 (Java's)", "crc32": "CRC-32 (librdkafka's default)", "fnv1a": "FNV-1a (Sarama's default)", "": "no partitioner known here"}


@dataclass(frozen=True)
class Found:
    """What the keys of one family say: the partitioner's name, empty for one that is not known, and how many different keys were looked at."""

    name: str
    keys: int


def recognise(pairs: Iterable[Pair], partitions: int) -> Found | None:
    """The partitioner that put these keys where they are; None with fewer than `ENOUGH` different keys. One that fits 95 of 100 is it."""
    where = dict(pairs)
    if len(where) < ENOUGH:
        return None
    fits = {name: sum(place(key, partitions) == number for key, number in where.items()) for name, place in KNOWN.items()}
    best = max(fits, key=lambda name: fits[name])
    return Found(best if fits[best] >= 0.95 * len(where) else "", len(where))


def apart(found: Mapping[str, Found | None], topics: Mapping[str, str]) -> str:
    """One sentence where families are spread in different ways, empty where all agree. `topics`: each family's topic."""
    names: dict[str, list[str]] = {}
    for family, seen in found.items():
        if seen is not None:
            names.setdefault(seen.name, []).append(family)
    if len(names) < 2 and "" not in names:
        return ""
    right = "murmur2" if "murmur2" in names else max((n for n in names if n), key=lambda n: len(names[n]), default="murmur2")
    wrong = sorted(family for name, families in names.items() if name != right for family in families)
    spread = "; ".join(f"{', '.join(topics[f] for f in families)} by {SPOKEN[name]}" for name, families in sorted(names.items()))
    listed = ", ".join(f'"{family}"' for family in (wrong if right == "murmur2" else sorted(found)))
    return (
        f"the keys are not spread over the partitions in one way ({spread}), so that a partner's events would be handled by different workers: "
        f"give their producers the same partitioner (librdkafka: partitioner=murmur2_random), or have them re-keyed here: NUDGELINE_REKEY='[{listed}]'"
    )


class Guard:
    """Looks at keys while they are read, two of each batch. `stops`: whether the worker shall end when families turn out to lie apart."""

    def __init__(self, topics: Mapping[str, str], partitions: int, *, stops: bool = True) -> None:
        self._topics, self._partitions, self.stops = topics, partitions, stops
        self._seen: dict[str, deque[Pair]] = {family: deque(maxlen=KEPT) for family in topics}
        self._until_look = LOOK_EVERY
        self.found: dict[str, Found | None] = dict.fromkeys(topics)

    def look(self, family: str, records: Sequence[object], number: int) -> str:
        """Take note of a batch of partition `number`; one sentence when the families turn out to lie apart, else empty."""
        if self._partitions == 1:
            return ""
        seen = self._seen[family]
        for record in (records[0], records[-1]):
            key = getattr(record, "key", None)
            if key is not None:
                seen.append((key, number))
        self._until_look -= 1
        if self._until_look > 0:
            return ""
        self._until_look = LOOK_EVERY
        self.found = {f: recognise(pairs, self._partitions) or self.found[f] for f, pairs in self._seen.items()}
        return apart(self.found, self._topics)

    def names(self) -> dict[str, str]:
        """The partitioner of each family that is known by now."""
        return {family: seen.name or "unknown" for family, seen in self.found.items() if seen is not None}
