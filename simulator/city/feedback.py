"""What partners do with a nudge: a pure function, for whoever shows nudges to the city's partners."""

from collections.abc import Mapping
from random import Random
from typing import Any

import msgspec

from simulator.city.partner import SOURCE
from simulator.importers import Record

IGNORED, DISMISSED = 0.15, 0.25  # of the nudges shown; the others are opened
ACTED, ACTED_URGENT = 0.5, 0.75  # of those opened
OPTED_OUT = 0.02  # of those dismissed
GLANCE, THOUGHT, DEED = (1.0, 15.0), (2.0, 60.0), (10.0, 120.0)  # s until it is shown, opened or dismissed, acted on


def react(nudge: Any, rng: Random, at: float | None = None) -> list[Record]:
    """The feedback events of one partner for one nudge, in the order of time, all within four minutes.

    `nudge` is the output struct, or its JSON as a mapping. `at` is when it reaches the app (s since the epoch, event time), by default when it
    was decided. Send each event when it is due, not before. One that reaches the app too late is not shown.
    """
    fields: Mapping[str, Any] = nudge if isinstance(nudge, Mapping) else msgspec.to_builtins(nudge)
    now = (fields["decided_at"] if at is None else at) + rng.uniform(*GLANCE)
    expires = fields.get("expires_at")
    if expires is not None and now >= expires:
        return []
    told = [_event(fields, "nudge_shown", now)]
    chance = rng.random()
    if chance < IGNORED:
        return told
    now += rng.uniform(*THOUGHT)
    if chance < IGNORED + DISMISSED:
        return told + _dismiss(fields, rng, now)
    told.append(_event(fields, "nudge_opened", now))
    if rng.random() < (ACTED_URGENT if fields.get("urgent") else ACTED):
        told.append(_event(fields, "nudge_acted", now + rng.uniform(*DEED)))
    return told


def _dismiss(fields: Mapping[str, Any], rng: Random, now: float) -> list[Record]:
    told = [_event(fields, "nudge_dismissed", now)]
    if rng.random() < OPTED_OUT:
        told.append(_event(fields, "opted_out", now + rng.uniform(1, 5), rule=fields["rule"]))
    return told


def _event(nudge: Mapping[str, Any], kind: str, at: float, **fields: object) -> Record:
    """One feedback event; its id follows from the nudge's, so that the same reaction is the same event."""
    at, partner_id = round(at, 3), nudge["partner_id"]
    event = {"type": kind, "partner_id": partner_id, "event_id": f"{nudge['nudge_id']}-{kind}", "occurred_at": at, "source": SOURCE}
    value = msgspec.json.encode(event | {"nudge_id": nudge["nudge_id"], **fields})
    return Record("feedback", partner_id.encode(), value, at)
