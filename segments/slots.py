"""The numbered places in a partner's state, and the timers, that the rules of a set need."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Slot:
    """One numbered place in a partner's state. `key` is its definition: a snapshot finds it again by that, whatever its number is then."""

    number: int
    key: str


@dataclass
class Slots:
    """Numbers slots and timers in order of first use."""

    timers: list[str] = field(default_factory=list)
    _by_key: dict[str, Slot] = field(default_factory=dict)

    @property
    def slots(self) -> list[Slot]:
        return list(self._by_key.values())

    def slot(self, key: str) -> int:
        """The number of the slot with this definition, a new one if it is the first."""
        return self._by_key.setdefault(key, Slot(len(self._by_key), key)).number

    def timer(self, key: str) -> int:
        self.timers.append(key)
        return len(self.timers) - 1
