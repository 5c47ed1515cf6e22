"""`during_quiet: queue_latest`: of a partner's nudges that fall into quiet hours the latest waits for their end, and is decided anew then.

Slot: `[rule, events, args, fields, key, queued_at, control, version, span]`, the rule by its name; None where nothing waits. States of before have no version, or no
span either.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from segments import clock
from segments.state import PartnerState
from training_rules.found import Found, Match
from training_rules.rules import Rules


def enqueue(s: PartnerState, now: float, matches: Sequence[Match], rules: Rules) -> None:
    """Put the first of the matches, which are of one moment, best first, in the place of what waits already."""
    queue, hours = rules.queue, rules.policy.quiet_hours
    if queue is None or hours is None or not matches:
        return
    m = matches[0]
    queued_at = now if m.queued_at is None else m.queued_at
    s.slots[queue.slot] = [rules.rules[m.trigger].name, m.events, m.args, m.fields, m.key, queued_at, m.control, rules.rules[m.trigger].version, m.span]
    due = s.dues[queue.timer] = clock.next_time_of_day(s, now, hours[1])
    s.next_due = min(s.next_due, due)


def release(s: PartnerState, found: Found, rules: Rules) -> None:
    """Quiet hours are over: what waits is a match again. A rule that is gone or was changed meanwhile has none: its words and values would be another's."""
    assert rules.queue is not None
    waiting, s.slots[rules.queue.slot], s.dues[rules.queue.timer] = s.slots[rules.queue.slot], None, inf
    if waiting is None:
        return
    name, events, args, fields, key, queued_at, control, *rest = waiting
    version, span = (None, None, *rest)[-2:]
    number = next((r.number for r in rules.rules if r.nudge and r.name == name and version in (None, r.version)), None)
    if number is not None:
        found.matches.append(Match(number, events, args, fields, key, queued_at, control, span=span))
