"""Histories for a backtest: recordings and files of events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.backtest.history import Piece, Refused, Share, entries
from simulator.importers import WHOLE, Cut, Kind, Source, divisible, in_order, open_source, parted


@dataclass
class Recorded:
    """A recording, or a file of events. `sort`: put it in order of time first."""

    path: Path
    cut: Cut = WHOLE
    sort: bool = False
    source: Source | None = None
    sources: Sequence[str] = ("events",)

    def __post_init__(self) -> None:
        self.source = self.source or open_source(self.path)

    @property
    def opened(self) -> Source:
        """The source as it is open in this process."""
        if self.source is None:
            self.source = open_source(self.path)
        return self.source

    def __getstate__(self) -> dict[str, Any]:
        """Another process opens it for itself."""
        return {**self.__dict__, "source": None}

    @property
    def name(self) -> str:
        return self.opened.name

    @property
    def divisible(self) -> bool:
        return divisible(self.opened, self.cut)

    @property
    def done(self) -> float:
        return self.opened.done

    def prepare(self) -> None:
        if self.divisible and (ready := getattr(self.opened, "prepare", None)) is not None:
            ready(self.cut)

    def read(self, share: Share) -> Iterator[Piece]:
        if 0 not in share.mine:
            self.opened.report.findings[Kind.refused].clear()  # what was refused as it was opened is told by one of those who read
        pieces = parted(self.opened, share.place, self.cut)
        counts = dict.fromkeys(share.mine, 0)
        for part, events in in_order(pieces) if self.sort else pieces:
            yield part, entries(events, counts[part])
            counts[part] += len(events)

    def refused(self) -> Mapping[str, Refused]:
        findings = self.opened.report.findings[Kind.refused]
        return {reason: Refused(finding.count, tuple(finding.examples)) for reason, finding in findings.items()}
