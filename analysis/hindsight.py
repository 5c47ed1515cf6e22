"""One partner as they were at a moment: their events, in the order in which they came, through the core up to then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from math import inf
from typing import Any

from analysis.errors import HindsightError
from events.errors import BadEvent
from streams.following import FOR_ALL, Ahead, Follower, in_order
from streams.reload import Library
from training_rules import Corridor, House, Partners, Rules
from training_rules.partners import nobody
from training_rules.watching import Watched

#: So many ids of others are kept, to say who may have been meant.
MOST_IDS = 100_000


def watch(rules: Rules | Library, partner_id: str, events: Iterable[Any], at: float = inf, gone: Sequence[str] = (), house: House | None = None) -> Watched:
    """The partner at `at` (s since the epoch; inf: at the last event of all), from what was handed to their partition until then; `gone` are the topics whose
    beginning is not there any more, `house` what the partition shares. Of a library the sets decide that were in force, each in its time. Raises
    HindsightError for one of whom there is nothing by then."""
    library = rules if isinstance(rules, Library) else None
    first, kept = (rules, None) if isinstance(rules, Rules) else rules.begins()
    watched, others, later, ahead = Watched(first, partner_id, Corridor(first, house=house)), set[str](), inf, Ahead()
    follower, stream = Follower(watched.corridor, library, kept), iter(events)
    for event in in_order(stream, ahead):
        if event.__class__ in FOR_ALL:
            _take_up(watched, follower, event)
            continue
        if event.occurred_at > at:
            later = _first_of(partner_id, [event], others)
            break
        if len(others) < MOST_IDS:
            others.add(event.partner_id)
        watched.feed(event)
    for event in ahead.by(at) if at < inf else ():
        _take_up(watched, follower, event)
    if watched.events == 0:
        raise HindsightError(_nothing(partner_id, min(later, _first_of(partner_id, stream, others)), others, gone))
    watched.advance(watched.corridor.stream_time if at == inf else at)
    return watched


def _take_up(watched: Watched, follower: Follower, event: Any) -> None:
    """What concerns all partners; a rule set that can't run is passed over, as the workers did."""
    with suppress(BadEvent):
        watched.take_up(lambda: follower.take(event))


def _first_of(partner_id: str, events: Iterable[Any], others: set[str]) -> float:
    """When the partner's first event among these was; inf where they have none."""
    for event in events:
        if event.__class__ in FOR_ALL:
            continue
        if event.partner_id == partner_id:
            return float(event.occurred_at)
        if len(others) < MOST_IDS:
            others.add(event.partner_id)
    return inf


def _nothing(partner_id: str, first: float, others: set[str], gone: Sequence[str]) -> str:
    if gone:
        since = f"; the first of theirs that is left is of {utc(first)}" if first != inf else ""
        return f"nothing of {partner_id!r} by then is left in the topics: the beginning is gone of {', '.join(gone)}{since}"
    if first != inf:
        return f"that is before the first event of {partner_id}, which is of {utc(first)}"
    near = get_close_matches(partner_id, others, n=1, cutoff=0.7)
    return f"there is no event of a partner {partner_id!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def utc(moment: float) -> str:
    """A moment (s since the epoch) in RFC 3339."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def now_from(rules: Rules, partner_id: str, raw: bytes | None, now: float | None, crowd: Any = None) -> Watched:
    """The partner as their state was last committed, `now` (s since the epoch; None: as it stands). What is due by then has fired. `crowd`: what was committed of
    what partners make together. Raises HindsightError."""
    state = None if raw is None else rules.load(raw)
    if raw is None or state is None:
        raise HindsightError(f"no state is kept of a partner {partner_id!r}: they never had an event, or no worker has committed one yet")
    if nobody(state):
        raise HindsightError(f"{partner_id!r} was erased: nothing is kept of them")
    watched = Watched(rules, partner_id, Corridor(rules, Partners(rules, resting={partner_id: raw}), state.now))
    if crowd is not None:
        watched.corridor.together.restore(crowd)
    watched.advance(state.now if now is None else max(now, state.now))
    return watched
