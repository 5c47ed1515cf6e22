"""What is to be written: the latest value of each partner, and each nudge once. Bounded: Redis may be away for long."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PartnerView:
    partner_id: str
    term: int
    at: float
    segments: list[str]
    features: dict[str, object]
    version: str


@dataclass(frozen=True, slots=True)
class NudgeView:
    """`raw`: the nudge as JSON, empty where it was recalled; `expires_at`: s since the epoch, wall clock."""

    nudge_id: str
    partner_id: str
    raw: bytes
    expires_at: float


@dataclass(frozen=True, slots=True)
class Gone:
    """A partner who was erased, `at` in stream time, by the owner of that term."""

    partner_id: str
    term: int
    at: float


class Latest(Generic[T]):
    """The newest value of each key, oldest key first. Beyond `limit` the oldest is dropped, counted, and a resync is owed."""

    def __init__(self, limit: int) -> None:
        self._values: dict[Hashable, T] = {}
        self.limit, self.dropped = limit, 0

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: Hashable, value: T) -> None:
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self.limit:
            del self._values[next(iter(self._values))]
            self.dropped += 1

    def take(self, count: int) -> list[tuple[Hashable, T]]:
        """Up to `count` of the oldest, taken out."""
        keys = [key for key, _ in zip(self._values, range(count), strict=False)]
        return [(key, self._values.pop(key)) for key in keys]

    def discard(self, unwanted: Callable[[T], bool]) -> None:
        """Take out what is not to be written any more."""
        self._values = {key: value for key, value in self._values.items() if not unwanted(value)}

    def put_back(self, entries: list[tuple[Hashable, T]]) -> None:
        """What could not be written; newer values that came meanwhile stand."""
        self._values = dict(entries) | self._values
        while len(self._values) > self.limit:
            del self._values[next(iter(self._values))]
            self.dropped += 1
