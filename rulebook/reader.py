"""YAML nodes to definitions: one reader for each section of a rule file. All faults of a file are noted in one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rulebook import units
from rulebook.faults import Faults
from rulebook.fields import Fields, as_mapping, as_scalars, as_sequence
from rulebook.languages import read_language
from rulebook.model import (
    Edge,
    Guard,
    Message,
    Metric,
    Module,
    Pattern,
    Places,
    Point,
    Policy,
    Ring,
    Segment,
    Text,
    TimelineTest,
)  # fmt: skip
from rulebook.nudges import hours, read_nudge
from rulebook.source import Node, Scalar
from rulebook.syntax import Aggregate
from rulebook.triggers import read_trigger

SECTIONS = ("places", "metrics", "segments", "patterns", "nudges", "messages", "modules")
FILE_KEYS = ("version", "owner", *SECTIONS, "policy", "tests")


def read_places(key: Scalar, node: Node, faults: Faults) -> Places | None:
    listed = as_sequence(node, faults, f"places `{key.value}`")
    found = [p for item in (listed.items if listed else []) if (p := _place(item, faults)) is not None]
    if listed is not None and not listed.items:
        faults.error("E220", f"`{key.value}` has no places", key.span, help="add `- {name: ..., at: [lat, lon]}`")
    return Places(key.value, tuple(found), key.span) if found else None


def _place(item: Node, faults: Faults) -> Point | Ring | None:
    mapping = as_mapping(item, faults, "a place")
    if mapping is None:
        return None
    fields = Fields(mapping, faults, ("name", "at", "ring"))
    name, at, ring = fields.text("name", required=True), mapping.get("at"), mapping.get("ring")
    if (at is None) == (ring is None):
        faults.error("E221", "a place has either `at: [lat, lon]` or `ring: [[lat, lon], ...]`", mapping.span)
        return None
    if at is not None:
        point = _coordinates(at, faults)
        return Point(name, *point) if point else None
    corners = as_sequence(ring, faults, "`ring`")
    points = [c for item in (corners.items if corners else []) if (c := _coordinates(item, faults)) is not None]
    if len(points) < 3:
        faults.error("E221", "a ring has at least three corners", mapping.span)
        return None
    return Ring(name, tuple(points[:-1] if points[0] == points[-1] and len(points) > 3 else points))


def _coordinates(node: Node, faults: Faults) -> tuple[float, float] | None:
    pair = [s.value for s in as_scalars(node, faults, "a position")]
    try:
        lat, lon = map(float, pair)
    except ValueError:
        faults.error("E222", "a position is `[lat, lon]` in degrees", node.span)
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        faults.error("E222", f"[{lat:g}, {lon:g}] is nowhere on earth", node.span, help="latitude first, then longitude")
        return None
    return lat, lon


def read_metric(key: Scalar, node: Node, faults: Faults) -> Metric | None:
    mapping = as_mapping(node, faults, f"metric `{key.value}`")
    if mapping is None:
        return None
    fields = Fields(mapping, faults, ("ratio", "min_samples", "value"))
    ratio, samples = fields.mapping_of("ratio"), fields.integer("min_samples", 1, 10_000, 1)
    if (ratio is None) == (mapping.get("value") is None):
        faults.error("E223", "a metric has either `ratio` or `value`", mapping.span)
        return None
    if ratio is not None:
        parts = Fields(ratio, faults, ("of", "to"))
        return Metric(key.value, key.span, parts.words("of", required=True), parts.words("to", required=True), samples)
    value = fields.expression("value", required=True)
    if value is not None and (not isinstance(value, Aggregate) or value.window is not None):
        faults.error("E223", "`value` is one aggregate without a window: the window comes with each use", value.span, help="write `value: sum(earning_posted.amount)`")
        return None
    return Metric(key.value, key.span, value=value) if isinstance(value, Aggregate) else None


def read_segment(key: Scalar, node: Node, faults: Faults) -> Segment | None:
    mapping = as_mapping(node, faults, f"segment `{key.value}`")
    if mapping is None:
        return None
    fields = Fields(mapping, faults, ("title", "owner", "when", "enter", "exit", "stale_after"))
    short, long = mapping.get("when"), mapping.get("enter")
    if (short is None) == (long is None):
        faults.error("E224", "a segment has either `when: EXPR` or `enter: {when: EXPR}`", mapping.span)
        return None
    enter = Edge(fields.expression("when")) if short is not None else _edge(fields, "enter", required=True)
    leave = _edge(fields, "exit", required=False) or Edge(None)
    stale = fields.optional_duration("stale_after")
    if enter is None or enter.when is None:
        return None
    return Segment(key.value, key.span, enter, leave, fields.text("title"), fields.text("owner"), stale)


def _edge(fields: Fields, key: str, *, required: bool) -> Edge | None:
    mapping = fields.mapping_of(key)
    if mapping is None:
        return None
    edge = Fields(mapping, fields.faults, ("when", "for"))
    return Edge(edge.expression("when", required=required), edge.duration("for"), edge.place("for"))


def read_pattern(key: Scalar, node: Node, faults: Faults) -> Pattern | None:
    trigger = read_trigger(node, faults, key.span)
    return Pattern(key.value, trigger, key.span) if trigger is not None else None


def read_message(key: Scalar, node: Node, faults: Faults) -> Message | None:
    mapping = as_mapping(node, faults, f"message `{key.value}`")
    texts = {lang.value: text for lang, body in mapping or () if read_language(lang, faults) and (text := _text(lang, body, faults)) is not None}
    if mapping is not None and not mapping.entries:
        faults.error("E231", f"message `{key.value}` has no language", key.span, help="add `en: {title: ..., body: ...}`")
    return Message(key.value, texts, key.span) if texts else None


def _text(lang: Scalar, body: Node, faults: Faults) -> Text | None:
    mapping = as_mapping(body, faults, f"language `{lang.value}`")
    if mapping is None:
        return None
    fields = Fields(mapping, faults, ("title", "body", "speak"))
    return Text(fields.text("title", required=True), fields.text("body", required=True), fields.text("speak"), fields.places(), lang.span)


def read_module(key: Scalar, node: Node, faults: Faults) -> Module | None:
    mapping = as_mapping(node, faults, f"module `{key.value}`")
    if mapping is None:
        return None
    languages = {k.value: v.value for k, v in mapping if len(k.value) == 2 and isinstance(v, Scalar)}
    fields = Fields(mapping, faults, ("title", "minutes", "topics", "link", *languages))
    titles = {"en": fields.text("title", required=True), **languages}
    return Module(key.value, titles, float(fields.integer("minutes", 1, 600, 1)), fields.words("topics"), fields.text("link"), key.span)


def read_policy(node: Node, faults: Faults) -> Policy:
    mapping = as_mapping(node, faults, "`policy`")
    if mapping is None:
        return Policy()
    fields = Fields(mapping, faults, ("quiet_hours", "during_quiet", "caps", "never_while", "holdout", "max_share", "guard"))
    caps = tuple(r for s in fields.scalars("caps") if (r := _cap(s, faults)) is not None)
    return Policy(
        hours(fields, "quiet_hours"), fields.choice("during_quiet", ("drop", "queue_latest"), "drop"), caps,
        fields.choice("never_while", ("riding", "on_order"), ""), fields.share("holdout", 0.0),
        fields.parsed("max_share", _share_rate, "a share per time such as `20% per 1d`", None) if mapping.get("max_share") is not None else None,
        _guard(fields.node("guard"), faults), mapping.span, fields.places(),
    )  # fmt: skip


def _guard(node: Node | None, faults: Faults) -> Guard:
    mapping = as_mapping(node, faults, "`guard`") if node is not None else None
    if mapping is None:
        return Guard()
    fields, default = Fields(mapping, faults, ("opt_outs", "min_partners")), Guard()
    opt_outs = fields.parsed("opt_outs", _share_rate, "a share per time such as `5% per 7d`", default.opt_outs) if mapping.get("opt_outs") is not None else default.opt_outs
    return Guard(opt_outs or default.opt_outs, fields.integer("min_partners", 1, 1_000_000, default.min_partners))


def _cap(scalar: Scalar, faults: Faults) -> tuple[int, float] | None:
    if (cap := units.rate(scalar.value)) is None:
        faults.error("E204", f"`{scalar.value}` is no cap", scalar.span, help="write `1 per 20m`")
    return cap


def _share_rate(text: str) -> tuple[float, float] | None:
    share, _, span = text.partition(" per ")
    if (value := units.percent(share)) is None or value > 1 or not (seconds := units.duration(span)):
        return None
    return value, seconds


def read_test(node: Node, faults: Faults) -> TimelineTest | None:
    mapping = as_mapping(node, faults, "a test")
    if mapping is None:
        return None
    fields = Fields(mapping, faults, ("name", "partner", "given", "start", "timeline"))
    fields.node("timeline", required=True)
    return TimelineTest(fields.text("name", required=True), mapping, mapping.span)


READERS: dict[str, Callable[[Scalar, Node, Faults], Any]] = {
    "places": read_places, "metrics": read_metric, "segments": read_segment, "patterns": read_pattern,
    "nudges": read_nudge, "messages": read_message, "modules": read_module,
}  # fmt: skip
