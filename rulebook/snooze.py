"""`# allow W432 until 2026-12-01`, on the line of a warning or on the one above: it is not shown until then. Errors can't be allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rulebook.faults import Fault, Severity, SourceFile

_ALLOW = re.compile(r"#\s*allow\s+(W\d{3})\s+until\s+(\d{4}-\d{2}-\d{2})")


def awake(faults: Iterable[Fault], today: str) -> Iterator[Fault]:
    """Those that are not snoozed on `today` (YYYY-MM-DD); one whose snooze is over says so."""
    for fault in faults:
        until = _snoozed_until(fault) if fault.severity is Severity.WARNING else ""
        if not until:
            yield fault
        elif until <= today:
            yield replace(fault, message=f"{fault.message} (allowed until {until})")


def _snoozed_until(fault: Fault) -> str:
    number, _ = fault.span.file.position(fault.span.start)
    return next((until for line in (number, number - 1) for code, until in _allowed(fault.span.file, line) if code == fault.code), "")


def _allowed(file: SourceFile, line: int) -> list[tuple[str, str]]:
    return _ALLOW.findall(file.line(line)) if line > 0 else []
