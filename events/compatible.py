"""Is a JSON Schema still what others were promised? Everything that was valid has to stay valid, and every field to stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")  # may become less
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")  # may become more


def incompatible(old: Schema, new: Schema) -> list[str]:
    """What of `old` does not hold in `new`, one sentence each; an empty list where the change is compatible."""
    return list(_types(old, new))


def _types(old: Schema, new: Schema) -> Iterator[str]:
    later = new.get("$defs", {})
    for name, kind in old.get("$defs", {}).items():
        if name not in later:
            yield f"{name} is gone"
        elif "properties" in kind:
            yield from _fields(name, kind, later[name], old, new)


def _fields(name: str, old: Schema, new: Schema, before: Schema, after: Schema) -> Iterator[str]:
    for field in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{name}.{field} is required now"
    for field, was in old["properties"].items():
        if field not in new["properties"]:
            yield f"{name}.{field} is gone"
        elif not _covers(new["properties"][field], was, after, before):
            yield f"{name}.{field} takes less than before, or something else"


def _covers(new: Schema, old: Schema, after: Schema, before: Schema) -> bool:
    """Whether each value of `old` is one of `new`."""
    return all(any(_wider(n, o) for n in _ways(new, after)) for o in _ways(old, before))


def _ways(schema: Schema, whole: Schema) -> list[Schema]:
    """The alternatives of a field, references resolved."""
    if "$ref" in schema:
        return _ways(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "anyOf" in schema:
        return [way for part in schema["anyOf"] for way in _ways(part, whole)]
    return [schema]


def _wider(new: Schema, old: Schema) -> bool:
    kinds = {new.get("type"), "integer"} if new.get("type") == "number" else {new.get("type")}
    if "type" in new and old.get("type") not in kinds:
        return False
    values, before = _values(new), _values(old)
    if values is not None and (before is None or not before <= values):
        return False
    if new.get("pattern") not in (None, old.get("pattern")):
        return False
    lower = all(k not in new or (k in old and old[k] >= new[k]) for k in _LOWER)
    return lower and all(k not in new or (k in old and old[k] <= new[k]) for k in _UPPER)


def _values(schema: Schema) -> set[Any] | None:
    """The closed set of values, where there is one."""
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None
