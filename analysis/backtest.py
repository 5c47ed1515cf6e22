"""Runs a rule set over history through the core, in stream time: what it would have decided, had it been there.

It says what would have been sent and held, and why. It can't say whether that would have helped: nobody in the history saw a nudge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from analysis.untriggered import Untriggered
from events.decode import encode
from events.structs import OUTPUT_STRUCTS
from experiments.assignment import chosen
from training_rules import Corridor, Rules

LOOK_EVERY = 5000  # events between two calls of `told`

_NUDGE = OUTPUT_STRUCTS["nudge"]


@dataclass
class Tally:
    """What a backtest did. `transitions`: by segment and direction; `decisions`: by rule, verdict and reason (empty where there is none);
    `untriggered`: for each rule that never triggered, what its events had instead."""

    events: int = 0
    partners: int = 0
    first: float = inf
    last: float = -inf
    late: int = 0
    transitions: Counter[tuple[str, str]] = field(default_factory=Counter)
    decisions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    untriggered: dict[str, str] = field(default_factory=dict)

    def count(self, out: Any) -> None:
        if out.type == "segment_transition":
            self.transitions[out.segment, out.transition] += 1
        elif out.reason == "late_event":
            self.late += 1
        else:
            self.decisions[out.rule, str(out.verdict), str(out.reason or "")] += 1

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        span = None if self.first > self.last else [self.first, self.last]
        return {
            "events": self.events,
            "partners": self.partners,
            "span": span,
            "late_events": self.late,
            "transitions": [{"segment": s, "transition": t, "count": n} for (s, t), n in sorted(self.transitions.items())],
            "decisions": [{"rule": r, "verdict": v, "reason": why or None, "count": n} for (r, v, why), n in sorted(self.decisions.items())],
            "untriggered": self.untriggered,
        }


def backtest(
    rules: Rules,
    events: Iterable[Any],
    write: Callable[[bytes], Any] | None = None,
    *,
    sample: float = 1.0,
    told: Callable[[int], None] | None = None,
) -> Tally:
    """Feed `events` (structs, in the order in which they came) and write each transition and decision as one line of JSON, in order of stream time.

    `sample`: the share of partners, chosen by hash, whose events are used. Timers due by the last event have fired at the end.
    """
    corridor, tally, waiting = Corridor(rules), Tally(), Untriggered(rules.ruleset)
    feed, take = corridor.feed, waiting.take
    for event in events:
        if sample < 1 and not chosen("sample", "backtest", event.partner_id, sample):
            continue
        tally.events += 1
        if tally.events % LOOK_EVERY == 0 and told is not None:
            told(tally.events)
        take(event)
        if out := feed(event):
            _take(out, tally, waiting, write)
        at = event.occurred_at
        tally.first = min(tally.first, at)
        tally.last = max(tally.last, at)
    _take(corridor.advance(corridor.stream_time), tally, waiting, write)
    tally.partners, tally.untriggered = len(corridor.partners), waiting.lines()
    return tally


def _take(outputs: Sequence[Any], tally: Tally, waiting: Untriggered, write: Callable[[bytes], Any] | None) -> None:
    for out in outputs:
        if out.__class__ is _NUDGE:
            continue
        tally.count(out)
        if out.type == "decision":
            waiting.triggered(out.rule)
        if write is not None:
            write(encode(out) + b"\n")
