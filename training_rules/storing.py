"""Where partners are kept who were not heard of for long: what `Partners` asks of a store, and one that is a dict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Protocol

from training_rules import snapshots

#: When a partner wants to be woken, and who: in that order alarms go.
Alarm = tuple[float, str]

#: After every alarm.
NEVER: Alarm = inf, ""


class Store(Protocol):
    """Snapshots by partner id. What cannot be read or written is raised: nobody may go on without the partner."""

    def __len__(self) -> int: ...

    def put(self, states: Mapping[str, bytes]) -> None:
        """Keep these, of whom none is there."""

    def get(self, partner_id: str) -> bytes | None:
        """One of them, who stays."""

    def take(self, partner_id: str) -> bytes | None:
        """One of them, who goes."""

    def drop(self, partner_id: str) -> None:
        """Nothing may be left of a partner, there or not, nor of what was there of them before."""

    def ids(self) -> Iterator[str]:
        """All ids; others may come and go meanwhile."""

    def items(self) -> Iterator[tuple[str, bytes]]:
        """All of them; others may come and go meanwhile."""

    def alarms(self, after: Alarm, most: int) -> list[Alarm]:
        """The first so many alarms that go after this one, in order."""

    def close(self) -> None:
        """Nothing is asked any more, and nothing is to be left."""


class InMemory:
    """A store that is a dict: where none is wanted it stays empty, and tests see through it."""

    def __init__(self) -> None:
        self._states: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._states)

    def put(self, states: Mapping[str, bytes]) -> None:
        self._states.update(states)

    def get(self, partner_id: str) -> bytes | None:
        return self._states.get(partner_id)

    def take(self, partner_id: str) -> bytes | None:
        return self._states.pop(partner_id, None)

    def drop(self, partner_id: str) -> None:
        self._states.pop(partner_id, None)

    def ids(self) -> Iterator[str]:
        return iter(list(self._states))

    def items(self) -> Iterator[tuple[str, bytes]]:
        return iter(list(self._states.items()))

    def alarms(self, after: Alarm, most: int) -> list[Alarm]:
        return sorted(alarm for alarm in snapshots.survey(self._states)[0] if alarm > after)[:most]

    def close(self) -> None:
        self._states.clear()
