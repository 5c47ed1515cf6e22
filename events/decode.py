"""Bytes of a topic to typed events, on the hot path: one decoder a family, the type tag chooses the struct."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Annotated, Any, Union

import msgspec

from events.broadcasts import BROADCASTS
from events.calendar import day, zone_name
from events.errors import BadEvent, DeadLetterReason
from events.families import FAMILIES
from events.structs import BROADCAST_STRUCTS, STRUCTS
from events.time import EARLIEST, LATEST, seconds

MAX_BYTES = 1_000_000
#: A whole rule set is one record.
MAX_BROADCAST_BYTES = 16_000_000
encode = msgspec.json.Encoder().encode
_FIRST, _LAST, _OPEN, _CLOSE = itemgetter(0), itemgetter(-1), {ord("{")}, {ord("}")}
#: Makes a union of every family: alone, msgspec takes a struct without its tag, and the contract does not.
_NoEvent = msgspec.defstruct("_NoEvent", [("never", Annotated[int, msgspec.Meta(ge=1, le=0)])], tag_field="type", tag="\0")


class Decoder:
    """Decodes the records of one family. `max_bytes`: larger values are refused unread."""

    def __init__(self, family: str, max_bytes: int = MAX_BYTES) -> None:
        self.family, self.max_bytes = FAMILIES[family], max_bytes
        structs = (*(STRUCTS[t] for t in self.family.types), _NoEvent)
        decoder = msgspec.json.Decoder(Union[structs])  # noqa: UP007 - built at run time
        self._decode, self._lines = decoder.decode, decoder.decode_lines
        self._special = special(self.family.types)

    def decode(self, value: bytes | None, key: bytes | None) -> Any:
        """The event of one record. Raises BadEvent with what is wrong."""
        present = _present(value, self.max_bytes)
        try:
            event = self._decode(present)
            _finish_all((event,), self._special)
        except (msgspec.DecodeError, ValueError, RecursionError) as e:
            raise self._fault(present, e) from None
        if key is None or event.partner_id.encode() != key:
            raise BadEvent(DeadLetterReason.KEY_MISMATCH, f"the key is {_shown(key)}, the partner {event.partner_id!r}")
        return event

    def decode_all(self, values: Sequence[bytes | None], keys: Sequence[bytes | None]) -> list[Any]:
        """The event of each record or, where there is none, the BadEvent. All at once where all are good."""
        try:
            return self._together(values, keys)
        except (msgspec.DecodeError, ValueError, TypeError, IndexError, RecursionError):
            return [self._or_fault(value, key) for value, key in zip(values, keys, strict=True)]

    def _together(self, values: Sequence[Any], keys: Sequence[bytes | None]) -> list[Any]:
        """Raises where any record is not good, or not certainly so.

        Every value ends with a brace, the next begins with one, and between them is the only line break: such a seam can't lie within a JSON value
        (in a string it is malformed, between tokens a comma is missing), so that as many events as values are one of each.
        """
        text, count = b"\n".join(values), len(values)
        if text.count(b"\n") != count - 1 or set(map(_FIRST, values)) != _OPEN or set(map(_LAST, values)) != _CLOSE:
            raise ValueError("one by one")
        if len(text) > self.max_bytes and max(map(len, values)) > self.max_bytes:
            raise ValueError("one by one")
        events = self._lines(text)
        if len(events) != count or [e.partner_id.encode() for e in events] != keys:
            raise ValueError("one by one")
        _finish_all(events, self._special)
        return events

    def _or_fault(self, value: bytes | None, key: bytes | None) -> Any:
        try:
            return self.decode(value, key)
        except BadEvent as bad:
            return bad

    def _fault(self, value: bytes, error: Exception) -> BadEvent:
        """Says which kind of fault it is: no JSON, a type of another topic, or a field."""
        try:
            found = msgspec.json.decode(value)
        except (msgspec.DecodeError, ValueError, RecursionError) as e:
            return BadEvent(DeadLetterReason.NOT_JSON, str(e))
        kind = found.get("type") if isinstance(found, dict) else None
        if isinstance(kind, str) and kind not in self.family.types:
            home = next((f.topic for f in FAMILIES.values() if kind in f.types), None)
            hint = f"it belongs to {home}" if home else f"known here: {', '.join(self.family.types)}"
            return BadEvent(DeadLetterReason.UNKNOWN_TYPE, f"`{kind}` is no event of {self.family.topic}; {hint}")
        return BadEvent(DeadLetterReason.INVALID_EVENT, str(error))


class AnyDecoder:
    """Decodes events of all families together, for those who read them from one place and not from topics."""

    def __init__(self) -> None:
        self._lines = msgspec.json.Decoder(Union[(*STRUCTS.values(), _NoEvent)]).decode_lines
        self._special = special(STRUCTS)

    def decode_all(self, values: Sequence[bytes]) -> list[Any]:
        """The events of as many JSON objects, none of which has a line break in it. Raises ValueError, or what msgspec says, where any is not good, or
        not certainly so: then they are to be looked at one by one."""
        if not values:
            return []
        if set(map(_FIRST, values)) != _OPEN or set(map(_LAST, values)) != _CLOSE or max(map(len, values)) > MAX_BYTES:
            raise ValueError("one by one")
        events = self._lines(b"\n".join(values))
        if len(events) != len(values):
            raise ValueError("one by one")
        _finish_all(events, self._special)
        return events

    def convert(self, kind: str, fields: Mapping[str, Any]) -> Any:
        """The event of fields that are Python values already. Raises ValueError, or what msgspec says, where they are not as the contract wants them."""
        event = msgspec.convert(fields, STRUCTS[kind])
        _finish_all((event,), self._special)
        return event


def special(types: Iterable[str]) -> set[type]:
    """The structs of these events that have fields which constraints of single values can't describe."""
    return {STRUCTS[t] for t in types if {"promised_at", "joined_on", "time_zone"} & set(STRUCTS[t].__struct_fields__)}


def _present(value: bytes | None, max_bytes: int) -> bytes:
    """A record's value. Raises BadEvent where there is none, or too much of it."""
    if value is None:
        raise BadEvent(DeadLetterReason.TOMBSTONE, "the record has no value")
    if len(value) > max_bytes:
        raise BadEvent(DeadLetterReason.TOO_LARGE, f"{len(value):,} bytes; at most {max_bytes:,} are accepted")
    return value


def _finish_all(events: Sequence[Any], kinds: set[type]) -> None:
    for event in events:
        at = event.occurred_at
        if at.__class__ is not float or not EARLIEST <= at < LATEST:
            event.occurred_at = seconds(at)
    if kinds:
        for event in events:
            if event.__class__ in kinds:
                _finish(event)


class BroadcastDecoder:
    """Decodes records that concern all partners: few, so one by one. Their keys say nothing."""

    def __init__(self, family: str, max_bytes: int = MAX_BROADCAST_BYTES) -> None:
        self.family, self.max_bytes = BROADCASTS[family], max_bytes
        structs = (*(BROADCAST_STRUCTS[t] for t in self.family.types), _NoEvent)
        self._decode = msgspec.json.Decoder(Union[structs]).decode  # noqa: UP007 - built at run time

    def decode(self, value: bytes | None) -> Any:
        """The event of one record. Raises BadEvent with what is wrong."""
        present = _present(value, self.max_bytes)
        try:
            event = self._decode(present)
            event.occurred_at = seconds(event.occurred_at)
            if (at := getattr(event, "at", None)) is not None:
                event.at = seconds(at)
        except (msgspec.DecodeError, ValueError, RecursionError) as e:
            raise BadEvent(DeadLetterReason.INVALID_EVENT, str(e)) from None
        return event

    def decode_all(self, values: Sequence[bytes | None], keys: Sequence[bytes | None]) -> list[Any]:
        """The event of each record or, where there is none, the BadEvent."""
        found = list[Any]()
        for value in values:
            try:
                found.append(self.decode(value))
            except BadEvent as bad:
                found.append(bad)
        return found


DecodeAll = Callable[[Sequence[bytes | None], Sequence[bytes | None]], list[Any]]


def decoder_of(family: str, max_bytes: int = MAX_BYTES) -> DecodeAll:
    """What decodes the records of a family, or of a broadcast topic."""
    return BroadcastDecoder(family).decode_all if family in BROADCASTS else Decoder(family, max_bytes).decode_all


def _finish(event: Any) -> None:
    """What constraints of single values can't say; as the models' validators do."""
    if (promised := getattr(event, "promised_at", None)) is not None:
        event.promised_at = seconds(promised)
    if (joined := getattr(event, "joined_on", None)) is not None:
        day(joined)
    if (zone := getattr(event, "time_zone", None)) is not None:
        zone_name(zone)


def _shown(key: bytes | None) -> str:
    return "empty" if key is None else repr(key[:128].decode("utf-8", "replace"))
