"""The partners of one partition, by id: those awake are states, those at rest the bytes that a snapshot made of them, and of those who were not heard of
for long these bytes are in a store (ADR 43).

A partner at rest costs a fraction of the memory of one awake, and nothing at a start. The next event or timer wakes them; a look does not.
Of those who were erased the applied offsets are kept for a while (ADR 31).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, takewhile
from math import inf
from typing import Any

from segments.state import PartnerState
from training_rules import snapshots
from training_rules.house import House
from training_rules.rules import Rules
from training_rules.storing import InMemory, Store

#: Under what a state notes when its partner was erased (s), who has come back since.
ERASED = "erased"
#: Partners who go to the store in one go: some 2 ms.
STORED = 200


class Partners:
    """`awake` is for the hot path, which finds whom it wants there nearly always; all else asks here. Nobody is in two of `awake`, `resting`, `store` and `erased`.

    Of those awake the first are those who woke up, or were looked at, longest ago. `roused` are those whom a timer woke, with their own time then: they are awake for nothing, unless an event moves it on.
    `woken` counts who woke up or is new; `first_alarms` are those of who was at rest at the beginning, for the corridor to go on with. `stores`: whether anybody is to go to the store; `unheard` are those at rest of whom a timer was the last that
    came: they need not wait for that.
    """

    __slots__ = ("_rules", "awake", "erased", "first_alarms", "house", "resting", "roused", "store", "stores", "unheard", "woken")

    def __init__(
        self, rules: Rules, awake: dict[str, PartnerState] | None = None, resting: dict[str, bytes] | None = None, store: Store | None = None
    ) -> None:
        self._rules, self.house = rules, House()
        self.awake: dict[str, PartnerState] = {} if awake is None else awake
        self.resting: dict[str, bytes] = {} if resting is None else resting
        self.stores, self.store = store is not None, InMemory() if store is None else store
        self.roused, self.unheard, self.woken = dict[str, float](), dict[str, None](), 0
        self.first_alarms, erased = snapshots.survey(self.resting)
        self.erased = {who: rules.load(self.resting.pop(who)) for who in erased}

    def __len__(self) -> int:
        return len(self.awake) + len(self.resting) + len(self.store) + len(self.erased)

    def __contains__(self, partner_id: object) -> bool:
        return partner_id in self.erased or (isinstance(partner_id, str) and self.knows(partner_id))

    def __iter__(self) -> Iterator[str]:
        """All ids. Others may come and go meanwhile; who goes to the store then may come twice."""
        return chain([*self.awake, *self.resting, *self.erased], self.store.ids())

    def knows(self, partner_id: str) -> bool:
        """Whether anything is known of them but that they were erased."""
        return partner_id in self.awake or self._at_rest(partner_id) is not None

    def _at_rest(self, partner_id: str) -> bytes | None:
        return self.resting.get(partner_id) or self.store.get(partner_id)

    # -- to act on

    def get(self, partner_id: str) -> PartnerState | None:
        """The partner's state, awake from now on, or what is kept of one who was erased; None for one who is not known. One who was stored has no alarm."""
        state = self.awake.get(partner_id) or self.erased.get(partner_id)
        if state is None and (raw := self.resting.pop(partner_id, None)) is not None:
            state = self._wake(partner_id, raw)
            state.alarm = snapshots.peek(raw)[0]
        elif state is None and (raw := self.store.take(partner_id)) is not None:
            state = self._wake(partner_id, raw)
        return state

    def __getitem__(self, partner_id: str) -> PartnerState:
        state = self.get(partner_id)
        if state is None:
            raise KeyError(partner_id)
        return state

    def __setitem__(self, partner_id: str, state: PartnerState) -> None:
        if self.resting.pop(partner_id, None) is None:
            self.store.take(partner_id)
        self.awake[partner_id] = state
        self.woken += 1
        state.house = self.house

    def due(self, partner_id: str, at: float) -> PartnerState | None:
        """The partner, awake, if they want to be woken at `at`; None where that alarm is not theirs any more."""
        state = self.awake.get(partner_id)
        if state is not None:
            return state if state.alarm == at else None
        raw = self._at_rest(partner_id)
        if raw is None or snapshots.peek(raw)[0] != at:
            return None
        if self.resting.pop(partner_id, None) is None:
            self.store.take(partner_id)
        state = self._wake(partner_id, raw)
        state.alarm = at
        self.roused[partner_id] = state.now
        return state

    def looked(self, state: PartnerState, now: float) -> None:
        """Somebody awake was looked at, and stays so for now (monotonic s)."""
        state.heard, state.looked_at = state.now, now
        self.awake[state.partner_id] = self.awake.pop(state.partner_id)

    def lay(self, partner_id: str, raw: bytes) -> None:
        """Somebody awake goes to rest as these bytes."""
        self.unheard.pop(partner_id, None)
        if self.roused.pop(partner_id, None) == self.awake[partner_id].now and self.stores:
            self.unheard[partner_id] = None
        del self.awake[partner_id]
        self.resting[partner_id] = raw

    def _wake(self, partner_id: str, raw: bytes) -> PartnerState:
        state = self.awake[partner_id] = self._rules.load(raw)
        self.woken += 1
        state.house = self.house
        return state

    def put_away(self, since: float, kept_back: Callable[[str], bool]) -> int:
        """Some of those at rest go to the store: whom a timer woke, and the first of the others while they have not come up to `since` (stream time, s).
        Who is kept back stays. Returns how many went."""
        first = [who for who in islice(self.unheard, STORED) if not kept_back(who)]
        for who in first:
            del self.unheard[who]
        oldest = takewhile(lambda who: snapshots.peek(self.resting[who])[1] < since, islice(self.resting, STORED))
        going = {who: raw for who in chain(first, oldest) if (raw := self.resting.get(who)) is not None and not kept_back(who)}
        self.store.put(going)
        for who in going:
            del self.resting[who]
        return len(going)

    def close(self) -> None:
        """Nobody is asked for any more."""
        self.store.close()
        self.store = InMemory()
        for kept in (self.awake, self.resting, self.erased):
            kept.clear()

    def close_up(self) -> None:
        """A table never gets smaller by itself, and to look for its first takes long where many before it are gone."""
        self.resting = dict(self.resting)

    def change(self, rules: Rules) -> None:
        """Another rule set from now on. Those at rest stay bytes, and are read by it when they wake up."""
        snapshots.change(chain(self.awake.values(), self.erased.values()), self._rules, rules)
        self._rules = rules

    # -- erasure

    def erase(self, partner_id: str, at: float, applied: Mapping[str, int]) -> None:
        """Keep of a partner only the applied offsets and, as `profile_at`, when they were erased."""
        for kept in (self.roused, self.unheard, self.awake, self.resting):
            kept.pop(partner_id, None)
        self.store.drop(partner_id)
        state = self.erased[partner_id] = self._rules.new_state(partner_id)
        state.house, state.applied, state.profile_at = self.house, applied, at

    def begin_anew(self, partner_id: str) -> None:
        """One who was erased has an event of after that; when that was is kept, for what comes late of before."""
        state = self[partner_id] = self.erased.pop(partner_id)
        state.context[ERASED] = [state.profile_at]

    def bury(self, partner_ids: Iterable[str]) -> None:
        """Keep nothing more of those who were erased."""
        for partner_id in partner_ids:
            del self.erased[partner_id]

    # -- to look at

    def look(self, partner_id: str) -> PartnerState | None:
        """The partner's state, to read only: of one at rest it is a copy. None for one of whom nothing is known."""
        state = self.awake.get(partner_id)
        if state is None and (raw := self._at_rest(partner_id)) is not None:
            state = self._rules.load(raw)
            state.house = self.house
        return state

    def time_of(self, partner_id: str) -> float:
        """The stream time (s) up to which a partner's state has come; -inf for one who is not known, or erased."""
        state = self.awake.get(partner_id)
        if state is not None:
            return state.now
        raw = self._at_rest(partner_id)
        return -inf if raw is None else snapshots.peek(raw)[1]

    def values(self) -> Iterator[PartnerState]:
        """Every partner's state, to read only."""
        return chain(self.awake.values(), (self._rules.load(raw) for _, raw in self.rested()), self.erased.values())

    def rested(self) -> Iterator[tuple[str, bytes]]:
        """All at rest, stored or not."""
        return chain(self.resting.items(), self.store.items())

    def items(self) -> Iterator[tuple[str, PartnerState]]:
        return ((state.partner_id, state) for state in self.values())

    def alarms(self) -> list[tuple[float, str]]:
        """When those at rest in memory want to be woken, in no order. Raises UnknownFormat where a newer version wrote a state."""
        return snapshots.survey(self.resting)[0]

    def contexts(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Of every partner what their conditions and seats noted."""
        return ((who, context) for who, (context, *_) in self.beside())

    def beside(self) -> Iterator[tuple[str, snapshots.Beside]]:
        """Of every partner what concerns others."""
        awake = ((who, (state.context, state.online, state.zone, state.zone_at)) for who, state in self.awake.items())
        return chain(awake, snapshots.beside(self.rested(), self._rules))

    def sent(self, partner_id: str) -> tuple[float, Mapping[int, Sequence[float]], Mapping[str, Any]] | None:
        """The stream time (s) up to which a partner has come, the moments of what they were sent by slot id, and what is noted of their opt-outs, without waking
        them. None for one of whom nothing is known."""
        state, rules = self.awake.get(partner_id), self._rules
        if state is not None:
            sent = state.slots[rules.sends_from :]
            return state.now, dict(zip(rules.sends_ids, sent, strict=True)) if any(sent) else {}, state.context
        if (raw := self._at_rest(partner_id)) is None:
            return None
        now, (moments, noted) = snapshots.peek(raw)[1], snapshots.apart(raw)
        return now, snapshots.living(moments, rules, now) if moments else moments, noted

    def sends(self) -> Iterator[tuple[str, Mapping[int, Sequence[float]]]]:
        """Of every partner the moments of what they were sent, by slot id; other slots may be among them."""
        for who, state in self.awake.items():
            yield who, dict(zip(self._rules.slot_ids, state.slots, strict=True))
        for who, raw in self.rested():
            if sends := snapshots.sends(raw):
                yield who, snapshots.living(sends, self._rules, snapshots.peek(raw)[1])


def nobody(state: PartnerState) -> bool:
    """Whether this is what is kept of an erased partner who has not been heard of since."""
    return state.now == -inf
