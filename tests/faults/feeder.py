"""The producer of a run: sends its stream to the broker itself, at a pace, whatever happens to the workers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

from simulator.sender import Sender
from streams.settings import Settings
from tests.faults.stream import PARTITIONS, Record

BEAT = 0.05  # s between two requests


class Feeder:
    """`sent`: how many records the broker has. Pausing waits for what is under way, so that all topics stand at the same moment."""

    def __init__(self, settings: Settings, records: Sequence[Record], per_s: float) -> None:
        self._settings, self._records, self._per_s = settings, records, per_s
        self._open, self._idle = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="feeder")
        self._failure: BaseException | None = None
        self.sent, self._ended = 0, False
        self._open.set()

    def start(self) -> None:
        self._thread.start()

    def pause(self) -> None:
        self._open.clear()
        self._idle.wait(30)

    def resume(self) -> None:
        self._open.set()

    @property
    def over(self) -> bool:
        if self._failure is not None:
            raise self._failure
        return not self._thread.is_alive()

    def stop(self) -> None:
        self._ended = True
        self._open.set()
        if self._thread.ident is not None:
            self._thread.join(30)

    def last_times(self) -> dict[int, float]:
        """The highest event time sent so far, by partition."""
        found = dict.fromkeys(range(PARTITIONS), 0.0)
        for record in self._records[: self.sent]:
            if record.at is not None:
                found[record.partition] = max(found[record.partition], record.at)
        return found

    def _run(self) -> None:
        try:
            asyncio.run(self._feed())
        except BaseException as error:  # noqa: BLE001 - raised where `over` is asked
            self._failure = error
        finally:
            self._idle.set()

    async def _feed(self) -> None:
        chunk, began = max(1, int(self._per_s * BEAT)), time.monotonic()
        async with Sender(self._settings) as sender:
            while self.sent < len(self._records) and not self._ended:
                self._idle.set()
                while not self._open.is_set():
                    await asyncio.sleep(BEAT)
                self._idle.clear()
                for record in self._records[self.sent : self.sent + chunk]:
                    sender.add(record.family, record.key, record.value)
                await sender.flush()
                self.sent = min(self.sent + chunk, len(self._records))
                began = max(began + BEAT, time.monotonic() - BEAT)
                await asyncio.sleep(max(0.0, began - time.monotonic()))
