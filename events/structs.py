"""msgspec structs *derived from* the pydantic models: the same contract, decoded fast. Nothing is written twice.

A struct has the fields of its model with their constraints; `type` is its tag, and readable as a class attribute.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Annotated, Any, Union, get_args, get_origin

import annotated_types
import msgspec
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from events.broadcasts import BROADCASTS
from events.families import FAMILIES
from events.outputs import OUTPUTS

_BOUNDS = {annotated_types.Ge: "ge", annotated_types.Le: "le", annotated_types.Gt: "gt", annotated_types.Lt: "lt"}


def _meta(metadata: Iterable[Any]) -> msgspec.Meta | None:
    """Constraints of a pydantic annotation, as msgspec spells them. Validators are applied after decoding (`events.decode`)."""
    found: dict[str, Any] = {}
    for item in metadata:
        for constraint in item.metadata if isinstance(item, FieldInfo) else [item]:
            if type(constraint) in _BOUNDS:
                name = _BOUNDS[type(constraint)]
                found[name] = getattr(constraint, name)
            elif isinstance(constraint, annotated_types.MinLen):
                found["min_length"] = constraint.min_length
            elif isinstance(constraint, annotated_types.MaxLen):
                found["max_length"] = constraint.max_length
            elif getattr(constraint, "pattern", None) is not None:
                found["pattern"] = constraint.pattern
    return msgspec.Meta(**found) if found else None


def _derived(annotation: Any, metadata: Iterable[Any] = ()) -> Any:
    """The msgspec type of a pydantic annotation."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _derived(inner, [*more, *metadata])
    meta = _meta(metadata)
    if origin in (Union, types.UnionType):
        parts = [_derived(a, () if a is type(None) else metadata) for a in get_args(annotation)]
        return Union[tuple(parts)]  # noqa: UP007 - built at run time
    if origin is list:
        return Annotated[list[_derived(get_args(annotation)[0])], meta] if meta else list[_derived(get_args(annotation)[0])]  # type: ignore[misc]
    return Annotated[annotation, meta] if meta is not None else annotation


def derive(model: type[BaseModel]) -> type[msgspec.Struct]:
    """The struct of a model."""
    kind = str(get_args(model.model_fields["type"].annotation)[0])
    fields: list[Any] = []
    for name, field in model.model_fields.items():
        if name != "type":
            kind_of = _derived(field.annotation, field.metadata)
            fields.append((name, kind_of) if field.is_required() else (name, kind_of, field.default))
    return msgspec.defstruct(
        model.__name__, fields, namespace={"type": kind, "__doc__": model.__doc__}, module=__name__, tag_field="type", tag=kind, kw_only=True, gc=False,
    )  # fmt: skip


#: Struct of each event type, by its name.
STRUCTS: dict[str, Any] = {m.name: derive(m) for family in FAMILIES.values() for m in family.models}
#: Struct of each event that concerns all partners, by its name.
BROADCAST_STRUCTS: dict[str, Any] = {m.name: derive(m) for family in BROADCASTS.values() for m in family.models}
#: Struct of each output, by its type.
OUTPUT_STRUCTS: dict[str, Any] = {str(get_args(m.model_fields["type"].annotation)[0]): derive(m) for m in OUTPUTS}


class Tick(msgspec.Struct):
    """The timer visitor: stream time has come to `occurred_at` (s since the epoch)."""

    occurred_at: float
    partner_id: str = ""
    type: str = "tick"


class Forget(msgspec.Struct):
    """A record of `partner.profile` without a value: all that is kept about its partner is to be erased. `occurred_at` is the record's time stamp."""

    occurred_at: float
    partner_id: str
    type: str = "forget"


class Outdated(msgspec.Struct):
    """Figures of zones and cohorts that no newer ones followed in time: what they said is not known any more."""

    event_id: str
    occurred_at: float
    type: str = "outdated"


class Erased(msgspec.Struct):
    """Said beside the outputs: nothing is known of this partner any more; what stands on `partner.features` and in Redis is to go. `at`: stream time (s)."""

    partner_id: str
    at: float
    type: str = "erased"


