"""A backtest as plain data: what the terminal, the report and the JSON for CI all show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from analysis.backtest.compared import Changes
from analysis.backtest.processes import Job, Outcome
from analysis.backtest.sweep import Variation
from analysis.backtest.tally import HOUR, Tally
from events.outputs import HoldReason, Verdict
from training_rules import Rules

HONEST = "History shows what would have been sent, not whether it would have helped: nobody in it saw a nudge. That takes a holdout."
#: The gates in the order in which a trigger comes to them; a reason that is not here stands behind them.
GATES = (
    HoldReason.STALE, HoldReason.CONDITION, HoldReason.EXPIRED, HoldReason.OUTSIDE_HOURS, HoldReason.ROLLOUT, HoldReason.COOLDOWN, HoldReason.MAX,
    HoldReason.NO_CONSENT, HoldReason.OPTED_OUT, HoldReason.QUIET_HOURS, HoldReason.CAP, HoldReason.NOT_SAFE_NOW, HoldReason.SEATS, HoldReason.BUDGET,
    HoldReason.MISSING_VALUE, HoldReason.NO_MESSAGE, HoldReason.LOWER_PRIORITY,
)  # fmt: skip
_AFTER = (Verdict.CLEARED, Verdict.NOT_CLEARED)
_ENDS = {Verdict.SEND: "sent", Verdict.GHOST: "ghost", Verdict.SHADOW: "shadow"}
#: The mode of a rule that was taken out of force.
GONE = "gone"
MOST_POINTS = 400  # of a line that is drawn


def result(job: Job, outcome: Outcome, variations: Sequence[Variation] = ()) -> dict[str, Any]:
    """Everything that was found, for `json.dumps`."""
    found, rules = outcome.found, job.rule_sets[0]
    tally = found.tallies[0]
    span = None if found.first > found.last else [found.first, found.last]
    told = {
        "honest": HONEST,
        "ruleset_version": rules.version,
        "events": found.events,
        "partners": tally.partners,
        "span": span,
        "partitions": outcome.parts,
        "sample": job.sample,
        "late_events": tally.late,
        "refused": [{"reason": reason, "count": r.count, "examples": list(r.examples)} for reason, r in outcome.refused.items()],
        "rules": [_rule(name, mode, tally, outcome.untriggered) for name, mode in _modes(rules, tally).items()],
        "partner_days": partner_days(tally, found.partner_days),
        "hours": _by_rule(tally.hours, [str(hour) for hour in range(24)]),
        "zones": _by_rule(tally.zones, [zone for zone, _ in _summed(tally.zones).most_common()]),
        "days": _by_rule(tally.days, sorted({day for _, day in tally.days})),
        "segments": _segments(rules, tally, span),
        "displaced": [{"rule": rule, "by": by, "count": count} for (rule, by), count in sorted(tally.displaced.items())],
        "transitions": [{"segment": s, "transition": t, "count": n} for (s, t), n in sorted(tally.transitions.items())],
        "decisions": [{"rule": r, "verdict": str(v), "reason": str(why) or None, "count": n} for (r, v, why), n in sorted(tally.decisions.items())],
        "untriggered": dict(outcome.untriggered),
        "took": {"seconds": round(outcome.seconds, 3), "events_per_s": round(found.events / max(outcome.seconds, 1e-9)), "processes": outcome.processes},
    }
    if found.changes is not None:
        told["against"] = _against(rules, job.rule_sets[1], found.changes, found.tallies[:2])
    if variations:
        first = len(job.rule_sets) - len(variations)
        told["sweep"] = [_variation(v, t, found.partner_days) for v, t in zip(variations, found.tallies[first:], strict=True)]
    return told


def _modes(rules: Rules, tally: Tally) -> dict[str, str]:
    """All rules by name with their modes; those that decided something, and that the last of several sets has not any more, are `gone`."""
    there = {rule.name: str(rule.mode) for rule in rules.rules if rule.nudge}
    return there | dict.fromkeys(sorted({rule for rule, _, _ in tally.decisions if rule} - there.keys()), GONE)


def _rule(name: str, mode: str, tally: Tally, untriggered: Mapping[str, str]) -> dict[str, Any]:
    """The way of one rule from its triggers to what was sent."""
    mine = {(v, why): count for (rule, v, why), count in tally.decisions.items() if rule == name}
    held = Counter({str(why): count for (v, why), count in mine.items() if v == Verdict.HOLD})
    ends = {word: sum(count for (v, _), count in mine.items() if v == verdict) for verdict, word in _ENDS.items()}
    return {
        "rule": name,
        "mode": mode,
        "triggered": held.total() + sum(ends.values()),
        "held": {reason: held[reason] for reason in ordered(held)},
        **ends,
        "partners": tally.reached[name],
        "share": _ratio(tally.reached[name], tally.partners),
        **{str(v): sum(count for (verdict, _), count in mine.items() if verdict == v) for v in _AFTER},
        "never": untriggered.get(name),
    }


def ordered(reasons: Iterable[str]) -> list[str]:
    """Reasons in the order of the gates; any others behind them."""
    order = {str(reason): number for number, reason in enumerate(GATES)}
    return sorted(reasons, key=lambda reason: (order.get(reason, len(order)), reason))


def partner_days(tally: Tally, active: int) -> dict[str, Any]:
    """How many nudges partners had a day. A day is local to the partner, and counts if they had an event or a nudge on it."""
    total, nudged = active + tally.quiet_days, tally.nudged_days
    spread = {0: total - nudged, **tally.per_day}
    most, who, day = tally.busiest
    return {
        "total": total,
        "mean": round(tally.sends / total, 4) if total else 0.0,
        "max": most,
        "max_partner": who or None,
        "max_day": day or None,
        "nudged_partners": tally.nudged,
        "distribution": {str(n): count for n, count in sorted(spread.items()) if total},
    }


def _by_rule(counts: Mapping[tuple[str, Any], int], labels: Sequence[str]) -> dict[str, Any]:
    rules = Counter[str]()
    for (rule, _), count in counts.items():
        rules[rule] += count
    by = {(rule, str(label)): count for (rule, label), count in counts.items()}
    return {
        "labels": list(labels),
        "total": [sum(by.get((rule, label), 0) for rule in rules) for label in labels],
        "by_rule": {rule: [by.get((rule, label), 0) for label in labels] for rule, _ in sorted(rules.items(), key=lambda item: (-item[1], item[0]))},
    }


def _summed(counts: Mapping[tuple[str, str], int]) -> Counter[str]:
    whole = Counter[str]()
    for (_, label), count in sorted(counts.items()):
        whole[label] += count
    return whole


def _segments(rules: Rules, tally: Tally, span: Sequence[float] | None) -> dict[str, Any]:
    """Members of each segment at the end of each step of time (s since the epoch); steps are hours, or as many as keep the lines short."""
    names = [s.name for s in rules.segments]
    if span is None or not names:
        return {"at": [], "step": HOUR, "members": []}
    first, last = int(span[0] // HOUR), int(span[1] // HOUR)
    step = 1 + (last - first) // MOST_POINTS
    ends = range(first, last + 1, step)
    return {
        "at": [min(hour + step, last + 1) * HOUR for hour in ends],
        "step": step * HOUR,
        "members": [_members(name, tally, ends, step) for name in names],
    }


def _members(name: str, tally: Tally, ends: Iterable[int], step: int) -> dict[str, Any]:
    count, line = 0, []
    for hour in ends:
        count += sum(tally.moves[name, h] for h in range(hour, hour + step))
        line.append(count)
    return {
        "segment": name, "members": line, "most": max(line, default=0), "at_end": line[-1] if line else 0, "partners": tally.entered[name],
        "entered": tally.transitions[name, "entered"], "exited": tally.transitions[name, "exited"],
    }  # fmt: skip


def _against(rules: Rules, other: Rules, changes: Changes, tallies: Sequence[Tally]) -> dict[str, Any]:
    now, before = tallies
    names = sorted({r.name for r in (*rules.rules, *other.rules) if r.nudge})
    return {
        "ruleset_version": other.version,
        "no_difference": changes.none,
        "same": changes.same,
        "only_before": changes.only_before,
        "only_now": changes.only_now,
        "sends_before": before.sends,
        "sends_now": now.sends,
        "rules": [_change(name, changes, before, now) for name in names],
        "samples": [
            {"rule": s.rule, "change": s.change, "partner_id": s.partner_id, "at": s.at, "lines": [{"at": x.at, "what": x.what, "text": x.text} for x in s.lines]}
            for s in changes.shown()
        ],
    }


def _change(name: str, changes: Changes, before: Tally, now: Tally) -> dict[str, Any]:
    def sends(tally: Tally) -> int:
        return sum(count for (rule, v, _), count in tally.decisions.items() if rule == name and v == Verdict.SEND)

    def of(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
        return {what: count for (rule, what), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if rule == name}

    return {
        "rule": name, "sends_before": sends(before), "sends_now": sends(now), "partners_before": before.reached[name], "partners_now": now.reached[name],
        "gained": changes.gained[name], "lost": changes.lost[name], "both": changes.both[name], "displaced": changes.displaced[name],
        "displaced_by": of(changes.displaced_by), "instead": of(changes.instead), "was": of(changes.was),
    }  # fmt: skip


def _variation(variation: Variation, tally: Tally, active: int) -> dict[str, Any]:
    """What came of one combination of values: of the definitions that are varied, and of the whole."""
    names = dict.fromkeys(sweep.name for sweep, _ in variation.values)
    ruleset = variation.ruleset
    return {
        "values": {sweep.place: value for sweep, value in variation.values},
        "usual": variation.usual,
        "rules": [_rule(name, ruleset.nudges[name].mode, tally, {}) for name in names if name in ruleset.nudges],
        "segments": [
            {"segment": name, "entered": tally.transitions[name, "entered"], "partners": tally.entered[name]} for name in names if name in ruleset.segments
        ],
        "sends": tally.sends,
        "partners": tally.nudged,
        "share": _ratio(tally.nudged, tally.partners),
        "partner_days": partner_days(tally, active),
    }


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def moment(at: float) -> str:
    """A moment for people, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
