"""What a worker's outputs mean for the views: whoever moved or was shown is written as they are now."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from streams.partition import Partition
from streams.settings import Settings
from streams.views.buffer import Gone, PartnerView
from streams.views.sent import sent_nudges
from streams.views.writer import Views
from streams.worker import Worker
from training_rules import Rules
from training_rules.corridor import nobody


class ViewTap:
    """The worker's `Tap`; `worker` is whose partners it shows."""

    def __init__(self, settings: Settings, rules: Rules) -> None:
        self._rules, self.views = rules, Views(settings, self.everyone, partial(sent_nudges, settings))
        self.worker: Worker | None = None

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
        home = self.worker.partitions.get(partition) if self.worker is not None else None
        if home is None:
            return
        for partner_id in changed:
            if (view := self._view(home, partner_id)) is not None:
                self.views.put_partner(view)

    def _put_gone(self, partition: int, erased: Any) -> None:
        if self.worker is not None and (home := self.worker.partitions.get(partition)) is not None:
            self.views.put_gone(Gone(erased.partner_id, home.term, erased.at))

    def shows(self, partner_id: str) -> bool:
        """Whether Redis may still show a partner who was erased."""
        return partner_id in self.views.gone

    def everyone(self) -> Iterator[PartnerView]:
        """Every partner of this worker, each as they are when they are drawn."""
        for home in list(self.worker.partitions.values()) if self.worker is not None else ():
            for partner_id in list(home.corridor.partners):
                if (view := self._view(home, partner_id)) is not None:
                    yield view

    def _view(self, home: Partition, partner_id: str) -> PartnerView | None:
        state = home.corridor.partners.get(partner_id)
        if state is None or nobody(state):
            return None
        features = self._rules.features(state, state.now)
        return PartnerView(partner_id, home.term, state.now, self._rules.segments_of(state), features, self._rules.version)
