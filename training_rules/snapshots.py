"""A partner's state as bytes: what a changelog record holds, and how a restart, or a worker on another machine, gets it back.

Layout: a header of format (1 byte), next due moment and stream time (big-endian doubles), then a msgpack array. Slots and timers stand under a
hash of their definition, so that those of unchanged rules are found again by another rule set, and others begin anew.
"""

from __future__ import annotations

import struct
from math import inf
from operator import attrgetter
from typing import Any

import msgspec

from events.errors import NudgelineError
from segments.state import PartnerState
from training_rules.rules import Rules

FORMAT = 1
_HEADER = struct.Struct(">Bdd")
_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode
_FIELDS = tuple(f for f in PartnerState.__slots__ if f not in ("alarm", "house", "unseen", "slots", "dues", "next_due", "now", "day_start", "day_end"))
_PARTNER, _values = _FIELDS.index("partner_id"), attrgetter(*_FIELDS)


class UnknownFormat(NudgelineError):
    """A state written by a newer version: run that version, or start with an empty changelog."""


def dump(state: PartnerState, rules: Rules) -> bytes:
    """The state as bytes; the same state gives the same bytes."""
    slots = {i: v for i, v in zip(rules.slot_ids, state.slots, strict=True) if v is not None}
    dues = {i: at for i, at in zip(rules.timer_ids, state.dues, strict=True) if at != inf}
    return _HEADER.pack(FORMAT, min(state.dues, default=inf), state.now) + _encode((_values(state), slots, dues))


def peek(raw: bytes) -> tuple[float, float]:
    """Next due moment and stream time of a snapshot, without reading the rest."""
    version, due, now = _HEADER.unpack_from(raw)
    if version != FORMAT:
        raise UnknownFormat(f"a partner's state is in format {version}; this version reads format {FORMAT}: run the version that wrote it, or newer")
    return due, now


def load(raw: bytes, rules: Rules) -> PartnerState:
    """The state again. Raises UnknownFormat for what a newer version wrote."""
    _due, now = peek(raw)
    fields, slots, dues = _decode(memoryview(raw)[_HEADER.size :])
    state = rules.new_state(fields[_PARTNER])
    for name, value in zip(_FIELDS, fields, strict=True):
        setattr(state, name, value)
    state.now, state.unseen = now, now == -inf  # of an erased partner nothing is known
    state.slots = [slots.get(i) for i in rules.slot_ids]
    state.dues = [dues.get(i, inf) for i in rules.timer_ids]
    state.next_due = min(state.dues, default=inf)
    return state


def unnamed(raw: bytes, rules: Rules) -> dict[int, Any]:
    """What a snapshot has that these rules have no name for, by hash of its definition: it is of other rules."""
    peek(raw)
    _fields, slots, _dues = _decode(memoryview(raw)[_HEADER.size :])
    return {i: v for i, v in slots.items() if i not in set(rules.slot_ids)}


def plain(state: PartnerState, rules: Rules) -> dict[str, Any]:
    """The state as plain data, to compare and to show."""
    shown: dict[str, Any] = {f: getattr(state, f) for f in _FIELDS} | {"now": state.now, "next_due": min(state.dues, default=inf)}
    shown["slots"] = {slot.key: v for slot, v in zip(rules.slots, state.slots, strict=True) if v is not None}
    return shown
