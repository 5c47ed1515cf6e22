"""Where a backtest's events come from: a recording, or what topics still keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from experiments.assignment import chosen
from streams.partitioner import by_murmur2
from training_rules.corridor import Entry

#: How events are given: of which partition, and what `Corridor.feed_all` takes.
Piece = tuple[int, Sequence[Entry]]


class Refused(NamedTuple):
    """Lines or records that are no events, of one reason: how many, and where the first few stand."""

    count: int
    examples: tuple[str, ...]


class Share:
    """The partitions that one process takes. A partner's partition is the one that Java's partitioner gives their key: what partners share – seats,
    budgets, stream time – they share with the same others as live.

    `sample`: the share of partners, chosen by hash, who are used at all.
    """

    def __init__(self, parts: int, mine: Sequence[int], sample: float = 1.0) -> None:
        self.parts, self.mine, self.sample = parts, frozenset(mine), sample
        self._known: dict[str, int | None] = {}

    def place(self, partner_id: str) -> int | None:
        """The partner's partition; None where it is not ours. What has no partner is in nobody's sample, and counted all the same."""
        known = self._known
        if partner_id not in known:
            known[partner_id] = self._placed(partner_id)
        return known[partner_id]

    def samples(self, partner_id: str) -> bool:
        """Whether the partner is in the sample."""
        return self.sample >= 1 or chosen("sample", "backtest", partner_id, self.sample)

    def _placed(self, partner_id: str) -> int | None:
        if partner_id and not self.samples(partner_id):
            return None
        part = by_murmur2(partner_id.encode("utf-8", "surrogatepass"), self.parts)
        return part if part in self.mine else None


class History(Protocol):
    """`read` gives the events of the share's partitions, of each partition in order; several processes read at once where it is `divisible`.

    `sources` are the names of the sources that entries number. `done` is the share read, 0 to 1. After reading, `refused` has by reason what was no event.
    """

    name: str
    sources: Sequence[str]

    @property
    def divisible(self) -> bool: ...

    @property
    def done(self) -> float: ...

    def prepare(self) -> None:
        """What is done once, before several read."""

    def read(self, share: Share) -> Iterator[Piece]: ...

    def refused(self) -> Mapping[str, Refused]: ...


Told = Callable[[int, float], None]
"""Called now and then with the number of events applied, and the share of the history that is done (0 to 1)."""


def entries(events: Sequence[Any], offset: int) -> list[Entry]:
    """Events of a history without offsets of its own: their numbers stand for them."""
    return [(0.0, 0, number, event) for number, event in enumerate(events, offset)]
