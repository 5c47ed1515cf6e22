"""What a rule can name without defining it: events, their fields, and what is known about a partner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import msgspec

from events import FAMILIES
from events.structs import STRUCTS
from rulebook.units import Unit


@dataclass(frozen=True, slots=True)
class Known:
    """One name: what it measures, whether it can be unknown, the closed set of its values, if any, and the words that it usually has where it takes any."""

    unit: Unit
    meaning: str = ""
    nullable: bool = True
    values: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()


_MODELS = {model.name: model for family in FAMILIES.values() for model in family.models}


def usual_words(event: str, field: str) -> tuple[str, ...]:
    """The words that the contract gives as examples of a text field."""
    return tuple(map(str, _MODELS[event].model_fields[field].examples or ()))


def meaning_of(event: str, field: str = "") -> str:
    """What the contract says of an event type, or of one of its fields."""
    model = _MODELS[event]
    return (model.model_fields[field].description or "") if field else (model.__doc__ or "").strip()


#: REF names that every rule set knows, with what they mean (shown by the reference page).
BUILTINS: dict[str, Known] = {
    "tenure": Known(Unit.DURATION, "time since the partner joined (profile `joined_on`)"),
    "online": Known(Unit.BOOL, "between `logged_in` and `logged_out`; unknown before the first of them"),
    "on_order": Known(Unit.BOOL, "an order is accepted and neither delivered nor cancelled", nullable=False),
    "riding": Known(Unit.BOOL, "`on_order`, or moving faster than 3 m/s by a fix at most 60 s old", nullable=False),
    "speed": Known(Unit.NUMBER, "m/s, from the last fix; unknown when it is older than 5 min"),
    "zone": Known(Unit.TEXT, "of the last fix, or the log-in, that named one; unknown when that is older than 5 min"),
    "home_zone": Known(Unit.TEXT, "from the profile: its `zone`"),
    "orders_accepted_today": Known(Unit.NUMBER, "since local midnight of the partner", nullable=False),
    "orders_delivered_today": Known(Unit.NUMBER, "since local midnight of the partner", nullable=False),
    "earnings_today": Known(Unit.MONEY, "sum of postings since local midnight of the partner", nullable=False),
    "online_today": Known(Unit.DURATION, "time online since local midnight of the partner", nullable=False),
    "rating": Known(Unit.NUMBER, "mean stars of the last 50 rated orders"),
    "modules_completed": Known(Unit.NUMBER, "different training modules completed", nullable=False),
    "zone_demand": Known(Unit.TEXT, "low, normal or high: offers for each online partner of the zone in 15 minutes against its usual", values=("low", "normal", "high")),
    "zone_gap": Known(Unit.NUMBER, "partners that the zone lacks for its offers to be as usual for each; 0 where it has enough"),
    "city": Known(Unit.TEXT, "from the profile"),
    "language": Known(Unit.TEXT, "from the profile"),
    "vehicle": Known(Unit.TEXT, "from the profile", usual=usual_words("profile_updated", "vehicle")),
    "first_name": Known(Unit.TEXT, "from the profile"),
    "time_zone": Known(Unit.TEXT, "from the profile, IANA name"),
    "consent": Known(Unit.BOOL, "from the profile"),
}

#: Names that are short for an aggregate.
EXPANSIONS: dict[str, str] = {
    "orders_accepted_today": "count(order_accepted over today)",
    "orders_delivered_today": "count(order_delivered over today)",
    "earnings_today": "sum(earning_posted.amount over today)",
    "rating": "avg(rating_received.stars over last 50)",
    "modules_completed": "distinct(module_completed.module over life)",
}

#: `completed(M)` and `used(F)` as the comparison that they stand for; {0} is the argument, in quotes.
CALL_EXPANSIONS: dict[str, str] = {
    "completed": "count(module_completed where module == {0} over life) > 0",
    "used": "count(feature_used where feature == {0} over life) > 0",
}

_DISTANCES, _MONEY = {"distance_km"}, {"amount", "pay"}
_COMMON = {"event_id", "partner_id", "occurred_at", "source"}


def event_types() -> tuple[str, ...]:
    """Names of all event types of the contract."""
    return tuple(STRUCTS)


def fields_of(event: str) -> dict[str, Known]:
    """The fields of an event type that a rule can read, by name; none where there is no such event."""
    return _fields_of(event) if event in STRUCTS else {}


@cache
def _fields_of(event: str) -> dict[str, Known]:
    info = msgspec.inspect.type_info(STRUCTS[event])
    assert isinstance(info, msgspec.inspect.StructType)
    found = {f.name: known for f in info.fields if f.name not in _COMMON and (known := _known(f.name, f.type)) is not None}
    return {name: replace(known, usual=usual_words(event, name)) for name, known in found.items()}


@cache
def words_of(name: str) -> tuple[str, ...]:
    """The words that fields of this name have, or usually have, in all events and in what is known of the partner."""
    fields = (*([BUILTINS[name]] if name in BUILTINS else []), *(fields_of(event)[name] for event in event_types() if name in fields_of(event)))
    return tuple(dict.fromkeys(word for known in fields for word in (*known.values, *known.usual)))


@cache
def lists_of(event: str) -> frozenset[str]:
    """The fields of an event type that hold several words: only `same` can read them."""
    info = msgspec.inspect.type_info(STRUCTS[event])
    assert isinstance(info, msgspec.inspect.StructType)
    return frozenset(f.name for f in info.fields if any(isinstance(t, msgspec.inspect.ListType) for t in getattr(f.type, "types", (f.type,))))


def _known(name: str, kind: msgspec.inspect.Type) -> Known | None:
    if isinstance(kind, msgspec.inspect.UnionType):
        inner = [t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType)]
        known = _known(name, inner[0])
        return Known(known.unit, known.meaning, nullable=True, values=known.values) if known else None
    if isinstance(kind, msgspec.inspect.LiteralType | msgspec.inspect.EnumType):
        values = kind.values if isinstance(kind, msgspec.inspect.LiteralType) else [m.value for m in kind.cls]
        return Known(Unit.TEXT, nullable=False, values=tuple(map(str, values)))
    if isinstance(kind, msgspec.inspect.BoolType):
        return Known(Unit.BOOL, nullable=False)
    if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        unit = Unit.DISTANCE if name in _DISTANCES else Unit.MONEY if name in _MONEY else Unit.NUMBER
        return Known(unit, nullable=False)
    return Known(Unit.TEXT, nullable=False) if isinstance(kind, msgspec.inspect.StrType) else None
