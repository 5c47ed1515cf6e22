"""The JSON Schema of rule files, for editors: keys with what they mean, and the words that are possible. `nudgeline check` knows more."""

from __future__ import annotations

from typing import Any

from events import FAMILIES
from events.outputs import HoldReason
from rulebook.names import BUILTINS, event_types, fields_of, lists_of, meaning_of, usual_words
from rulebook.nudges import DAYS, KINDS, MODES
from rulebook.units import Unit

Schema = dict[str, Any]

IDENTITY = "urn:nudgeline:rules:1"
_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _text(meaning: str, pattern: str = "", **more: Any) -> Schema:
    return {"type": "string", "description": meaning} | ({"pattern": pattern} if pattern else {}) | more


def _expression(meaning: str) -> Schema:
    return {"type": ["string", "boolean", "number"], "description": f"{meaning}; an expression, such as `tenure < 30d and online`"}


def _duration(meaning: str) -> Schema:
    return _text(meaning, r"^\d+(\.\d+)?(s|m|h|d|w)$", examples=["45m", "2h", "7d"])


def _share(meaning: str) -> Schema:
    return _text(meaning, r"^\d+(\.\d+)?%$", examples=["10%"])


def _rate(meaning: str) -> Schema:
    return _text(meaning, r"^\d+ per \d+(\.\d+)?(s|m|h|d|w)$", examples=["2 per 7d"])


def _hours(meaning: str) -> Schema:
    return _text(meaning, r"^\d{1,2}:\d{2}-\d{1,2}:\d{2}$", examples=["17:00-22:00"])


def _flag(meaning: str) -> Schema:
    return {"type": "boolean", "description": meaning}


def _object(meaning: str, properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    return {"type": "object", "description": meaning, "properties": properties, "required": list(required), "additionalProperties": False} | more


def _named(meaning: str, item: Schema) -> Schema:
    return {"type": "object", "description": meaning, "patternProperties": {_NAME: item}, "additionalProperties": False}


def _several(item: Schema, meaning: str) -> Schema:
    """One, or a list of them."""
    return {"description": meaning, "anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def schema() -> Schema:
    """Draft 2020-12."""
    event = {"anyOf": [{"enum": list(event_types())}, {"type": "string", "pattern": _NAME}], "description": "an event of the contract, or a pattern"}
    sections = {
        "version": {"enum": [1, "1"], "description": "of the language"},
        "owner": _text("the team that answers for these rules"),
        "places": _named("lists of points and rings, by name", _places()),
        "metrics": _named("ratios and values that are used over windows", _metric(event)),
        "segments": _named("who a partner is now", _segment()),
        "patterns": _named("triggers with a name: events for others", {"$ref": "#/$defs/trigger"}),
        "nudges": _named("what hurts, and what to say", _nudge()),
        "messages": _named("texts by language", _message()),
        "modules": _named("the training catalogue", _module()),
        "policy": _policy(),
        "tests": {"type": "array", "description": "timelines, run by `nudgeline test`", "items": _test(event)},
    }
    whole = _object("A rule file of nudgeline.", sections, ("version",))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": IDENTITY, **whole, "$defs": {"trigger": _trigger(event), "event": event}}


def _places() -> Schema:
    position = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2, "description": "[lat, lon] in degrees"}
    ring = {"type": "array", "items": position, "minItems": 3, "description": "corners of an area"}
    return {"type": "array", "minItems": 1, "items": _object("a point or a ring", {"name": _text("as nudges call it"), "at": position, "ring": ring}, ("name",))}


def _metric(event: Schema) -> Schema:
    parts = {"of": _several(event, "what is counted above the line"), "to": _several(event, "and below: what was decided")}
    samples = {"type": "integer", "minimum": 1, "description": "with fewer the ratio is unknown"}
    return _object("a ratio of counts, or one aggregate", {"ratio": _object("counts", parts, ("of", "to")), "min_samples": samples, "value": _expression("an aggregate without its window")})


def _segment() -> Schema:
    edge = {"when": _expression("has to be definitely true"), "for": _duration("for how long")}
    return _object("a group that a partner is in now", {
        "title": _text("for people"), "owner": _text("who answers for it"), "when": _expression("who is in it"), "enter": _object("the way in", edge, ("when",)),
        "exit": _object("the way out; otherwise: definitely not `enter`", edge), "stale_after": _duration("without news for so long nobody is a member"),
    })  # fmt: skip


def _trigger(event: Schema) -> Schema:
    where, same = _expression("about the event's own fields, or the partner"), _text("a field that has to be equal in all events, such as order_id; one that holds several words, such as tags, counts for each of them")
    step = _object("one step", {"happens": event, "where": where}, ("happens",))
    without = _several(event, "what must not come")
    return _object("exactly one of happens, sequence, holds, enters, exits", {
        "happens": event, "where": where, "times": {"type": "integer", "minimum": 1, "description": "how often"}, "within": _duration("in how long a time"),
        "in_a_row": _flag("without another event of the type in between"), "without": without, "for": _duration("how long nothing of it comes, or how long it holds"),
        "keep_on_logout": _flag("the wait goes on after a log-out"), "same": same, "sequence": {"type": "array", "items": step, "minItems": 2, "description": "in this order"},
        "holds": _expression("once for each stretch of truth"), "enters": _text("a segment"), "exits": _text("a segment"),
    }, (), oneOf=[{"required": [kind]} for kind in ("happens", "sequence", "holds", "enters", "exits")])  # fmt: skip


def _nudge() -> Schema:
    best = _object("the first that is not completed", {"best_of": _several(_text("a module"), "in this order")}, ("best_of",))
    offer = {"bonus": _text("such as 40 INR"), "valid": _duration("how long it can be earned"), "budget": _text("such as 50000 INR per 1d")}
    clears = {"when": _expression("what shall be true afterwards"), "within": _duration("in how long a time"), "else": _text("the nudge that follows otherwise")}
    return _object("a nudge rule", {
        "hypothesis": _text("why this will help these partners"), "trigger": {"$ref": "#/$defs/trigger"}, "if": _expression("a last condition"),
        "send": {"anyOf": [_text("a message"), best], "description": "a message, or the best of some modules"},
        "args": {"type": "object", "description": "expressions for the message's holes", "additionalProperties": _expression("a value")},
        "offer": _object("an incentive", offer, ("bonus", "budget")), "kind": {"enum": list(KINDS), "description": "what sort of help it is"},
        "cooldown": _duration("not the same again so soon"), "max": _rate("nor so often"), "priority": {"type": "integer", "minimum": 0, "maximum": 100, "description": "the highest of several is sent"},
        "urgent": _flag("passes quiet hours and caps"), "about_order": _flag("may reach a partner who is riding"), "hours": _hours("where the partner is"),
        "days": {"type": "array", "items": {"enum": list(DAYS)}, "description": "where the partner is"}, "seats": _expression("how many partners at once"),
        "rollout": _share("of the partners; sticky"), "holdout": _share("of the partners are the control group"), "mode": {"enum": [*MODES, False], "description": "off, shadow: decided and not sent, live"},
        "expires": {"type": "string", "format": "date", "description": "the last day"}, "valid_for": _duration("how long the nudge is worth showing"),
        "clears": _object("did it help at once?", clears, ("when", "within")),
        "goal": _object("what it is worth", {"metric": _text("a metric"), "within": _duration("in how long a time")}, ("metric", "within")),
        "feeds": _several({"enum": list(FAMILIES)}, "families that it relies on"),
    }, ("trigger", "send", "kind", "cooldown", "priority", "mode"))  # fmt: skip


def _message() -> Schema:
    text = _object("one language", {"title": _text("the first line, up to 50 characters"), "body": _text("the text, up to 178 characters"), "speak": _text("read aloud")}, ("title", "body"))
    return {"type": "object", "description": "by language: en, hi, kn, ...", "patternProperties": {"^[a-z]{2}(-[A-Z]{2})?$": text}, "minProperties": 1}


def _module() -> Schema:
    minutes, topics = {"type": "integer", "minimum": 1, "description": "how long it takes"}, {"type": "array", "items": {"type": "string"}, "description": "what it is about"}
    known = {"title": _text("in English"), "minutes": minutes, "topics": topics, "link": _text("where it opens")}
    return {"type": "object", "description": "a lesson", "properties": known, "required": ["title"], "patternProperties": {"^[a-z]{2}$": _text("the title in another language")}, "additionalProperties": False}


def _policy() -> Schema:
    return _object("what holds for all rules", {
        "quiet_hours": _hours("nobody is disturbed, where they are"), "during_quiet": {"enum": ["drop", "queue_latest"], "description": "what becomes of nudges in quiet hours"},
        "caps": {"type": "array", "items": _rate("of all rules together"), "description": "not too many"}, "never_while": {"enum": ["riding", "on_order"], "description": "never then, but about the order"},
        "holdout": _share("of the partners never get any"), "max_share": _text("a rule that reaches more of the active partners pauses itself: such as 20% per 1d"), "guard": _guard(),
    })  # fmt: skip


def _guard() -> Schema:
    return _object("when a rule pauses itself", {
        "opt_outs": _text("of those who were sent it so many opt out: 5% per 7d"),
        "min_partners": {"type": "integer", "minimum": 1, "description": "of fewer nothing is concluded: 100"},
    })  # fmt: skip


#: Keys of an `expect`, with what they mean.
_EXPECT = {
    "nudge": "this rule sends", "shadow": "this rule would send, and is in shadow", "held": "this rule is held back", "enters": "the partner enters this segment",
    "exits": "the partner leaves this segment", "cleared": "what this rule is for has come about", "not_cleared": "it has not, in its time",
    "recalled": "what this rule sent is taken back: a late event disproves it",
    "lang": "the language of the nudge", "says": "words of its title or body",
}  # fmt: skip


def _test(event: Schema) -> Schema:
    expect: Schema = {key: _text(meaning) for key, meaning in _EXPECT.items()}
    expect["why"] = {"enum": [str(reason) for reason in HoldReason], "description": "why it is held"}
    line: Schema = {"type": "object", "description": "a moment, and what happens or is expected then", "required": ["at"], "minProperties": 2, "maxProperties": 3}
    nothing = {"const": "nothing", "description": "no nudge, no `shadow`, and nobody in or out of a segment"}
    line["properties"] = {"at": _text("such as 15m, or 1m..10m every 1m"), "late": _duration("how long after it happened the event comes")}
    line["properties"]["expect"] = {"description": "what came since the `expect` before", "anyOf": [nothing, _object("all of these came", expect)]}
    line["properties"] |= {name: _event(name) for name in event_types()}
    return _object("a timeline", {
        "name": _text("what it shows"), "partner": _partner(), "given": {"type": "object", "description": "values of references"}, "start": _text("local date and time"),
        "timeline": {"type": "array", "description": "what happens, and what is expected", "items": line | {"additionalProperties": False}},
    }, ("name", "timeline"))  # fmt: skip


def _event(name: str) -> Schema:
    """An event of a timeline: its own fields. Which of them it can't do without, `check` knows."""
    return _object(meaning_of(name), {field: _field(name, field) for field in (*fields_of(name), *lists_of(name))})


def _field(event: str, name: str) -> Schema:
    known = fields_of(event).get(name)
    usual = usual_words(event, name)
    more: Schema = {"description": meaning_of(event, name) or name.replace("_", " ")} | ({"examples": list(usual)} if usual else {})
    if known is None:
        return _several({"type": "string"}, more.pop("description")) | more
    if known.values:
        return {"enum": list(known.values)} | more
    return {"type": {Unit.BOOL: "boolean", Unit.TEXT: ["string", "number", "boolean"]}.get(known.unit, "number")} | more


def _partner() -> Schema:
    """The profile, and what stands for it in tests."""
    known: Schema = {name: _field("profile_updated", name) for name in fields_of("profile_updated")}
    known |= {"id": _text("any word"), "tenure": _duration("since the partner joined"), "lang": _text("short for `language`")}
    return _object("who it is", known | {"zone_demand": {"enum": list(BUILTINS["zone_demand"].values), "description": BUILTINS["zone_demand"].meaning}})
