"""Faults for people, for programs, and for the annotations of a code host."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rulebook.errors import report
from rulebook.faults import Fault, Span


def as_text(faults: Sequence[Fault]) -> str:
    return report(faults)


def as_json(faults: Sequence[Fault]) -> str:
    """One array; the fields stay as they are, new ones may come."""
    return json.dumps([_plain(fault) for fault in faults], indent=1, ensure_ascii=False)


def as_github(faults: Sequence[Fault]) -> str:
    """Workflow commands of GitHub Actions, one line each."""
    return "\n".join(_annotation(fault) for fault in faults)


FORMATS = {"text": as_text, "json": as_json, "github": as_github}


def _plain(fault: Fault) -> dict[str, Any]:
    found = {"code": fault.code, "severity": str(fault.severity), "message": fault.message, **_place(fault.span), "where": fault.where, "help": fault.help}
    return found | ({"other": _place(fault.other)} if fault.other is not None else {})


def _place(span: Span) -> dict[str, Any]:
    (line, column), (end_line, end_column) = span.file.position(span.start), span.file.position(max(span.start, span.end))
    return {"file": span.file.path, "line": line, "column": column, "end_line": end_line, "end_column": end_column}


def _annotation(fault: Fault) -> str:
    at = _place(fault.span)
    text = f"{fault.message}. {fault.help}" if fault.help else fault.message
    place = f"file={_property(at['file'])},line={at['line']},col={at['column']},title={_property(fault.code)}"
    return f"::{fault.severity} {place}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
