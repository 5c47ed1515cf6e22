"""Who of a corridor's partners goes to rest, and who of those to the store; and when those stored want to be woken.

`Partners` is where they are; here is who goes, and that the alarms go with them.
"""

from __future__ import annotations

from heapq import heapify, heappush
from itertools import islice
from math import inf
from typing import TYPE_CHECKING

from segments.state import PartnerState
from training_rules import snapshots
from training_rules.storing import NEVER, Alarm

if TYPE_CHECKING:
    from training_rules.corridor import Corridor

#: How many partners are looked at, and how many of them go to rest, in one go: some 2 ms.
LOOKS, LAID = 1000, 150

#: Alarms of stored partners that are known ahead; and how many places and alarms at least may be there in vain.
AHEAD, VAIN = 2000, 1000


class Resting:
    """`alarms`: the corridor's. `known`: up to which alarms of stored partners are among those."""

    def __init__(self, corridor: Corridor, alarms: list[Alarm]) -> None:
        self._corridor, self._alarms = corridor, alarms
        self.known: Alarm = -inf, ""
        self._vain = 0  # how many alarms may be there too many
        self.look_ahead()
        heapify(alarms)

    # -- rest

    def rest(self, now: float, after: float) -> None:
        """Those who had no event for a while go to rest: after `after` seconds by `now` (monotonic s), at twice that the latest if there are not too many.
        Only a few are looked at in one go. The changelog has what they rest as: who is changed, and not written yet, stays awake."""
        corridor, partners, laid = self._corridor, self._corridor.partners, 0
        for state in list(islice(partners.awake.values(), LOOKS)):
            if state.looked_at > now - after:
                break
            if state.looked_at == -inf or state.heard != state.now or corridor.unwritten(state.partner_id):
                partners.looked(state, now)
                continue
            self.lay(state, corridor.dump(state))
            laid += 1
            if laid == LAID:
                break

    def make_room(self, most: int) -> None:
        """Of more than `most` partners awake those go to rest, written or not, who have been so for longest."""
        corridor, awake = self._corridor, self._corridor.partners.awake
        for state in list(islice(awake.values(), max(len(awake) - most, 0))):
            self.lay(state, corridor.dumped(state) if corridor.unwritten(state.partner_id) else corridor.dump(state))

    def lay(self, state: PartnerState, raw: bytes) -> None:
        """Who rests is woken when their alarm goes: it may be early, as that of one awake, but it is there."""
        if (due := self._corridor.silence.rests(state, asked := snapshots.peek(raw)[0])) != asked:
            raw = snapshots.due_at(raw, due)
        if state.alarm < due:
            raw = snapshots.due_at(raw, state.alarm)
        elif due < state.alarm:
            heappush(self._alarms, (due, state.partner_id))
        self._corridor.partners.lay(state.partner_id, raw)

    # -- the store

    def store(self, after: float) -> None:
        """Some of those at rest go to the store who had no event for `after` seconds of stream time; who is changed, and not written yet, does not. Their alarms
        are in the store from then on; where most are here in vain, they are made anew."""
        corridor, partners = self._corridor, self._corridor.partners
        moved = partners.put_away(corridor.stream_time - after, corridor.unwritten)
        self._vain += moved
        if self._vain > (VAIN if moved else 0) and self._vain > max(len(partners.resting), (len(self._alarms) - AHEAD) // 2):
            self._forget_stored()

    def _forget_stored(self) -> None:
        """Keep no places of stored partners, and no alarms of theirs but the next. All are new objects: an old one here and there would hold all the memory around it."""
        partners, for_all = self._corridor.partners, [alarm for alarm in self._alarms if not alarm[1]]
        partners.close_up()
        self._alarms[:] = [*for_all, *partners.alarms(), *((s.alarm, who) for who, s in partners.awake.items() if s.alarm < inf)]
        self.known, self._vain = (-inf, ""), 0
        self.look_ahead()
        heapify(self._alarms)

    def look_ahead(self) -> None:
        """Take up the next alarms of those stored; at the last of them it is time for more."""
        found = self._corridor.partners.store.alarms(self.known, AHEAD)
        for alarm in found:
            heappush(self._alarms, alarm)
        self.known = found[-1] if len(found) == AHEAD else NEVER
