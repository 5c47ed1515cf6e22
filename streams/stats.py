"""What a worker counts, and a snapshot of it as plain data for the dashboard, the benches and the log line."""

from __future__ import annotations

import os
import re
import resource
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_STATM, _STATUS = Path("/proc/self/statm"), Path("/proc/self/status")
_HIGHEST = re.compile(rb"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Counters:
    """Totals since the worker began."""

    def __init__(self, families: Sequence[str]) -> None:
        self._families = tuple(families)
        self._read = [0] * len(families)
        self.applied = self.commits = self.states_written = self.restored = self.rebalances = self.erased = self.gone = 0
        self.nudges: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.transitions: Counter[str] = Counter()

    def read(self, family: int, records: int) -> None:
        """So many records of a family (by number) were fetched, good and bad."""
        self._read[family] += records

    def said(self, outputs: Sequence[Any]) -> None:
        """Count outputs by what they say."""
        for output in outputs:
            kind = output.type
            if kind == "decision":
                self.decisions[f"{output.verdict}:{output.reason}" if output.reason else str(output.verdict)] += 1
            elif kind == "nudge":
                self.nudges[output.rule] += 1
            elif kind == "segment_transition":
                self.transitions[f"{output.segment}:{output.transition}"] += 1
            elif kind == "dead_letter":
                self.dead_letters[str(output.reason)] += 1
            elif kind == "erased":
                self.erased += 1

    def snapshot(self) -> dict[str, Any]:
        """Plain data, for JSON. `events` are records read; `applied` of them went through the corridor."""
        return {
            "events": sum(self._read),
            "applied": self.applied,
            "events_by_family": dict(zip(self._families, self._read, strict=True)),
            "nudges": dict(self.nudges),
            "decisions": dict(self.decisions),
            "dead_letters": dict(self.dead_letters),
            "transitions": dict(self.transitions),
            "commits": self.commits,
            "states_written": self.states_written,
            "restored": self.restored,
            "rebalances": self.rebalances,
            "erased": self.erased,
            "gone": self.gone,
        }


def usage() -> dict[str, float]:
    """CPU seconds (user and system) of this process, all threads; its resident memory now, and at its highest, in MB; and how many of Python's blocks are in use: what
    grows there is a leak, while resident memory is what was once needed."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = peak_mb(_STATUS, used.ru_maxrss / (1024 if os.uname().sysname == "Linux" else 1024**2))
    return {"cpu_s": round(used.ru_utime + used.ru_stime, 3), "rss_mb": round(_resident(peak), 1), "peak_rss_mb": round(peak, 1), "blocks": sys.getallocatedblocks()}


def peak_mb(status: Path, otherwise: float) -> float:
    """The highest resident memory (MB) that a file like /proc/self/status tells (VmHWM, in kB); `otherwise` where it tells none.

    `ru_maxrss` outlives exec: a process begun by a large one would have that one's peak.
    """
    try:
        found = _HIGHEST.search(status.read_bytes())
    except OSError:
        return otherwise
    return int(found[1]) / 1024 if found else otherwise


def _resident(otherwise: float) -> float:
    """Resident MB from /proc, where there is one."""
    if not _STATM.exists():
        return otherwise
    return int(_STATM.read_text().split()[1]) * _PAGE / 1024**2
