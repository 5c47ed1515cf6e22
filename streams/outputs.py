"""What partitions say, on its way out from the moment it is said: counted, sent to its topic, shown through the window."""

from __future__ import annotations

from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from events.decode import encode
from events.structs import OUTPUT_STRUCTS, Erased
from streams.lane.outbox import Outbox, Record
from streams.lane.transport import LaneApp
from streams.plan import Plan
from streams.stats import Counters

#: Bytes of outputs under way to Kafka at which no further event is handed on, and fetching is held back: a slow broker slows the intake.
MOST_OUT = 16 * 1024 * 1024

Features = OUTPUT_STRUCTS["features"]


class Tap(Protocol):
    """Looks at what happens through a window (Redis views). `put` must return at once; `shows` says whether it may still show a partner who was erased."""

    def opened(self, partition: int) -> None: ...

    def put(self, partition: int, outputs: Sequence[Any]) -> None: ...

    def shows(self, partner_id: str) -> bool: ...


class Outputs:
    """`tell` takes what came of a partition. `partitions`: how many the families have; `failed` is called at once when something cannot be sent."""

    def __init__(self, app: LaneApp, plan: Plan, partitions: int, counters: Counters, tap: Tap | None, failed: Callable[[BaseException], None]) -> None:
        self._app, self._topics, self._partitions, self._counters, self._tap, self._failed = app, plan.outputs, partitions, counters, tap, failed
        self._outbox: Outbox | None = None

    def tell(self, number: int, outputs: Sequence[Any]) -> None:
        """Outputs that came of partition `number`: on their way from now on."""
        self._counters.said(outputs)
        by_topic: dict[str, list[Record]] = defaultdict(list)
        for output in outputs:
            gone = output.__class__ is Erased
            by_topic[self._topics[Features if gone else output.__class__]].append((_key(output), None if gone else encode(output)))
        for topic, records in by_topic.items():
            self._box.put(topic, number, records)
        if self._tap is not None:
            self._tap.put(number, outputs)

    @property
    def waiting(self) -> int:
        """Bytes that are not acknowledged."""
        return 0 if self._outbox is None else self._outbox.waiting

    @property
    def crowded(self) -> bool:
        """So much is on its way out that nothing more may come in."""
        return self.waiting > MOST_OUT

    async def settle(self) -> None:
        """Wait until everything that was said before this call is acknowledged; raises what could not be sent."""
        if self._outbox is not None:
            await self._outbox.settle()

    @property
    def _box(self) -> Outbox:
        if self._outbox is None:  # the producer is there only when the app has begun
            self._outbox = Outbox(self._app.batch_producer, self._partitions, self._failed)
        return self._outbox


def _key(output: Any) -> bytes | None:
    """Outputs are keyed by partner; a dead letter as its original was."""
    if output.type == "dead_letter":
        return None if output.key_base64 is None else b64decode(output.key_base64)
    key: bytes = output.partner_id.encode()
    return key
