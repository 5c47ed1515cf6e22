"""A partner's events as the lines of a test: moments after its start, ids that say nothing of anybody, and only what rules read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec

from events.structs import STRUCTS
from segments.clock import zone_info
from training_rules.needs import Needs

#: Names of others, and the letter that stands for them.
_OF_OTHERS = {"order_id": "o", "restaurant": "r", "restaurant_name": "Restaurant ", "nudge_id": "n"}
_PLACES = 4  # decimals of a coordinate: some 11 m
_NEVER = ("event_id", "partner_id", "occurred_at", "source", "type")
FIRST_NAME = "Asha"
#: What YAML reads as it stands, and words that it takes for something else.
_PLAIN, _WORDS = re.compile(r"[A-Za-z](?:[A-Za-z0-9_ /-]*[A-Za-z0-9_])?|\d+(?:\.\d+)?[smhdw%]"), ("null", "true", "false", "yes", "no", "on", "off", "y", "n")


class Verbatim(str):
    """Text that stands in YAML as it is."""

    __slots__ = ()


@dataclass
class Reducer:
    """`exactly`: coordinates and moments as they were; otherwise to some 11 m and to the second. `start`: s since the epoch."""

    needs: Needs
    start: float
    exactly: bool
    _named: dict[tuple[str, str], str] = field(default_factory=dict)

    def at(self, moment: float) -> float:
        """Seconds after the start."""
        return round(moment - self.start, 6 if self.exactly else 0)

    def fields(self, event: Any) -> dict[str, Any]:
        """The fields of an event that a test has to name."""
        struct = STRUCTS[event.type]
        found = {}
        for f in msgspec.structs.fields(struct):
            value = getattr(event, f.name)
            if f.name in _NEVER or value is None or not (f.required or f.name == "order_id" or self.needs.keeps(event.type, f.name)):
                continue
            found[f.name] = self._value(f.name, value)
        return found

    def _value(self, name: str, value: Any) -> Any:
        if name in ("lat", "lon"):
            return 0 if not self.needs.places else value if self.exactly else round(value, _PLACES)
        if name == "first_name":
            return FIRST_NAME
        if name in _OF_OTHERS:
            of_its_kind = sum(kind == name for kind, _ in self._named)
            return self._named.setdefault((name, value), f"{_OF_OTHERS[name]}{of_its_kind + 1}")
        return value

    def partner(self, profile: Any) -> dict[str, Any]:
        """The `partner` of a test: what rules read of the last profile (None where there is none)."""
        found: dict[str, Any] = {"id": "p1"}
        if profile is None:
            return found
        kept = self.fields(profile)
        if (language := kept.pop("language", None)) is not None:
            found["lang"] = language
        if kept.get("consent") is True:
            del kept["consent"]
        if (joined := kept.pop("joined_on", None)) is not None:
            found["tenure"] = self._tenure(str(joined), profile.time_zone)
        return found | kept

    def _tenure(self, joined: str, zone: str | None) -> str:
        today = datetime.fromtimestamp(self.start, zone_info(zone or "UTC")).date()
        return f"{max((today - date.fromisoformat(joined[:10])).days, 0)}d"


def spelled(mapping: Mapping[str, Any]) -> str:
    """A mapping in YAML's flow style."""
    return "{" + ", ".join(f"{_scalar(key)}: {_scalar(value)}" for key, value in mapping.items()) + "}"


def _scalar(value: Any) -> str:
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, Mapping):
        return spelled(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _number(value)
    return _text(str(value))


def _number(value: float) -> str:
    """As a person writes it, and exactly so; never with an exponent."""
    text = repr(value)
    return f"{value:.15f}".rstrip("0").rstrip(".") if "e" in text else text.removesuffix(".0")


def _text(value: str) -> str:
    return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else msgspec.json.encode(value).decode()


def moment(seconds: float) -> str:
    """A moment of a timeline: `90s`, `15m`, `2h`; exactly."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0 and (unit == "m" or seconds):
            return f"{int(seconds // size)}{unit}"
    return f"{_number(seconds)}s"
