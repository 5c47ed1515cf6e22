"""Segments that read each other in a circle.

Whether a partner is in one would depend on whether they are in it already. Say in one of them what is meant itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.circles import in_a_circle
from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet, Segment
from rulebook.syntax import Name, references

CODE, SEVERITY = "E402", Severity.ERROR


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    reads = {s.name: _read(s) for s in rules.segments.values()}
    for name in in_a_circle(reads):
        yield fault(CODE, SEVERITY, f"whether a partner is in `{name}` depends on itself", rules.segments[name].span, f"segment {name}", "say what is meant itself in one of the segments of the circle")


def _read(segment: Segment) -> set[str]:
    edges = [edge.when for edge in (segment.enter, segment.exit) if edge.when is not None]
    return {r.name for expr in edges for r in references(expr) if isinstance(r, Name) and r.scope == "segment"}
