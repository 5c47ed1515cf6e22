"""All that a worker has for one partition number: nine decoders, the merge, the corridor of its partners, and what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from faust.types import TP

from events.broadcasts import BROADCASTS
from events.errors import BadEvent
from events.structs import Erased, Forget
from segments.state import PartnerState
from streams.barrier import Barrier
from streams.broadcast import Listener
from streams.ceiling import Ceiling
from streams.erasure import Over
from streams.freezing import KEPT, Freezing, Newest
from streams.intake import Intake
from streams.lane.restored import Restored
from streams.merge import Merge
from streams.plan import Plan
from streams.snapshot import Snapshot, Snapshots
from streams.stats import Counters
from training_rules import Corridor, House, Partners, Rules
from training_rules.corridor import Entry
from training_rules.snapshots import peek

#: How long a family that is behind is waited for in a replay (s).
REPLAY_WAIT = 60.0

#: States looked at between two looks at other tasks.
BREATHE = 5000


async def corridor_of(plan: Plan, restored: Restored, house: House | None = None, rules: Rules | None = None) -> Corridor:
    """The corridor with its partners at rest, as the changelog has them; `restored` gives them away. `rules`: those they were made by, if not the plan's. Other tasks run before."""
    await asyncio.sleep(0)
    rules, resting, store = plan.rules if rules is None else rules, restored.take(), None
    if plan.store_after:
        resting, store = await _longest_unseen_first(resting, restored.stream_time - plan.store_after), plan.new_store()
    return Corridor(rules, Partners(rules, resting=resting, store=store), restored.stream_time, house)


async def _longest_unseen_first(states: dict[str, bytes], since: float) -> dict[str, bytes]:
    """First those who have not come up to `since` (stream time, s): they go to the store while events are served, so that a start takes no longer for them.
    Other tasks run in between."""
    first, recent = dict[str, bytes](), dict[str, bytes]()
    for number, (who, raw) in enumerate(states.items()):
        (recent if peek(raw)[1] >= since else first)[who] = raw
        if number % BREATHE == 0:
            await asyncio.sleep(0)
    first |= recent
    return first


Tell = Callable[[int, Sequence[Any]], None]
"""Takes the partition number and outputs (structs of `OUTPUT_STRUCTS`, and Erased), in order; must not block."""


class Partition:
    """The runtime of one partition number. Nothing in it waits."""

    def __init__(
        self, number: int, plan: Plan, corridor: Corridor, term: int, tell: Tell, counters: Counters, kept: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.number, self.corridor = number, corridor
        self._plan, self.term, self._tell = plan, term, tell
        replayed = plan.clock == "events"  # nobody waits for a recording's nudges, and order is worth any wait
        settle, wait = (plan.merge_settle, max(plan.merge_wait, REPLAY_WAIT)) if replayed else (None, plan.merge_wait)
        for_all = {n: s.family for n, s in enumerate(plan.sources) if s.family in BROADCASTS}
        self.merge = Merge(len(plan.sources), wait=wait, settle=settle, for_all=for_all)
        self._listeners: dict[int, Listener] = {n: plan.broadcasts[f].listener(corridor, (kept or {}).get(f)) for n, f in for_all.items() if f in plan.broadcasts}
        self._names = [s.name for s in plan.sources]
        self._intake = Intake(number, plan, self.merge, lambda letters: tell(number, letters), counters)
        self._ceiling, self._now = Ceiling(corridor, plan.state_limit), 0.0
        corridor.dump = self._dump
        self.barrier = Barrier()
        self._snapshots = Snapshots(number, corridor, term, self.barrier, plan.features_every, lambda shown: tell(number, shown))
        self.feeds = Freezing(corridor, [s.family for s in plan.sources], plan.limits, self.merge, (kept or {}).get(KEPT), on=not replayed)
        self._awaited: Entry | None = None  # what is taken up as soon as all that came before it is committed

    # -- in

    def feed(self, family: int, records: Sequence[Any], position: int, wall: float) -> None:
        """Take a fetched batch. `position`: the offset after it; `wall`: s since the epoch."""
        self._intake.put(family, records, position, wall)
        if records:
            self.feeds.fetched(family, wall)

    def held(self, family: int) -> int:
        """How many records of a family have not gone."""
        return self._intake.waiting(family) + self.merge.held(family)

    @property
    def holds(self) -> bool:
        """Whether anything has not gone."""
        return self.merge.holds or self._intake.holds

    @property
    def caught_up(self) -> bool:
        """All families are read to their ends, and nothing is held."""
        return self.merge.caught_up and not self._intake.holds

    def caught_up_but(self, families: Collection[str]) -> bool:
        """The same, whatever some families do: they are frozen."""
        return self.merge.caught_up_but([n for n, s in enumerate(self._plan.sources) if s.family in families]) and not self._intake.holds

    # -- on

    @property
    def ready(self) -> bool:
        """Whether records wait that can be decoded at once: `run` has something to do, even where no event came of the last ones."""
        return self._intake.ready

    def run(self, now: float) -> int:
        """Hand on what may go now; returns how many events went. `now`: monotonic seconds."""
        self._now = now
        if self.barrier.stands:
            return 0
        if self._awaited is not None:
            return self._turn(self._awaited)
        self._intake.fill(now)
        entries = self.merge.take(now)
        if not entries and (head := self.merge.turn(now)) is not None:
            return self._turn(head)
        if entries:
            self.feeds.going()
        out = self._in_turn(entries) if self._intake.to_erase else self.corridor.feed_all(entries, self._names)
        if out:
            self._tell(self.number, out)
        return len(entries)

    def _in_turn(self, entries: Sequence[Any]) -> list[Any]:
        """Events and erasures, each where it stands."""
        out, begin, corridor = list[Any](), 0, self.corridor
        for at, (_, source, offset, event) in enumerate(entries):
            if event.__class__ is Forget:
                out += corridor.feed_all(entries[begin:at], self._names)
                out += corridor.forget(event.partner_id, self._moment(event), self._names[source], offset)
                begin, self._intake.to_erase = at + 1, self._intake.to_erase - 1
        return out + corridor.feed_all(entries[begin:], self._names)

    def _moment(self, event: Forget) -> float:
        """When an erasure was, in stream time: in a replay its record may have been written years after what is replayed."""
        return event.occurred_at if self._plan.clock == "wall" else min(event.occurred_at, self.corridor.stream_time)

    def _turn(self, head: Entry) -> bool:
        """Take up what concerns all partners, if it can be: whether it was. What is due by its time goes before it: a change of rules waits until no timer does."""
        at, number, offset, event = head
        listener, corridor = self._listeners.get(number), self.corridor
        if listener is not None and not (listener.ready(event) and (not listener.settles or self.feeds.heard_by(at)) and self._settled(listener, head)):
            return False
        self.merge.passed(head)
        out = list(corridor.advance(max(at, corridor.stream_time)))
        if corridor.handed.takes(self._names[number], offset) and listener is not None:
            try:
                out += listener.apply(event)
            except BadEvent as bad:
                self._intake.refuse(number, offset, event, bad)
        if listener is not None and listener.settles:
            self.barrier.stand()
        if out:
            self._tell(self.number, out)
        return True

    def _settled(self, listener: Listener, head: Entry) -> bool:
        """Whether all that came before it is written out and committed, where that is asked for; if not, nothing goes on until it is."""
        if not listener.settles:
            return True
        if self._awaited is None:
            self._awaited = head
            self.barrier.stand()
            return False
        if self.barrier.shooting:
            return False
        self._awaited = None
        return True

    def advance(self, to: float) -> None:
        """Time has come to `to` (s since the epoch) without an event: timers due by then fire."""
        if self.barrier.stands:
            return
        while (head := self._awaited or self.merge.head) is not None and head[0] <= to:
            if not self._turn(head) or self.barrier.stands:
                return
        if to > self.corridor.stream_time and (out := self.corridor.advance(to)):
            self._tell(self.number, out)

    def listen(self, wall: float, newest: Newest | None) -> None:
        """Look whether feeds are heard of, at `wall` (s since the epoch); `newest`: when each family's topic last had a record. Nothing goes between what was
        written out for a change and the change."""
        if not self.barrier.stands and self._awaited is None and (out := self.feeds.look(wall, newest)):
            self._tell(self.number, out)

    def rest(self, now: float) -> None:
        """Let some of those rest who have not been heard of for a while, and some go to the store. `now`: monotonic seconds."""
        self._now = now
        self.corridor.rest(now, self._plan.rest_after)
        if self._plan.store_after:
            self.corridor.store(self._plan.store_after)

    def close(self) -> None:
        """It is taken away: what is known of its partners goes."""
        self.corridor.close()

    def make_room(self, most: int) -> None:
        """Keep no more than `most` partners awake."""
        self.corridor.make_room(most)

    # -- out

    def snapshot(self, now: float, over: Over = lambda _: False) -> Iterator[Snapshot | None]:
        """Changed partners as they are now, as changelog records closed by a mark; they count as unchanged from now on. It is made in slices: None comes after each,
        and events may go on; the snapshot, of the moment at which it was begun, comes last. `now`: monotonic seconds; `over`: of which erased partners nothing more need be kept."""
        self._now = now
        yield from self._snapshots.take(self.offsets(), self._kept(), now, over)

    def _dump(self, state: PartnerState) -> bytes:
        return self._ceiling.dump(state, self._now)

    def _kept(self) -> bytes:
        """What the listeners want the next owner to know."""
        found = {self._plan.sources[n].family: kept for n, listener in self._listeners.items() if (kept := listener.kept()) is not None}
        if frozen := dict(self.feeds.frozen):
            found[KEPT] = frozen
        return msgspec.msgpack.encode(found) if found else b""

    def still_erased(self) -> list[Erased]:
        """To be said again by a new owner: the last one may have been killed before Redis knew."""
        return [Erased(who, state.profile_at) for who, state in sorted(self.corridor.partners.erased.items())]

    def positions(self) -> dict[TP, int]:
        """The offset up to which each source partition was taken in."""
        return {TP(source.topic, self.number): self.merge.position(family) for family, source in enumerate(self._plan.sources)}

    def offsets(self) -> dict[TP, int]:
        """The offset to read next of each source partition, were we to stop here."""
        return {
            TP(source.topic, self.number): applied
            for family, source in enumerate(self._plan.sources)
            if (applied := self.merge.applied(family)) >= 0
        }
