"""What the lane asks of the worker that it serves. The lane knows Faust and Kafka; the worker knows partners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from faust.types import TP

from streams.lane.restored import Restored


class Port(Protocol):
    """The worker as the lane sees it. All calls come from the event loop's thread."""

    def handed_on(self, tp: TP, records: int) -> None:
        """A batch of so many records is on its way to the agent."""

    async def write_out(self) -> Mapping[TP, int]:
        """Outputs, then the changelog, each acknowledged. Returns the offsets (next to read) that may be committed after it."""

    async def opened(self, partitions: Mapping[int, Restored], generation: int) -> None:
        """These partition numbers, and no others, are ours now, with what the changelog held of them."""

    def began(self, positions: Mapping[TP, int]) -> None:
        """Reading begins at these offsets."""

    def gone(self, tp: TP, records: int) -> None:
        """So many records at most were deleted before they were read: offsets, of which some may have been marks of transactions."""

    def closed(self) -> None:
        """No partition is ours; what was not written out comes again."""

    def failed(self, error: BaseException) -> None:
        """Something broke that must end the process: nothing may be committed after it."""
