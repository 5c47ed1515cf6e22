"""docs/events.md: every event and output with its fields, made from the models."""

from __future__ import annotations

import sys
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from events.broadcasts import BROADCASTS
from events.families import FAMILIES
from events.outputs import OUTPUTS

_ENVELOPE = ("event_id", "partner_id", "occurred_at", "source", "type")
_WORDS: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true/false", dict: "mapping", list: "list"}


def reference() -> str:
    """The page as Markdown."""
    lines = ["# Events and outputs", "", "Made from the models in `events/`; `make docs` writes it anew. The rules around it: [contract.md](contract.md).", ""]
    lines += ["## Every event", "", *_table(FAMILIES["gps"].models[0], _ENVELOPE[:4]), ""]
    for family in FAMILIES.values():
        lines += [f"## `{family.topic}`", ""]
        for event in family.models:
            own = [n for n in event.model_fields if n not in _ENVELOPE]
            lines += [f"### `{event.name}`", "", str(event.__doc__), "", *(_table(event, own) if own else ["No further fields."]), ""]
    lines += _broadcasts()
    lines += ["# Outputs", ""]
    for model in OUTPUTS:
        lines += [f"## `{model.model_fields['type'].default}`", "", str(model.__doc__), "", *_table(model, [n for n in model.model_fields if n != "type"]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _broadcasts() -> list[str]:
    lines = ["# What concerns all partners", "", "Each record lies in every partition: [contract.md](contract.md#what-concerns-all-partners).", ""]
    for broadcast in BROADCASTS.values():
        lines += [f"## `{broadcast.topic}`", ""]
        for event in broadcast.models:
            lines += [f"### `{event.name}`", "", str(event.__doc__), "", *_table(event, [n for n in event.model_fields if n != "type"]), ""]
    return lines


def _table(model: type[BaseModel], names: Any) -> list[str]:
    rows = [f"| `{n}` | {_kind(f.annotation)} | {'yes' if f.is_required() else ''} | {_meaning(f)} |" for n, f in model.model_fields.items() if n in names]
    return ["| field | kind | always there | meaning |", "|---|---|---|---|", *rows]


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_kind(a) for a in get_args(annotation) if a is not type(None)))
    if origin is Literal:
        return ", ".join(f"`{a}`" for a in get_args(annotation))
    if origin in (list, dict):
        return _WORDS[origin]
    return _WORDS[annotation] if annotation in _WORDS else ", ".join(f"`{m.value}`" for m in annotation)


def _meaning(field: FieldInfo) -> str:
    inner = next((m.description for m in field.metadata if getattr(m, "description", None)), "")
    return field.description or inner or ""


if __name__ == "__main__":
    sys.stdout.write(reference())
