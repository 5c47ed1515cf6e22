"""Many partners on one straight way: stream time, timers and `step` for all partners of one partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from math import inf, nextafter
from typing import Any

from events.structs import Erased, Tick
from segments.state import NOTHING_APPLIED, PartnerState
from training_rules import snapshots
from training_rules.checkpoint import Checkpoint
from training_rules.engine import NOTHING, earliest, finish, fire, remember, step
from training_rules.handed import Handed, joined
from training_rules.house import House
from training_rules.partners import ERASED, Partners
from training_rules.resting import Resting
from training_rules.rules import Rules
from training_rules.silence import NOBODY, Silence
from training_rules.together import Together

#: An event on its way: the time it is ordered by (s), the number of its source (its family), its offset, the event. In that order they sort as they go.
Entry = tuple[float, int, int, Any]
NEVER = (-inf,)


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
        self.handed = Handed()
        self._checkpoint = Checkpoint(self.write, self.handed.stamp())
        self.wakes = self.outlived = 0
        self.closed = False
        self._alarms = self.partners.first_alarms
        self._resting = Resting(self, self._alarms)
        self.partners.house = self.house
        self.house.remember(self.partners.sends(), self.partners.contexts(), rules)
        self.together = Together(self, self._alarms)
        self.silence = Silence(self)
        if rules.counts:
            self.together.count_from_states()
        for state in self.partners.awake.values():
            state.house = self.house
            self.watch(state)

    def watch(self, state: PartnerState) -> None:
        """Note when a partner that was put into `partners` wants to be woken."""
        if state.next_due < state.alarm:
            state.alarm = state.next_due
            heappush(self._alarms, (state.alarm, state.partner_id))

    def get(self, partner_id: str) -> PartnerState | None:
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
        if source and not self.handed.takes(source, offset):
            return NOTHING
        return self._feed(event, source, offset)

    def _feed(self, event: Any, source: str, offset: int) -> Sequence[Any]:
        t, partner_id, out = event.occurred_at, event.partner_id, NOTHING
        if t > self.stream_time:
            out = self.advance(t)
        state = self.get(partner_id)
        if state is None:
            state = self.partners[partner_id] = self.rules.new_state(partner_id)
        if source and offset <= state.applied.get(source, -1):
            return out
        erased = partner_id in self.partners.erased
        if t < (state.profile_at if erased else state.context.get(ERASED, NEVER)[0]):
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
        """Written for the event that most are: in order, of a known partner who is awake. All others go by way of `feed`."""
        partner, handlers, deduped = self.partners.awake.get, self.rules.handlers, self.rules.deduped
        alarms, out = self._alarms, list[Any]()
        now, alarm, handed = self.stream_time, self.next_due, [self.handed.last.get(source, -1) for source in sources]
        for _, source, offset, event in entries:
            if offset <= handed[source]:
                continue
            handed[source] = offset
            t = event.occurred_at
            if now < t >= alarm:
                out += self.advance(t)
                now, alarm = self.stream_time, self.next_due
            state = partner(event.partner_id)
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
        self.stream_time = now
        self.handed.took(zip(sources, handed, strict=True))
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
            self.together.count_from_states()

    def forget(self, partner_id: str, at: float, source: str, offset: int) -> Sequence[Any]:
        """Erase a partner, `at` (s): what happened before that and comes later brings nobody back. What stays for a while are the offsets applied, so
        that events from before are not taken for new ones when they are read again. Stream time does not move."""
        known = self.partners.get(partner_id)
        applied = NOTHING_APPLIED if known is None else known.applied
        if not self.handed.takes(source, offset) or offset <= applied.get(source, -1):
            return NOTHING
        if known is not None:
            self.changes(known)
            self.house.forget(known, self.rules)
        self.partners.erase(partner_id, at, self.handed.applied(applied))
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
                out += self.together.come_to(due)
                continue
            if due == self._resting.known[0] and partner_id == self._resting.known[1]:
                self._resting.look_ahead()
            state = self.partners.due(partner_id, due)
            if state is not None:
                state.alarm = inf
                out += self._wake(state, due)
        return out

    def _wake(self, state: PartnerState, due: float) -> Sequence[Any]:
        out: Sequence[Any] = NOTHING
        but = NOBODY
        state.next_due = min(state.dues, default=inf)
        if state.next_due <= due and self.silence.active and (but := self.silence.left_out(state, due)):
            state.next_due = earliest(state, but)
        if state.next_due <= due:
            self.wakes += 1
            self.changes(state)
            out = fire(state, due, self.rules, but)
            state.now = max(state.now, due)
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
        """Take figures up that concern all partners, now that stream time has come to theirs. `source`: who has them applied already is not looked at."""
        return self.together.announce(event, source)

    # -- out

    def close(self) -> None:
        """It is taken away. What points back to it is let go of: no collector looks at what was to live long (`streams.collector.long_lived`), and all partners would
        stay in memory."""
        self.closed = True
        self.partners.close()
        del self.dump, self.silence, self.together, self._resting, self._checkpoint

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
            state.applied = joined(state.applied, self._checkpoint.stamp)  # that of now counts the record that is about to change them
            self._checkpoint.written_ahead(state.partner_id, self.dump(state))

    def checkpoint(self) -> Checkpoint:
        """The changed partners as they are at this moment, to be written bit by bit while events go on; they count as unchanged from now on."""
        changed, self.dirty = self.dirty, set()
        for who in changed:
            if (state := self.partners.awake.get(who)) is not None:
                state.changed = False
        self._checkpoint = Checkpoint(self.write, self.handed.stamp(), changed)
        return self._checkpoint

    def write(self, partner_id: str) -> bytes:
        """The state of a changed partner as it goes into the changelog. Whom only a timer woke goes to rest with it."""
        partners = self.partners
        if (raw := partners.resting.get(partner_id)) is not None:
            due = self.silence.parked.get(partner_id, inf)  # the next owner knows nothing of who is parked
            return snapshots.due_at(raw, due) if due < snapshots.peek(raw)[0] else raw
        state = partners[partner_id]
        raw = self.dumped(state)
        if partners.roused.get(partner_id) == state.now:
            self._resting.lay(state, raw)
        partners.roused.pop(partner_id, None)
        return raw

    def dumped(self, state: PartnerState) -> bytes:
        """The state as it is written now."""
        state.applied = self.handed.applied(state.applied)
        return self.dump(state)

    def unwritten(self, partner_id: str) -> bool:
        """Whether the changelog has not what this partner is now."""
        return partner_id in self.dirty or partner_id in self._checkpoint

    # -- rest

    def rest(self, now: float, after: float) -> None:
        """Some of those who had no event for `after` seconds by `now` (monotonic s) go to rest."""
        self._resting.rest(now, after)

    def make_room(self, most: int) -> None:
        """No more than `most` partners stay awake."""
        self._resting.make_room(most)

    def store(self, after: float) -> None:
        """Some of those at rest go to the store who had no event for `after` seconds of stream time."""
        self._resting.store(after)
