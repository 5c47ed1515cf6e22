"""Many partners on one straight way: stream time, timers and `step` for all partners of one partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import islice
from math import inf, nextafter
from typing import Any

from events.structs import Erased, Outdated, Tick
from segments.crowd import LAST
from segments.state import NOTHING_APPLIED, Offsets, PartnerState
from training_rules import snapshots
from training_rules.checkpoint import Checkpoint
from training_rules.engine import NOTHING, earliest, finish, fire, remember, step
from training_rules.house import House
from training_rules.partners import Partners
from training_rules.rules import Rules
from training_rules.silence import NOBODY, Silence
from training_rules.storing import NEVER, Alarm

#: Told of a moment (s of stream time) at which all is to be counted.
Counts = Callable[[float], None]

#: How many partners are looked at, and how many of them go to rest, in one go: some 2 ms.
LOOKS, LAID = 1000, 150

#: Alarms of stored partners that are known ahead; and how many places and alarms at least may be there in vain.
AHEAD, VAIN = 2000, 1000

#: An event on its way: the time it is ordered by (s), the number of its source (its family), its offset, the event. In that order they sort as they go.
Entry = tuple[float, int, int, Any]


class Corridor:
    """`feed` events in the order in which they are handed on; `advance` when time passes without one.

    `stream_time` is the highest event time handed on, or what `advance` set (s since the epoch). Timers of any partner that are due by then fire
    before the event that brought it. `house` is what the partners share. `dirty` holds the ids of the partners changed since the last `checkpoint`;
    `wakes` counts the partners that were looked at because time had come. `outlived` counts the events from before an erasure that came after it.
    """

    def __init__(
        self, rules: Rules, partners: Partners | Mapping[str, PartnerState] | None = None, stream_time: float = -inf, house: House | None = None,
        dump: Callable[[PartnerState], bytes] | None = None,
    ) -> None:  # fmt: skip
        self.rules, self.stream_time, self.house = rules, stream_time, house or House()
        self.partners = partners if isinstance(partners, Partners) else Partners(rules, dict(partners or {}))
        self.dump = dump or self._dump
        self.dirty: set[str] = set()
        self._checkpoint = Checkpoint(self.write)
        self.wakes = self.outlived = 0
        self._handed: dict[str, int] = {}  # the last offset of each source
        self._stamp: Offsets | None = None  # the same, for the states that are written now
        self._alarms = self.partners.alarms()
        self._known: Alarm = -inf, ""  # up to which alarms of stored partners are among those
        self._vain = 0  # how many alarms may be there too many
        self._look_ahead()
        heapify(self._alarms)
        self.partners.house = self.house
        self.house.remember(self.partners.sends(), self.partners.contexts(), rules)
        self._counts: Counts | None = None
        self._every, self._next_count = inf, inf
        self.silence = Silence(self)
        if rules.counts:
            self._count_from_states()
        for state in self.partners.awake.values():
            state.house = self.house
            self.watch(state)

    def watch(self, state: PartnerState) -> None:
        """Note when a partner that was put into `partners` wants to be woken."""
        if state.next_due < state.alarm:
            state.alarm = state.next_due
            heappush(self._alarms, (state.alarm, state.partner_id))

    def _get(self, partner_id: str) -> PartnerState | None:
        """The partner's state, awake, with their alarm: of those stored only the next are here. Whose timers wait for feeds does not lose that by a rest."""
        if (state := self.partners.get(partner_id)) is not None:
            if state.next_due <= self.stream_time and self.silence.active:
                self.silence.keep_back(state)
            self.watch(state)
        return state

    @property
    def next_due(self) -> float:
        """When the next timer of any partner may be due; inf when there is none."""
        return self._alarms[0][0] if self._alarms else inf

    def feed(self, event: Any, source: str = "", offset: int = -1) -> Sequence[Any]:
        """Apply one event. With `source` (a topic) an offset at or below the last one applied from it is skipped: replays do no harm."""
        if source and not self.takes(source, offset):
            return NOTHING
        return self._feed(event, source, offset)

    def takes(self, source: str, offset: int) -> bool:
        """Whether this is no record that was handed on before."""
        if offset <= self._handed.get(source, -1):
            return False
        self._handed[source], self._stamp = offset, None
        return True

    def _feed(self, event: Any, source: str, offset: int) -> Sequence[Any]:
        t, partner_id, out = event.occurred_at, event.partner_id, NOTHING
        if t > self.stream_time:
            out = self.advance(t)
        state = self._get(partner_id)
        if state is None:
            state = self.partners[partner_id] = self.rules.new_state(partner_id)
        if source and offset <= state.applied.get(source, -1):
            return out
        erased = partner_id in self.partners.erased
        if erased and t < state.profile_at:
            self.outlived += 1
            return out
        self.changes(state)
        if erased:
            self.partners.begin_anew(partner_id)
        before = state.now
        if t < self.stream_time and before < self.stream_time:
            step(state, Tick(self.stream_time), self.rules)
        decided = step(state, event, self.rules) if self.silence.frozen is None else self.silence.step(state, event)
        if state.unseen and before > -inf:  # it came too late: by their time the next look knows that other rules run
            state.now = before
        self.watch(state)
        if not decided:
            return out
        return [*out, *decided] if out else decided

    def feed_all(self, entries: Sequence[Entry], sources: Sequence[str]) -> list[Any]:
        """`feed` for many: `(time it is ordered by, number of its source, offset, event)` each, in the order in which they go."""
        return self.run_through(entries, sources) if self.silence.frozen is None else self.silence.feed_all(entries, sources)

    def run_through(self, entries: Iterable[Entry], sources: Sequence[str]) -> list[Any]:
        """Written for the event that most are: in order, of a known partner, before anybody's next timer. All others go by way of `feed`."""
        partner, handlers, deduped = self.partners.awake.get, self.rules.handlers, self.rules.deduped
        alarms, out = self._alarms, list[Any]()
        now, alarm, handed = self.stream_time, self.next_due, [self._handed.get(source, -1) for source in sources]
        for _, source, offset, event in entries:
            if offset <= handed[source]:
                continue
            handed[source] = offset
            t, state = event.occurred_at, partner(event.partner_id)
            if state is None or not (state.now < t and now <= t < alarm):
                self.stream_time = now
                out += self._feed(event, sources[source], offset)
                now, alarm = self.stream_time, self.next_due
                continue
            now = t
            if offset <= state.applied.get(sources[source], -1):
                continue
            if not state.changed:
                self.changes(state)
            state.now, kind = t, event.__class__
            if kind in deduped:
                remember(state, event.event_id, t, self.rules)
            found = handlers[kind](state, event, t, t)
            if found is not None:
                out += finish(state, t, found, event.event_id, self.rules)
            if state.next_due < state.alarm:
                self.watch(state)
                alarm = alarms[0][0]
        self.stream_time, self._stamp = now, None
        self._handed |= {source: at for source, at in zip(sources, handed, strict=True) if at >= 0}
        return out

    def change(self, rules: Rules) -> None:
        """Another rule set from here on, between two events. Who has rested through it is looked at by it at the next event or timer, as if awake."""
        counted = self.rules.counts
        self.house.change(self.rules, rules, self.partners.sends, self.partners.contexts)
        at, self.stream_time = self.stream_time, nextafter(self.stream_time, inf)  # what any partner has come to from now on, is later
        self.rules = rules.taken_over(self.rules, at)
        self.partners.change(self.rules)
        self.silence.change(self.rules)
        if rules.counts and not counted:
            self._count_from_states()

    def forget(self, partner_id: str, at: float, source: str, offset: int) -> Sequence[Any]:
        """Erase a partner, `at` (s): what happened before that and comes later brings nobody back. What stays for a while are the offsets applied, so
        that events from before are not taken for new ones when they are read again. Stream time does not move."""
        known = self.partners.get(partner_id)
        applied = NOTHING_APPLIED if known is None else known.applied
        if not self.takes(source, offset) or offset <= applied.get(source, -1):
            return NOTHING
        if known is not None:
            self.changes(known)
            self.house.forget(known, self.rules)
        self.partners.erase(partner_id, at, self._applied(applied))
        self.dirty.add(partner_id)
        return (Erased(partner_id, at),)

    def advance(self, to: float) -> Sequence[Any]:
        """Stream time has come to `to`: fire the timers due by then, oldest first."""
        self.stream_time = max(self.stream_time, to)
        if not self._alarms or self._alarms[0][0] > to:
            return NOTHING
        out: list[Any] = []
        while self._alarms and self._alarms[0][0] <= to:
            due, partner_id = heappop(self._alarms)
            if not partner_id:
                out += self._of_all(due)
                continue
            if due == self._known[0] and partner_id == self._known[1]:
                self._look_ahead()
            state = self.partners.due(partner_id, due)
            if state is not None:
                state.alarm = inf
                out += self._wake(state, due)
        return out

    def _wake(self, state: PartnerState, due: float) -> Sequence[Any]:
        out, but = NOTHING, NOBODY
        state.next_due = min(state.dues, default=inf)
        if state.next_due <= due and self.silence.active and (but := self.silence.left_out(state, due)):
            state.next_due = earliest(state, but)
        if state.next_due <= due:
            self.wakes += 1
            self.changes(state)
            out = self.silence.partly(state, due, but) if but else step(state, Tick(due), self.rules) if due > state.now else _overdue(state, due, self.rules)
            if state.partner_id in self.partners.roused:
                self.partners.roused[state.partner_id] = state.now
        else:
            self.partners.roused.pop(state.partner_id, None)
        self.watch(state)
        return out

    # -- feeds that are not heard of

    def freeze(self, known: Mapping[str, float], at: float, why: Mapping[str, str] | None = None) -> Sequence[Any]:
        """Of these families nothing is known after the moments given (s of event time), since stream time `at`: timers that hang on them do not go."""
        return self.silence.freeze(known, at, why or {})

    def thaw(self, feeds: Iterable[str], at: float) -> Sequence[Any]:
        """These families are back since stream time `at`, and all that they brought late is applied: what is overdue goes now, each at its own deadline."""
        said = self.silence.thaw(feeds, at)
        return [*said, *self.advance(self.stream_time)] if said else said

    # -- what partners make together

    def announce(self, event: Any, source: str = "") -> Sequence[Any]:
        """Take figures up that concern all partners, now that stream time has come to theirs: those whose conditions read what changed are looked at.
        A partner who has them applied already, by the last offset handed on from `source`, is not."""
        now, offset = max(self.stream_time, event.occurred_at), self._handed.get(source, -1)
        self.stream_time = now
        whom = self.house.crowd.take(event, now, {name: cohort.thresholds for name, cohort in self.rules.cohorts.items()})
        heappush(self._alarms, (now + LAST, ""))
        return self._look_at(whom, event, source, offset)

    def restore(self, kept: Any) -> None:
        """What `kept` said when the last owner stopped."""
        figures, offers = kept
        self.house.crowd.restore(figures)
        self.house.turnout.restore(offers)
        for end in self.house.crowd.ends():
            heappush(self._alarms, (end, ""))

    def kept(self) -> Any:
        """What of the crowd the next owner has to know beside the states, as plain data."""
        return self.house.crowd.kept(), self.house.turnout.kept()

    def _look_at(self, whom: Iterable[str], event: Any, source: str = "", offset: int = -1) -> list[Any]:
        out = list[Any]()
        for who in whom if event.__class__ in self.rules.handlers else ():
            state = self._get(who)
            if state is None or who in self.partners.erased or (source and offset <= state.applied.get(source, -1)):
                continue
            self.changes(state)
            if event.occurred_at < self.stream_time and state.now < self.stream_time:
                out += step(state, Tick(self.stream_time), self.rules)
            out += step(state, event, self.rules)
            self.watch(state)
        return out

    def _count_from_states(self) -> None:
        """Who reads which figures, and who is online where, as the states say."""
        crowd, turnout = self.house.crowd, self.house.turnout
        for who, context, online, zone, zone_at in self.partners.beside():
            if context:
                crowd.remember(who, context)
            if online:
                turnout.remember(who, zone, zone_at)

    def count_every(self, seconds: float, told: Counts) -> None:
        """Have `told(at)` called whenever stream time comes to a multiple of so many seconds, before the first event of then."""
        self._every, self._counts = seconds, told
        self._count_at((self.stream_time // seconds + 1) * seconds if self.stream_time > -inf else 0.0)

    def _count_at(self, at: float) -> None:
        self._next_count = at
        heappush(self._alarms, (at, ""))

    def _of_all(self, due: float) -> Sequence[Any]:
        """A moment that concerns no single partner: figures grow old, or all is counted."""
        if self._counts is not None and due == self._next_count:
            if due:
                self._counts(due)
            self._count_at(max(due + self._every, self.stream_time // self._every * self._every))  # of those that time passed over, the last
        whom = self.house.crowd.outdated(due)
        return self._look_at(whom, Outdated(f"@{due:.3f}", due)) if whom else NOTHING

    # -- out

    def _dump(self, state: PartnerState) -> bytes:
        return self.rules.dump(state)

    def changes(self, state: PartnerState) -> None:
        """Before anything of a partner changes: what a checkpoint has to say of them is written now, and they are part of the next one."""
        if not state.changed:
            state.changed = True
            self.dirty.add(state.partner_id)
            self.about_to_read(state)

    def about_to_read(self, state: PartnerState) -> None:
        """Before windows are read at a later time than a checkpoint's, which lets go of what has left them: what it has to say is written now."""
        if state.partner_id in self._checkpoint:
            self._checkpoint.written_ahead(state.partner_id, self._dumped(state))

    def checkpoint(self) -> Checkpoint:
        """The changed partners as they are at this moment, to be written bit by bit while events go on; they count as unchanged from now on."""
        changed, self.dirty = self.dirty, set()
        for who in changed:
            if (state := self.partners.awake.get(who)) is not None:
                state.changed = False
        self._checkpoint = Checkpoint(self.write, changed)
        return self._checkpoint

    def write(self, partner_id: str) -> bytes:
        """The state of a changed partner as it goes into the changelog. Whom only a timer woke goes to rest with it."""
        partners = self.partners
        if (raw := partners.resting.get(partner_id)) is not None:
            due = self.silence.parked.get(partner_id, inf)  # the next owner knows nothing of who is parked
            return snapshots.due_at(raw, due) if due < snapshots.peek(raw)[0] else raw
        state = partners[partner_id]
        raw = self._dumped(state)
        if partners.roused.get(partner_id) == state.now:
            self._lay(state, raw)
        partners.roused.pop(partner_id, None)
        return raw

    def _dumped(self, state: PartnerState) -> bytes:
        state.applied = self._applied(state.applied)
        return self.dump(state)

    def _applied(self, known: Mapping[str, int]) -> Mapping[str, int]:
        """What a state that is written now has applied: all that was handed on, of whomever it was; or more, where it was restored from a torn flush
        and its records are still to be read again."""
        stamp = self._stamp = self._stamp or Offsets(self._handed)
        if known.__class__ is Offsets or all(stamp.get(source, -1) >= offset for source, offset in known.items()):
            return stamp
        return {source: max(known.get(source, -1), stamp.get(source, -1)) for source in {**known, **stamp}}

    # -- rest

    def rest(self, now: float, after: float) -> None:
        """Those who had no event for a while go to rest: after `after` seconds by `now` (monotonic s), at twice that the latest if there are not too many.
        Only a few are looked at in one go. The changelog has what they rest as: who is changed, and not written yet, stays awake."""
        partners, laid = self.partners, 0
        for state in list(islice(partners.awake.values(), LOOKS)):
            if state.looked_at > now - after:
                break
            if state.looked_at == -inf or state.heard != state.now or self._unwritten(state.partner_id):
                partners.looked(state, now)
                continue
            self._lay(state, self.dump(state))
            laid += 1
            if laid == LAID:
                break

    def _unwritten(self, partner_id: str) -> bool:
        return partner_id in self.dirty or partner_id in self._checkpoint

    def make_room(self, most: int) -> None:
        """Of more than `most` partners awake those go to rest, written or not, who have been so for longest."""
        awake = self.partners.awake
        for state in list(islice(awake.values(), max(len(awake) - most, 0))):
            self._lay(state, self._dumped(state) if self._unwritten(state.partner_id) else self.dump(state))

    def _lay(self, state: PartnerState, raw: bytes) -> None:
        """Who rests is woken when their alarm goes: it may be early, as that of one awake, but it is there."""
        if (due := self.silence.rests(state, asked := snapshots.peek(raw)[0])) != asked:
            raw = snapshots.due_at(raw, due)
        if state.alarm < due:
            raw = snapshots.due_at(raw, state.alarm)
        elif due < state.alarm:
            heappush(self._alarms, (due, state.partner_id))
        self.partners.lay(state.partner_id, raw)

    # -- the store

    def store(self, after: float) -> None:
        """Some of those at rest go to the store who had no event for `after` seconds of stream time; who is changed, and not written yet, does not. Their alarms
        are in the store from then on; where most are here in vain, they are made anew."""
        moved = self.partners.put_away(self.stream_time - after, self._unwritten)
        self._vain += moved
        if self._vain > (VAIN if moved else 0) and self._vain > max(len(self.partners.resting), (len(self._alarms) - AHEAD) // 2):
            self._forget_stored()

    def _forget_stored(self) -> None:
        """Keep no places of stored partners, and no alarms of theirs but the next. All are new objects: an old one here and there would hold all the memory around it."""
        partners, for_all = self.partners, [alarm for alarm in self._alarms if not alarm[1]]
        partners.close_up()
        self._alarms[:] = [*for_all, *partners.alarms(), *((s.alarm, who) for who, s in partners.awake.items() if s.alarm < inf)]
        self._known, self._vain = (-inf, ""), 0
        self._look_ahead()
        heapify(self._alarms)

    def _look_ahead(self) -> None:
        """Take up the next alarms of those stored; at the last of them it is time for more."""
        found = self.partners.store.alarms(self._known, AHEAD)
        for alarm in found:
            heappush(self._alarms, alarm)
        self._known = found[-1] if len(found) == AHEAD else NEVER


def _overdue(state: PartnerState, due: float, rules: Rules) -> Sequence[Any]:
    """A timer that was set for a moment at which the partner's own time already stands."""
    return fire(state, due, rules)
