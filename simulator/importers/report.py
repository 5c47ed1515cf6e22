"""What a replay says at its end: what was read and made, and what was repaired, derived, refused, noticed or left unused."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

EXAMPLES = 3


class Kind(StrEnum):
    """Why a recording and the events made of it differ."""

    repaired = "repaired"  # the recording contradicts itself and there is one sensible reading
    derived = "derived"  # not in the recording, concluded from it; the event's `source` says so
    refused = "refused"  # no event was made
    noticed = "noticed"  # implausible, and kept as it was recorded
    unused = "unused"  # read, and of no use to any event


@dataclass(slots=True)
class Finding:
    """One reason: how often, and the first few places (`file:line`, with a detail where there is one)."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, count: int, examples: Iterable[str]) -> None:
        self.count += count
        for example in examples:
            if len(self.examples) >= EXAMPLES:
                return
            self.examples.append(example)


class Report:
    """Filled while a source is read and its events are drawn; complete when the last event was drawn."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.rows_read: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.notes: list[str] = []
        self.findings: dict[Kind, dict[str, Finding]] = {kind: {} for kind in Kind}

    def add(self, kind: Kind, reason: str, count: int = 1, examples: Iterable[str] = ()) -> None:
        """Count `count` more of `reason`; a count of 0 leaves no trace."""
        if count:
            self.findings[kind].setdefault(reason, Finding()).add(count, examples)

    def count(self, kind: Kind, reason: str) -> int:
        """How often `reason` was met, 0 when never."""
        finding = self.findings[kind].get(reason)
        return finding.count if finding else 0

    def total(self, kind: Kind) -> int:
        return sum(finding.count for finding in self.findings[kind].values())

    def as_dict(self) -> dict[str, object]:
        """The report as plain data for JSON: counts by reason, examples as `file:line`."""
        return {
            "source": self.source,
            "rows_read": dict(self.rows_read),
            "events": dict(self.events.most_common()),
            "events_total": self.events.total(),
            "notes": self.notes,
            **{kind.value: _findings(found) for kind, found in self.findings.items()},
        }


def _findings(found: dict[str, Finding]) -> dict[str, dict[str, object]]:
    ordered = sorted(found.items(), key=lambda item: -item[1].count)
    return {reason: {"count": finding.count, "examples": finding.examples} for reason, finding in ordered}
