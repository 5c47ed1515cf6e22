"""A recording taken apart by partners, for several who each apply the events of some of them."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

from events.structs import STRUCTS
from simulator.importers.cut import WHOLE, Cut
from simulator.importers.decoded import decoded
from simulator.importers.frames import PROFILE, SLICE, Place, Source, TableSource
from simulator.importers.ndjson import NdjsonSource
from simulator.importers.report import Kind, Report

_Profile = STRUCTS[PROFILE]


def parted(source: Source, place: Place, cut: Cut = WHOLE) -> Iterator[tuple[int, list[Any]]]:
    """The events (structs of `events.structs`) of those partners for whom `place` gives a number, with it, some at a time; of each number in the order of
    the recording. How they are cut into pieces depends on the recording alone.

    What is known of a partner when the cut begins is not left out: profiles from before it happen as it begins.
    """
    if cut.limit is None and isinstance(source, NdjsonSource | TableSource):
        found = source.parted(place, cut)
    else:
        found = _by_one(source, place, cut)
    for part, events in found:
        if wanted := within(events, cut, source.report):
            yield part, wanted


def divisible(source: Source, cut: Cut = WHOLE) -> bool:
    """Whether several can read it at once, each a part: not what comes out of a pipe, nor the first so many events."""
    return cut.limit is None and (isinstance(source, TableSource) or (isinstance(source, NdjsonSource) and source.lasts))


def within(events: list[Any], cut: Cut, report: Report) -> list[Any]:
    """The events of the cut, and the profiles from before it, moved to where it begins."""
    if cut.begin == -inf and cut.until == inf:
        return events
    found = []
    for event in events:
        if event.occurred_at < cut.begin and event.__class__ is _Profile:
            event.occurred_at = cut.begin
        if cut.holds(event.occurred_at):
            found.append(event)
    report.add(Kind.unused, "events outside --from and --until", len(events) - len(found))
    return found


def _by_one(source: Source, place: Place, cut: Cut) -> Iterator[tuple[int, list[Any]]]:
    """Of a source that can't be taken apart: every event is decoded."""
    held: dict[int, list[Any]] = {}
    for event in decoded(source, Cut(-inf, cut.until, cut.limit) if cut.limit is None else cut):
        if (part := place(event.partner_id)) is not None:
            events = held.setdefault(part, [])
            events.append(event)
            if len(events) == SLICE:
                yield part, held.pop(part)
    yield from sorted(held.items())


def in_order(pieces: Iterator[tuple[int, list[Any]]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The same with the events of each number in order of time. Takes memory for all of them."""
    whole: dict[int, list[Any]] = {}
    for part, events in pieces:
        whole.setdefault(part, []).extend(events)
    for part, events in sorted(whole.items()):
        events.sort(key=lambda event: event.occurred_at)
        yield from ((part, events[at : at + SLICE]) for at in range(0, len(events), SLICE))
