"""Faust's recovery, which does not end unseen.

A step of it that is not done in time looks to Faust like an order to stop: it would wait for no later rebalance, say so nowhere, and the worker would keep
partitions that it never opens.
"""

from __future__ import annotations

from typing import Any

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery, ServiceStopped


class LaneRecovery(Recovery):
    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ASYNC109 - the signature is Faust's
        try:
            await super()._wait(coro, timeout)
        except ServiceStopped:
            if timeout is not None and not self.should_stop:  # without one it is the wait around another that told already
                self.app.port.failed(TimeoutError(f"Kafka did not do within {timeout:.0f} s what partitions need to be opened; this worker begins anew"))  # type: ignore[attr-defined]
            raise


class LaneTables(TableManager):
    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = LaneRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
