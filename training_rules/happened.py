"""What really happened to a partner in a stretch of time, in the words of a test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from events.structs import BROADCAST_STRUCTS
from segments.crowd import DEMAND, GAP
from training_rules.corridor import Corridor
from training_rules.house import House
from training_rules.rules import Rules
from training_rules.timelines import Happening, happenings

FIGURES = frozenset({BROADCAST_STRUCTS["zone_figures"], BROADCAST_STRUCTS["cohort_figures"]})


@dataclass(frozen=True, slots=True)
class Happened:
    """What really happened in the stretch; of references their value at each event since the beginning, and whenever figures of many partners changed it; and
    what was applied."""

    found: tuple[Happening, ...]
    values: tuple[tuple[float, dict[str, Any]], ...]
    events: tuple[Any, ...]


def what_happened(rules: Rules, events: Iterable[Any], begin: float, end: float, house: House | None = None) -> Happened:
    """Each event once, without those that came too late to be applied. Among the partner's there may be figures of many partners, where they were taken up;
    `house`: what the partner's partition shares."""
    corridor, out, values = Corridor(rules, house=house), list[Any](), list[tuple[float, dict[str, Any]]]()
    kept, seen = list[Any](), set[str]()
    for event in events:
        if event.occurred_at > end:
            break
        if event.__class__ in FIGURES:
            out += (*corridor.advance(event.occurred_at), *corridor.announce(event))
            values += _if_changed(rules, corridor, values, event.occurred_at)
            continue
        if event.event_id in seen:
            continue
        seen.add(event.event_id)
        decided = list(corridor.feed(event))
        out += decided
        if not any(o.type == "decision" and o.verdict == "drop" for o in decided):
            kept.append(event)
        state = corridor.partners.look(event.partner_id)
        assert state is not None
        values.append((event.occurred_at, rules.features(state, state.now)))
    out += corridor.advance(end)
    found = tuple(h for h in _everyone(out) if begin <= h.at <= end)
    return Happened(found, tuple(values), tuple(sorted(kept, key=lambda e: e.occurred_at)))


def _if_changed(rules: Rules, corridor: Corridor, values: Sequence[tuple[float, dict[str, Any]]], at: float) -> Iterator[tuple[float, dict[str, Any]]]:
    """What figures made of the values at a moment, if anything."""
    for state in corridor.partners.awake.values():
        now = rules.features(state, state.now)
        if not values or of_crowd(now) != of_crowd(values[-1][1]):
            yield at, {**(values[-1][1] if values else now), **of_crowd(now)}


def of_crowd(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of references that depend on other partners."""
    return {name: value for name, value in values.items() if name in (DEMAND, GAP) or name.startswith("cohort_pct(")}


def thinned(events: Sequence[Any], moments: Sequence[float]) -> Iterator[Any]:
    """Without the positions after which nothing happened before the next."""
    for e, following in zip_longest(events, events[1:]):
        alone = e.type == "position" and following is not None and following.type == "position"
        if not alone or any(e.occurred_at <= at < following.occurred_at for at in moments):
            yield e


def _everyone(outputs: Sequence[Any]) -> Iterator[Happening]:
    """What happened, as a test says it: a ghost is a send there."""
    for out in outputs:
        if out.type == "decision" and out.verdict == "ghost":
            yield Happening(out.decided_at, "nudge", out.rule)
        else:
            yield from happenings([out], 0.0)
