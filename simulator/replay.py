"""Sending a recording through Kafka: as fast as possible, or at its own pace times a speed-up."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from time import monotonic

from simulator.importers import WHOLE, Cut, Record, Report, Source, open_source
from simulator.sender import Sender
from streams.settings import Settings

__all__ = ["WHOLE", "Cut", "Record", "Report", "Sent", "Source", "dry_run", "open_source", "replay", "replay_async", "shifted_to"]

CHUNK = 10_000  # events a flush when nothing holds them back
SLICE = 0.02  # seconds: events due sooner than this are sent along, later ones are waited for
REPORT_EVERY = 0.1  # seconds between two calls of `progress` in a dry run

Progress = Callable[[int, float], None]
"""Called now and then with the number of events sent, and the share of the recording that is done (0 to 1)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How many events were sent (or, in a dry run, made), in how many seconds, and what the source reports."""

    events: int
    seconds: float
    report: Report

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0


def shifted_to(source: Source, cut: Cut, end: float, speed: float | None = None) -> Cut:
    """The cut, moved so that its last event happens at `end` (seconds since the epoch) or, at a pace, when it is sent.

    So no event lies in the future when it reaches Kafka; at a speed of 1 the recording starts at `end`, which is now.
    """
    span = source.span(cut)
    if span is None:
        return cut
    first, last = span
    return replace(cut, shift=end + ((last - first) / speed if speed else 0.0) - last)


def dry_run(source: Source, cut: Cut = WHOLE, progress: Progress | None = None) -> Sent:
    """Make every event and send none, for the report."""
    began, count, told = monotonic(), 0, 0.0
    for count, _ in enumerate(source.events(cut), 1):
        if progress and count % 1000 == 0 and monotonic() - told > REPORT_EVERY:
            told = monotonic()
            progress(count, share(source, cut, count))
    return Sent(count, monotonic() - began, source.report)


def replay(source: Source, settings: Settings, speed: float | None = None, progress: Progress | None = None, cut: Cut = WHOLE) -> Sent:
    """Send the events of `source` to their families' topics; returns when all are acknowledged.

    `speed`: recorded seconds a second; None is as fast as possible. Raises SourceError and SendError.
    """
    return asyncio.run(replay_async(source, settings, speed, progress, cut))


async def replay_async(
    source: Source, settings: Settings, speed: float | None = None, progress: Progress | None = None, cut: Cut = WHOLE
) -> Sent:
    """`replay` for those who have an event loop already."""
    began = monotonic()
    async with Sender(settings) as sender:
        for_progress = (lambda: progress(sender.sent, share(source, cut, sender.sent))) if progress else None
        await pace(source.events(cut), sender, speed or inf, for_progress)
    return Sent(sender.sent, monotonic() - began, source.report)


async def pace(records: Iterator[Record], sender: Sender, speed: float, told: Callable[[], None] | None = None) -> None:
    """Add each record when it is due, flush when none is due or a chunk is full, and say so by `told`."""
    began, first = monotonic(), None
    for record in records:
        if first is None:
            first = record.occurred_at
        if speed < inf:
            await _until(began + (record.occurred_at - first) / speed, sender, told)
        sender.add(record.family, record.key, record.value)
        if sender.waiting >= CHUNK:
            await _flush(sender, told)
    await _flush(sender, told)


async def _until(due: float, sender: Sender, told: Callable[[], None] | None) -> None:
    """Wait for a moment of the monotonic clock, with everything sent that was added before."""
    if due - monotonic() > SLICE:
        await _flush(sender, told)
        await asyncio.sleep(max(0.0, due - monotonic()))


async def _flush(sender: Sender, told: Callable[[], None] | None) -> None:
    await sender.flush()
    if told:
        told()


def share(source: Source, cut: Cut, count: int) -> float:
    """The share of the recording that is done: by its own account or, where less is wanted, by the limit."""
    return max(source.done, count / cut.limit) if cut.limit else source.done
