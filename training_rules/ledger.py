"""What a replay decided beside what stands in the ledger (the topic `decisions`): the same, or not, and whether the rules are others now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: How far apart (s) two decisions of one rule may be and still be told beside each other.
NEAR = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision: what policy said, with the reason where it refused, and by which version of the rule and of the rule set; `evidence`: the ids of the
    events of its match, and the values that decided."""

    rule: str
    decided_at: float
    verdict: str
    rule_version: str
    ruleset_version: str
    decision_id: str
    evidence: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """A decision of the replay and one of the ledger; None where one has none. `note` says what parts them, empty where nothing does."""

    replayed: Entry | None
    ledger: Entry | None
    note: str

    @property
    def at(self) -> float:
        entry = self.ledger or self.replayed
        assert entry is not None
        return entry.decided_at


def entry(fields: Mapping[str, Any]) -> Entry:
    """A decision as it stands in the topic, or in a file of decisions."""
    reason = fields.get("reason")
    verdict = f"{fields['verdict']}: {reason}" if reason else str(fields["verdict"])
    return Entry(fields["rule"], float(fields["decided_at"]), verdict, fields["rule_version"], fields["ruleset_version"], fields["decision_id"], fields.get("evidence") or {})


def alone(ledger: Iterable[Entry], ruleset_version: str) -> list[Pair]:
    """The ledger where nothing was replayed: said is only whether other rules decided then. `ruleset_version`: of the rules that are at hand."""
    return [Pair(None, entry, _set(entry, ruleset_version)) for entry in sorted(ledger, key=lambda entry: entry.decided_at)]


def beside(replayed: Iterable[Entry], ledger: Iterable[Entry], ruleset_version: str) -> list[Pair]:
    """Pairs in order of time: those of one id, then those of one rule at about one moment. `ruleset_version`: of the rules that were replayed."""
    ours, theirs = list(replayed), list(ledger)
    pairs = [Pair(o, t, "" if o.verdict == t.verdict else _parted(o, t)) for o, t in _same(ours, theirs)]
    pairs += [Pair(o, None, "not in the ledger") for o in ours] + [Pair(None, t, _alone(t, ruleset_version)) for t in theirs]
    return sorted(pairs, key=lambda pair: pair.at)


def _same(ours: list[Entry], theirs: list[Entry]) -> list[tuple[Entry, Entry]]:
    """Takes those that belong together out of both."""
    found = []
    for close in (_of_one_id, _at_one_moment):
        for o in list(ours):
            if (t := next((t for t in theirs if close(o, t)), None)) is not None:
                ours.remove(o)
                theirs.remove(t)
                found.append((o, t))
    return found


def _of_one_id(a: Entry, b: Entry) -> bool:
    return a.decision_id == b.decision_id


def _at_one_moment(a: Entry, b: Entry) -> bool:
    return a.rule == b.rule and abs(a.decided_at - b.decided_at) <= NEAR


def _parted(replayed: Entry, ledger: Entry) -> str:
    if replayed.rule_version != ledger.rule_version:
        return f"the rule has changed: then version {ledger.rule_version}, now {replayed.rule_version}"
    return _set(ledger, replayed.ruleset_version) or _OTHERWISE


def _alone(ledger: Entry, ruleset_version: str) -> str:
    return _set(ledger, ruleset_version) or _OTHERWISE


def _set(ledger: Entry, ruleset_version: str) -> str:
    """Another rule set decided then."""
    return "" if ledger.ruleset_version == ruleset_version else f"the rules have changed: then version {ledger.ruleset_version}, now {ruleset_version}"


_OTHERWISE = "the same rules: it hung on what is not in this replay (seats and budgets that others took, or events that are gone)"
