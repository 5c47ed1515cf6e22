"""A pattern's event has a trace where others have an id: it goes through slots and snapshots like one, and brings what made it.

`[identity, [event_id, ...], {reference: [value, time or None]}]`: a name for it that is a function of its cause, the ids of the real events, oldest
first, and the values that decided, each with the time of its newest datum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training_rules.found import Match

#: So many ids of events are told.
MOST_EVENTS = 20
Trace = list[Any]


def trace(name: str, match: Match, evidence: Mapping[str, Mapping[str, Any]], now: float) -> Trace:
    """Of a match of the pattern `name`; `evidence` as `fact` makes it, of the moment `now`."""
    identity = f"{name}:{identity_of(match)}"
    values = {n: [f["value"], None if f["age"] is None else now - f["age"]] for n, f in evidence.items()}
    fields = {n: [value, now] for n, value in match.fields.items()}
    return [identity, event_ids(match.events), _values(match.events) | values | fields]


def identity_of(match: Match) -> str:
    """What tells a match from others of its rule: its first event and, as one event may count for several, the value of `same`."""
    first = match.events[0]
    name = first if isinstance(first, str) else first[0]
    return name if match.key == "" else f"{name}:{match.key}"


def event_ids(events: Sequence[Any]) -> list[str]:
    """The first ids of the real events, each once."""
    found = (i for e in events for i in ([e] if isinstance(e, str) else e[1]))
    return list(dict.fromkeys(found))[:MOST_EVENTS]


def told(events: Sequence[Any], now: float) -> dict[str, Any]:
    """Evidence of the moment `now`: the ids of the events, and what decided in the patterns that led here; the newest of those of one name."""
    if len(events) == 1 and isinstance(events[0], str):
        return {"events": [events[0]]}
    try:
        return {"events": list(dict.fromkeys(events))[:MOST_EVENTS]}
    except TypeError:  # a trace is a list: few matches have one, and to look for it costs as much as all else
        facts = {n: {"value": value, "age": None if at is None else round(now - at, 3)} for n, (value, at) in _values(events).items()}
        return {"events": event_ids(events), **facts}


def _values(events: Sequence[Any]) -> dict[str, list[Any]]:
    return {n: value for e in events if not isinstance(e, str) for n, value in e[2].items()}
