"""What has to come of a soak's stream: the same events through the core, partition by partition in order of time, with the offsets that they lie at.

No worker, Kafka or kill comes in here. Of what is said, only digests are kept: an hour brings millions of outputs.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np

from events import FAMILIES
from events.decode import Decoder, encode
from streams.app import plan
from streams.settings import Settings
from tests.faults.outcome import identity
from tests.faults.soak.stream import Sent, Stream
from tests.faults.soak.swaps import Sets, Swap
from tests.journeys.shift import comparable
from training_rules import Corridor, House, Rules


class Said:
    """Digests (64 bits) of outputs: topic, id, and all that they say. `hints`: where each came from, to find it again."""

    def __init__(self) -> None:
        self.digests, self.hints = array("Q"), array("Q")

    def __len__(self) -> int:
        return len(self.digests)

    def add(self, topic: str, value: bytes, hint: int) -> None:
        told = f"{topic} {identity(value, '')}"
        self.digests.append(int.from_bytes(blake2b(told.encode(), digest_size=8).digest(), "big"))
        self.hints.append(hint)


class Difference(NamedTuple):
    """Hints of outputs that are missing, and of those that nobody knows; how many are there more than once."""

    missing: list[int]
    unknown: list[int]
    repeated: int


def difference(wanted: Said, found: Said) -> Difference:
    ours, our_places = np.unique(np.asarray(wanted.digests), return_index=True)
    theirs, their_places = np.unique(np.asarray(found.digests), return_index=True)
    missing = our_places[~np.isin(ours, theirs, assume_unique=True)]
    unknown = their_places[~np.isin(theirs, ours, assume_unique=True)]
    return Difference(sorted(wanted.hints[i] for i in missing), sorted(found.hints[i] for i in unknown), len(found) - len(theirs))


class Truth:
    """Takes the stream in chunks of any size."""

    def __init__(self, stream: Stream, settings: Settings, rules: Rules, planned: Sequence[Swap] = ()) -> None:
        own = plan(settings, rules)
        self._topics, self._sets = own.outputs, Sets(planned, rules, settings.partitions)
        self.versions = set[str]()
        self._keys, self._places = stream.keys, stream.places
        self._numbers = {source.family: number for number, source in enumerate(own.sources)}
        self._names = [source.name for source in own.sources]
        self._decode = [Decoder(source.family, own.max_bytes).decode for source in own.sources if source.family in FAMILIES]
        self._corridors = [Corridor(rules, house=House(number, settings.partitions)) for number in range(settings.partitions)]
        self._next = [[0] * len(own.sources) for _ in range(settings.partitions)]
        self.taken, self.said = 0, Said()
        self.counts: Counter[str] = Counter()

    def take(self, chunk: Iterable[Sent]) -> None:
        entries: list[list[tuple[float, int, int, Any]]] = [[] for _ in self._corridors]
        first = self.taken
        for family, who, value, at in chunk:
            number, place = self._numbers[family], self._places[who]
            entries[place].append((at, number, self._next[place][number], self._decode[number](value, self._keys[who])))
            self._next[place][number] += 1
            self.taken += 1
        for corridor, own in zip(self._corridors, entries, strict=True):
            self._told(self._fed(corridor, own), first)

    def _fed(self, corridor: Corridor, entries: list[Any]) -> list[Any]:
        """Events, and changes of the rule set where they hold."""
        out, begin, place = list[Any](), 0, corridor.house.part
        while entries and (at := self._sets.next_of(place)) is not None and at < entries[-1][0]:
            end = bisect_right(entries, at, key=itemgetter(0))
            out += corridor.feed_all(entries[begin:end], self._names)
            out += self._sets.take(place, corridor)
            begin = end
        return out + corridor.feed_all(entries[begin:], self._names)

    def _told(self, outputs: Sequence[Any], first: int) -> None:
        for output in outputs:
            topic = self._topics[output.__class__]
            self.counts[topic] += 1
            self.versions.add(output.ruleset_version)
            self.said.add(topic, encode(output), first << 24 | int(output.partner_id[1:]))

    @property
    def ends(self) -> dict[tuple[str, int], int]:
        """Next offset of each source partition that got something."""
        return {(self._names[number], place): at for place, own in enumerate(self._next) for number, at in enumerate(own) if at}

    def states(self) -> dict[str, dict[str, Any]]:
        """Plain states by partner, by way of bytes, as those that are restored."""
        return dict(plain_state(c.rules.dump(state), c.rules) for c in self._corridors for state in c.partners.values())

    @property
    def rules(self) -> list[Rules]:
        """Those that run in each partition in the end."""
        return [corridor.rules for corridor in self._corridors]


def plain_state(raw: bytes, rules: Rules) -> tuple[str, dict[str, Any]]:
    """Whose it is, and what it says."""
    state = rules.load(raw)
    return state.partner_id, msgspec.to_builtins(comparable(state, rules))


def told_missing(hint: int) -> str:
    """A missing output in words."""
    return f"missing: an output of partner P{hint & 0xFFFFFF:06d}, of the events from number {hint >> 24:,}"
