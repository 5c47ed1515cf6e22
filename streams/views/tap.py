"""What a worker's outputs mean for the views: whoever moved or was shown is written as they are now."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from streams.partition import Partition
from streams.settings import Settings
from streams.views.buffer import Gone, NudgeView, PartnerView
from streams.views.sent import sent_nudges
from streams.views.trail import Trail
from streams.views.writer import Homes, Views
from streams.worker import Worker

#: Partners passed over between two looks at other tasks.
SLICE = 200


class ViewTap:
    """The worker's `Tap`; `worker` is whose partners it shows."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.views = Views(settings, self.everyone, self._sent, Homes(self.changed, self.shown_up_to))
        self._trails: dict[int, Trail] = {}
        self.worker: Worker | None = None

    def opened(self, partition: int) -> None:
        """A partition is ours now; what its last owner did not write is owed."""
        self._trails[partition] = Trail(self._settings.features_every)
        self.views.owe(partition)

    def put(self, partition: int, outputs: Sequence[Any]) -> None:
        """Note what changed; returns at once."""
        changed: dict[str, None] = {}
        for output in outputs:
            if output.type in ("features", "segment_transition"):
                changed[output.partner_id] = None
            elif output.type == "erased":
                changed.pop(output.partner_id, None)
                self._put_gone(partition, output)
            elif output.type == "nudge":
                self.views.put_nudge(output, time.time())
            elif output.type == "nudge_recalled":
                self.views.put_recalled(output)
        home = self._home(partition)
        if home is None:
            return
        for partner_id in changed:
            if (view := self._view(home, partner_id)) is not None:
                self.views.put_partner(view)

    def _put_gone(self, partition: int, erased: Any) -> None:
        if (home := self._home(partition)) is not None:
            self.views.put_gone(Gone(erased.partner_id, home.term, erased.at))

    def shows(self, partner_id: str) -> bool:
        """Whether Redis may still show a partner who was erased."""
        return partner_id in self.views.gone

    def everyone(self) -> Iterator[PartnerView]:
        """Every partner of this worker, each as they are when they are drawn."""
        for home in list(self.worker.partitions.values()) if self.worker is not None else ():
            for partner_id in home.corridor.partners:
                if (view := self._view(home, partner_id)) is not None:
                    yield view

    def changed(self, partition: int, since: float) -> Iterator[PartnerView | None]:
        """The partners of a partition who changed at or after `since` (stream time, s), as they are when they are drawn; None now and then, where others
        are passed over."""
        home = self._home(partition)
        for number, partner_id in enumerate(home.corridor.partners if home is not None else ()):
            if home is None or self._home(partition) is not home:
                return
            if home.corridor.partners.time_of(partner_id) >= since:
                yield self._view(home, partner_id)
            elif not number % SLICE:
                yield None

    def shown_up_to(self) -> dict[int, float]:
        """Of each partition, up to which stream time what changed was put here."""
        found = {}
        for number, home in self.worker.partitions.items() if self.worker is not None else ():
            trail, commits = self._trails[number], self.worker.counters.commits if self.worker is not None else 0
            trail.note(time.monotonic(), commits, home.corridor.stream_time)
            if (at := trail.shown(commits)) is not None:
                found[number] = at
        return found

    async def _sent(self, now: float, since: float) -> AsyncIterator[list[NudgeView]]:
        """Nudges of partners that are ours; whoever has the others writes theirs. One of whom nothing is kept was erased."""
        async for views in sent_nudges(self._settings, now, since):
            yield [view for view in views if self._knows(view.partner_id)]

    def _knows(self, partner_id: str) -> bool:
        homes = self.worker.partitions.values() if self.worker is not None else ()
        return any(home.corridor.partners.knows(partner_id) for home in homes)

    def _home(self, partition: int) -> Partition | None:
        return self.worker.partitions.get(partition) if self.worker is not None else None

    def _view(self, home: Partition, partner_id: str) -> PartnerView | None:
        state = home.corridor.partners.look(partner_id)
        if state is None:
            return None
        rules = home.corridor.rules
        return PartnerView(partner_id, home.term, state.now, rules.segments_of(state), rules.features(state, state.now), rules.version)
