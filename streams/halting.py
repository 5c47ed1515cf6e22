"""A rule that pauses itself: the same pause as by hand, written by the one worker that noticed.

Whether it is still to be written is asked of the topic itself, right before: what is paused already is left alone, and so is what was counted before the last change: the rule
may have been resumed by it, and the next counts tell. Moments are rounded, so that two who write at once write the same record.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import Any

from rulebook.loader import load_texts
from streams.changes import LEAD, after, change, history, put
from streams.crowd.guards import Trip
from streams.errors import RulesCrossed, RulesRefused
from streams.settings import Settings

log = logging.getLogger("nudgeline.worker")

AUTHOR = "guard rail"
#: Moments are multiples of so much (s).
GRID = 5.0


def halt(settings: Settings, trip: Trip, files: dict[str, str]) -> Any:
    """Pause the rule of a trip for all workers. `files`: the rules that this worker was started with, which run where nothing was ever pushed. Returns the change;
    None where there is nothing to do. Raises RulesRefused, BrokerUnreachable, TopicFault."""
    known = history(settings)
    last = known[-1] if known else None
    paused, running, judged_by = ([], files, None) if last is None else (last.paused, last.files, last.judged_by)
    if trip.rule in paused or not timely(trip, known, files):
        return None
    off = sorted({*paused, trip.rule})
    ruleset, _ = load_texts(running, paused=off)
    event = change(ruleset.version, running, moment(last), judged_by, verb="pause", author=AUTHOR, note=trip.text()[:200], paused=off, guard=trip.facts())
    try:
        put(settings, event, last)
    except RulesCrossed as crossed:  # it is paused all the same
        log.error("guard rail: %s", crossed)  # noqa: TRY400 - an alert
    return event


def timely(trip: Trip, known: Sequence[Any], files: dict[str, str]) -> bool:
    """Whether a trip is of what runs: counted after the last change, by the set that this put in force. Other rules that paused themselves meanwhile change nothing of it.
    Raises RulesRefused where it is, and can't be paused."""
    last = next((event for event in reversed(known) if event.guard is None), None)
    if last is not None and trip.at <= last.occurred_at:
        if last.occurred_at > time.time() + LEAD + GRID:
            raise RulesRefused(f"{trip.rule} is to pause ({trip.text()}), and the last change holds only from {last.occurred_at:.3f} on: push a set without that rule, dated after it")
        return False
    versions = {event.version for event in known if last is None or event.occurred_at >= last.occurred_at}
    if trip.version not in versions | ({load_texts(files)[0].version} if last is None else set()):
        raise RulesRefused(f"{trip.rule} is to pause ({trip.text()}), and other rules run than were put in force last: version {trip.version}")
    return True


def moment(last: Any) -> float:
    """From when a pause holds: the next moment of the grid at which all workers can have it, and after the last change."""
    return after(last, ceil((time.time() + LEAD) / GRID) * GRID)


def resumed(known: Sequence[Any]) -> dict[str, float]:
    """When (s) rules that had been paused went on, the last time that each did; of changes in their order."""
    found: dict[str, float] = {}
    for before, then in pairwise(known):
        found |= {rule: then.occurred_at for rule in before.paused if rule not in then.paused}
    return found
