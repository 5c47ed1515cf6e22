"""What one rule set did in a backtest, as numbers that can be added up over partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from analysis.backtest.places import Places
from events.outputs import HoldReason, Verdict
from events.structs import OUTPUT_STRUCTS
from segments.clock import zone_info

HOUR = 3600
_Nudge, _Transition, _Decision = OUTPUT_STRUCTS["nudge"], OUTPUT_STRUCTS["segment_transition"], OUTPUT_STRUCTS["decision"]
_SENT, _LATE, _DISPLACED = Verdict.SEND, HoldReason.LATE_EVENT, HoldReason.LOWER_PRIORITY
#: What displaces others of its moment: a shadow never does.
WON = frozenset({Verdict.SEND, Verdict.GHOST})


@dataclass
class Tally:
    """Counts, by what their names say; reasons are empty where there is none.

    `moves`: by segment and hour (since the epoch), who came less who went. `entered`: partners who were ever in a segment; `reached`: partners to whom a
    rule sent, by rule; `nudged`: to whom any did. `displaced`: by rule and the rule that won instead. `per_day`: by number of nudges, on how many days of
    partners there were so many; `quiet_days`: those of them without an event (time alone brought the nudge). `hours`, `zones`, `days`: sends by rule
    and local hour, zone, local date. `busiest`: the most nudges of a partner on a day, whose, and which day.
    """

    partners: int = 0
    late: int = 0
    nudged: int = 0
    quiet_days: int = 0
    decisions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    transitions: Counter[tuple[str, str]] = field(default_factory=Counter)
    moves: Counter[tuple[str, int]] = field(default_factory=Counter)
    entered: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    displaced: Counter[tuple[str, str]] = field(default_factory=Counter)
    per_day: Counter[int] = field(default_factory=Counter)
    hours: Counter[tuple[str, int]] = field(default_factory=Counter)
    zones: Counter[tuple[str, str]] = field(default_factory=Counter)
    days: Counter[tuple[str, str]] = field(default_factory=Counter)
    busiest: tuple[int, str, str] = (0, "", "")

    def add(self, other: Tally) -> None:
        """Take in what another partition's tally has."""
        for f in fields(self):
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            elif f.name == "busiest":
                self.busiest = max(mine, theirs)
            else:
                setattr(self, f.name, mine + theirs)

    @property
    def sends(self) -> int:
        return sum(count for (_, verdict, _), count in self.decisions.items() if verdict == _SENT)

    @property
    def nudged_days(self) -> int:
        """Days of partners with at least one nudge."""
        return self.per_day.total()


class Counting:
    """Fills the tally of one rule set and one partition, and knows the partners behind its numbers until it is `closed`."""

    def __init__(self, places: Places) -> None:
        self.tally, self._places = Tally(), places
        self.reached: dict[str, set[str]] = {}
        self._entered: dict[str, set[str]] = {}
        self._days: Counter[tuple[str, int]] = Counter()

    def take(self, outputs: Sequence[Any]) -> None:
        """Count what a slice brought, in the order in which it was decided."""
        decisions, sent, displaced = self.tally.decisions, list[Any](), list[Any]()
        for out in outputs:
            kind = out.__class__
            if kind is _Decision:
                verdict, reason = out.verdict, out.reason
                if reason is _LATE:
                    self.tally.late += 1
                    continue
                decisions[out.rule, verdict, reason or ""] += 1
                if verdict is _SENT:
                    sent.append(out)
                elif reason is _DISPLACED:
                    displaced.append(out)
            elif kind is _Transition:
                self._moved(out)
        if sent:
            self._sent(sent)
        if displaced:
            self._displaced(displaced, outputs)

    def _moved(self, out: Any) -> None:
        entered = out.transition == "entered"
        self.tally.transitions[out.segment, out.transition] += 1
        self.tally.moves[out.segment, int(out.decided_at // HOUR)] += 1 if entered else -1
        if entered:
            self._entered.setdefault(out.segment, set()).add(out.partner_id)

    def _sent(self, decisions: list[Any]) -> None:
        tally = self.tally
        for out, place in self._places.at(decisions):
            local = datetime.fromtimestamp(out.decided_at, zone_info(place.time_zone))
            rule, who, day = out.rule, out.partner_id, local.date()
            self.reached.setdefault(rule, set()).add(who)
            self._days[who, day.toordinal()] += 1
            tally.hours[rule, local.hour] += 1
            tally.zones[rule, place.zone] += 1
            tally.days[rule, day.isoformat()] += 1

    def _displaced(self, decisions: list[Any], outputs: Sequence[Any]) -> None:
        """Of a partner one goes at a moment: it won over the others."""
        winners = {(o.partner_id, o.decided_at): o.rule for o in outputs if o.__class__ is _Decision and o.verdict in WON}
        for out in decisions:
            self.tally.displaced[out.rule, winners.get((out.partner_id, out.decided_at), "")] += 1

    def closed(self, partners: int) -> Tally:
        """The tally with what had to wait for the end."""
        tally = self.tally
        tally.partners = partners
        tally.nudged = len(set().union(*self.reached.values()))
        tally.reached = Counter({rule: len(them) for rule, them in self.reached.items()})
        tally.entered = Counter({segment: len(them) for segment, them in self._entered.items()})
        tally.per_day = Counter(self._days.values())
        tally.quiet_days = sum(not self._places.was_active(who, date.fromordinal(day)) for who, day in self._days)
        tally.busiest = max(((n, who, date.fromordinal(day).isoformat()) for (who, day), n in self._days.items()), default=tally.busiest)
        return tally
