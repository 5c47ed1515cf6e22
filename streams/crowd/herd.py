"""A worker's side: its partitions count and sketch, and take up the figures that come back. `streams.broadcast.Broadcast` of the figures' topic."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from math import gcd
from typing import TYPE_CHECKING, Any

import msgspec

from segments.crowd import DEMAND
from segments.state import PartnerState
from streams.crowd.census import Census, asked
from streams.crowd.records import Counted, Sketched, Watched, encode
from streams.crowd.sketches import Sketch
from training_rules import Corridor

if TYPE_CHECKING:
    from streams.plan import Plan

#: The name of the figures' topic among those that concern all partners.
CROWD = "crowd"
#: Partners whose metrics are read at a time: some milliseconds of work; and records that wait to be told at most: the oldest go, newer ones say more.
SLICE, MOST_TOLD = 200, 4096
NAP = 0.02  # s between two slices
#: Whom rules reached is counted again after so many times the work that it was: two hundredths of a core at most.
SPARING = 50


class Survey:
    """Reads the metrics of all who are online in one partition, a slice at a time, for a moment `at` (s)."""

    def __init__(self, corridor: Corridor, at: float) -> None:
        self.corridor, self._at, self._waiting = corridor, at, list(corridor.house.turnout.online)
        self._sketches: dict[str, dict[str, Sketch]] = {}

    def go_on(self) -> Sketched | None:
        """The next slice; what was found, when that was the last."""
        slice_, self._waiting = self._waiting[-SLICE:], self._waiting[:-SLICE]
        for who in slice_:
            if (state := self.corridor.partners.look(who)) is not None:
                self.corridor.about_to_read(state)
                self._read(state)
        if self._waiting:
            return None
        house = self.corridor.house
        found = {cohort: {value: sketch.dump() for value, sketch in values.items()} for cohort, values in self._sketches.items()}
        return Sketched(house.part, house.parts, self._at, found)

    def _read(self, s: PartnerState) -> None:
        for name, cohort in self.corridor.rules.cohorts.items():
            x, value = cohort.read(s, s.slots, max(s.now, self._at))
            if x is not None and value is not None:
                values = self._sketches.setdefault(name, {})
                if value not in values:
                    values[value] = Sketch()
                values[value].add(float(x))


class Herd:
    """All partitions of a worker. `every`, `cohorts_every`: how often (s of stream time) zones are counted and cohorts surveyed; 0: never, figures are taken up
    only. `guards_every`: how often it is counted whom rules reached; 0: never. `at_once`: surveys are not made in slices, as in a replay: time runs ahead of them, and nobody waits. `source`: the name under which the offsets of the figures are kept.
    `halted` counts the rules that this worker paused."""

    def __init__(self, source: str, every: int, cohorts_every: int, *, guards_every: int = 0, at_once: bool = False) -> None:
        self._source, self._every, self._cohorts_every, self._guards_every, self._at_once = source, every, cohorts_every, guards_every, at_once
        self._surveys = deque[Survey | Census]()
        self._told = deque[bytes](maxlen=MOST_TOLD)
        self.wanted = asyncio.Event()  # some rule reads what partners make together
        self._news = asyncio.Event()
        self.surveyed_s = self.counted_s = self.watched_s = 0.0
        self._spared_until = 0.0
        self.told = self.halted = 0

    # -- as a broadcast

    def heard(self, event: Any) -> None:
        """Nothing takes time to prepare."""

    def listener(self, corridor: Corridor, kept: Any) -> Taker:
        taker = Taker(corridor, self._source)
        if kept is not None:
            corridor.together.restore(kept)
        if self._every and corridor.rules.counts:
            self.wanted.set()
        if beat := gcd(self._every, self._guards_every):
            home = weakref.ref(corridor)  # no circle: what a partition leaves behind is never looked at by the collector
            corridor.together.count_every(beat, lambda since, at: self._at(home, since, at))
        return taker

    # -- counting

    def _at(self, home: weakref.ref[Corridor], since: float, at: float) -> None:
        if (corridor := home()) is None:
            return
        if _passed(self._every, since, at) and corridor.rules.counts:
            self._count(corridor, since, at)
        if _passed(self._guards_every, since, at) and asked(corridor):
            self._watch(corridor, at)

    def _watch(self, corridor: Corridor, at: float) -> None:
        """Begin to count whom rules reached, unless that is under way, or was much work a moment ago."""
        self.wanted.set()
        if time.monotonic() >= self._spared_until and not any(isinstance(survey, Census) and survey.corridor is corridor for survey in self._surveys):
            self._surveys.append(Census(corridor, at))
            self._news.set()

    def _count(self, corridor: Corridor, since: float, at: float) -> None:
        self.wanted.set()
        began = time.perf_counter()
        self._tell(counted(corridor, at))
        self.counted_s += time.perf_counter() - began
        if corridor.rules.cohorts and _passed(self._cohorts_every, since, at):
            self._surveys.append(Survey(corridor, at))
            self._news.set()
            while self._at_once and self._surveys:
                self._survey()

    def _tell(self, record: Counted | Sketched | Watched) -> None:
        self._told.append(encode(record))
        self.told += 1
        self._news.set()

    def take_told(self) -> list[bytes]:
        """What is to go to whoever puts it together."""
        told = list(self._told)
        self._told.clear()
        return told

    async def until_news(self) -> None:
        """Go on with surveys, a slice at a time, until there is something to tell."""
        while not self._told:
            if self._surveys:
                self._survey()
                await asyncio.sleep(NAP)
            else:
                self._news.clear()
                await self._news.wait()

    def _survey(self) -> None:
        began, survey = time.perf_counter(), self._surveys[0]
        if survey.corridor.closed:  # taken away: its next owner counts
            self._surveys.popleft()
            return
        if (found := survey.go_on()) is not None:
            self._surveys.popleft()
            self._tell(found)
        took = time.perf_counter() - began
        if isinstance(survey, Census):
            self.watched_s += took
            self._spared_until = max(self._spared_until, time.monotonic()) + SPARING * took
        else:
            self.surveyed_s += took


def _passed(every: int, since: float, at: float) -> bool:
    """Whether a multiple of a period lies after `since`, up to `at`; never where there is none."""
    return bool(every) and at // every > since // every


def crowd_of(plan: Plan) -> dict[str, float]:
    """Records that this worker told, the seconds that counting and surveying took, and the rules that it paused, since it began."""
    herd = plan.broadcasts.get(CROWD)
    return {"told": herd.told, "counted_s": round(herd.counted_s, 3), "surveyed_s": round(herd.surveyed_s, 3), "watched_s": round(herd.watched_s, 3), "halted": herd.halted} if isinstance(herd, Herd) else {}


class Taker:
    """Takes figures up in one partition."""

    settles = False

    def __init__(self, corridor: Corridor, source: str) -> None:
        self._corridor, self._source = corridor, source
        self._kept: Any = None

    def ready(self, event: Any) -> bool:
        return True

    def apply(self, event: Any) -> Sequence[Any]:
        self._kept = None
        return self._corridor.announce(event, self._source)

    def kept(self) -> Any:
        """Figures and offers. Offers change with every event; a part of them that is a few seconds old would lose those: they are asked for each time."""
        if not self._corridor.rules.counts:
            return None
        if self._kept is None:
            self._kept = msgspec.Raw(msgspec.msgpack.encode(self._corridor.house.crowd.kept()))
        return [self._kept, self._corridor.house.turnout.kept()]


def counted(corridor: Corridor, at: float) -> Counted:
    """What a partition has at stream time `at` (s)."""
    house = corridor.house
    zones = {zone: (*counts, len(house.crowd.readers.get((DEMAND, zone), ()))) for zone, counts in house.turnout.counts(at, corridor.partners.look).items()}
    for zone, concerned in _concerned(corridor):
        zones.setdefault(zone, (0, 0, concerned))
    return Counted(house.part, house.parts, at, zones)


def _concerned(corridor: Corridor) -> Iterator[tuple[str, int]]:
    """Zones whose demand concerns somebody, whether anybody is there or not."""
    return ((zone, len(who)) for (name, zone), who in corridor.house.crowd.readers.items() if name == DEMAND)
