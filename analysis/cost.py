"""What a rule set costs: state, evaluations, timers and sends, counted while it runs over events; and what begins anew when it takes another's place."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from analysis.untriggered import Untriggered
from rulebook.units import counted, told
from segments.state import PartnerState
from training_rules import Corridor, Rules
from training_rules.bounds import Kept, kept, spelled

DAY = 86_400.0
SLOT = 5  # bytes of a slot's name in a state
_bytes = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True)
class Cost:
    """Of `partners` over `days`. Bytes are those of a state in the changelog; `evaluations` counts conditions and triggers looked at by events,
    `timers` the moments at which time alone made a partner be looked at; `sends` is by rule, ghosts and shadows are not in it; `triggers` counts
    decisions of any kind by rule; `untriggered` says what the events of the other rules had; `keeps` are the median bytes that each rule or segment
    has of a partner, beside what it can come to."""

    partners: int
    days: float
    events: int
    bytes_median: int
    bytes_p99: int
    evaluations: int
    timers: int
    sends: Counter[str]
    triggers: Counter[str]
    untriggered: Mapping[str, str]
    keeps: Sequence[tuple[int, Kept]] = ()

    def lines(self) -> list[str]:
        """The same for people, for each partner and day."""
        each = self.partners * self.days
        sends = ", ".join(f"{rule} {count / each:.2f}" for rule, count in self.sends.most_common())
        return [
            f"state        {self.bytes_median:,} bytes a partner, {self.bytes_p99:,} for the largest in a hundred",
            *(_kept_line(usual, what) for usual, what in self.keeps),
            f"evaluations  {self.evaluations / self.events:.1f} for each event, {1000 * self.evaluations / each / DAY:,.0f} a second for 1,000 partners",
            f"timers       {self.timers / each:,.0f} a partner and day",
            f"sends        {self.sends.total() / each:.2f} a partner and day" + (f": {sends}" if sends else ""),
            *(f"triggered    {rule} {counted(count, 'time')}" for rule, count in self.triggers.most_common()),
            *(f"never        {rule}: {why}" if why else f"never        {rule}" for rule, why in self.untriggered.items()),
        ]


def _kept_line(usual: int, what: Kept) -> str:
    most = " + ".join([f"{what.most:,}", *(f"{g.each} for each {g.event} in {told(g.span)}" for g in what.grows)])
    return f"keeps        {what.name}: {usual:,} bytes a partner, at most {most}"


def measure(rules: Rules, events: Iterable[Any]) -> Cost | None:
    """Run the rules over events (structs, in order). None where there is no event."""
    corridor, waiting = Corridor(rules), Untriggered(rules.ruleset)
    kinds, sends, triggers = Counter[type](), Counter[str](), Counter[str]()
    first = None
    for event in events:
        first = event.occurred_at if first is None else first
        kinds[event.__class__] += 1
        waiting.take(event)
        for out in corridor.feed(event):
            if out.type == "nudge":
                sends[out.rule] += 1
            elif out.type == "decision" and out.rule:
                triggers[out.rule] += 1
                waiting.triggered(out.rule)
    if first is None:
        return None
    sizes = sorted(len(rules.dump(state)) for state in corridor.partners.values())
    return Cost(
        partners=len(sizes), days=max(corridor.stream_time - first, 1.0) / DAY, events=kinds.total(), bytes_median=round(statistics.median(sizes)),
        bytes_p99=sizes[int(len(sizes) * 0.99)], evaluations=sum(rules.looks[kind] * count for kind, count in kinds.items()), timers=corridor.wakes,
        sends=sends, triggers=triggers, untriggered=waiting.lines(), keeps=_keeps(rules, list(corridor.partners.values())),
    )  # fmt: skip


def _keeps(rules: Rules, states: Sequence[PartnerState]) -> list[tuple[int, Kept]]:
    """The median over partners, at most a thousand of them, of what each rule's slots take."""
    numbers, some = {slot.key: slot.number for slot in rules.slots}, states[:: 1 + len(states) // 1000]
    sizes = [[0 if v is None else len(_bytes(v)) + SLOT for v in state.slots] for state in some]
    return [(round(statistics.median(sum(of[numbers[key]] for key in what.slots) for of in sizes)), what) for what in kept(rules)]


@dataclass(frozen=True)
class Restarts:
    """What happens to the state when a rule set takes another's place: what is `new`, what was there and begins `anew`, what `goes`, and how many
    parts of the state live on."""

    new: tuple[str, ...]
    anew: tuple[str, ...]
    goes: tuple[str, ...]
    kept: int

    def lines(self) -> list[str]:
        told = [f"{word:<12} {name}" for word, names in (("new", self.new), ("begins anew", self.anew), ("goes", self.goes)) for name in names]
        return [*told, f"lives on     {self.kept:,} parts of a partner's state"]


def restarts(old: Rules, new: Rules) -> Restarts:
    """Compare by definition: what is defined as it was keeps its state."""
    before, after = {s.key for s in old.slots}, {s.key for s in new.slots}
    had, has = _names(before), _names(after)
    changed = _names(after - before)
    return Restarts(tuple(sorted(changed - had)), tuple(sorted(changed & had)), tuple(sorted(had - has)), len(after & before))


def _names(keys: Iterable[str]) -> set[str]:
    return {spelled(key) for key in keys}
