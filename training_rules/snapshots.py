"""A partner's state as bytes: what a changelog record holds, how a restart, or a worker on another machine, gets it back, and what one at rest is in memory.

Layout: a header of room for who writes it (8 bytes, left empty here; a changelog's record is the same bytes with that filled in, so that a million of them are
taken over as they are read), format (1 byte), next due moment and stream time (big-endian doubles) and the length of what follows first (4 bytes): the moments
of sends, apart from the rest, since seats and budgets are counted from them without waking anybody. Then fields, slots and timers. All are msgpack. Slots, sends
and timers stand under a hash of their definition, so that those of unchanged rules are found again by another rule set, and others begin anew.

Format 1, read still: no length, sends among the slots, the profile under its names.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from operator import attrgetter, itemgetter
from sys import intern
from typing import Any

import msgspec

from events.errors import NudgelineError
from segments.state import Offsets, PartnerState
from training_rules.rules import Rules

FORMAT, OLDEST = 2, 1
#: Bytes for who writes it.
ROOM = 8
_HEADER, _OLD_HEADER = struct.Struct(f">{ROOM}xBddI"), struct.Struct(f">{ROOM}xBdd")
_due = struct.Struct(">d")
_DUE = ROOM + 1
_pack, _unpack, _glance = _HEADER.pack, _HEADER.unpack_from, _OLD_HEADER.unpack_from
_START, _OLD_START = _HEADER.size, _OLD_HEADER.size
_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode

#: The order of fields and of a profile's values in all formats so far; a new one is added at the end, by a new format.
_FIELDS = (
    "applied", "closed", "context", "dropped", "fix_at", "lat", "lon", "online", "online_before", "online_since", "opted_out", "orders", "partner_id",
    "profile", "profile_at", "recent", "sends", "session_at", "session_start", "speed", "zone", "zone_at",
)  # fmt: skip
_PROFILE = ("city", "zone", "language", "vehicle", "time_zone", "consent", "first_name", "joined_at")
_fields_of = attrgetter(*_FIELDS)
_AT_APPLIED, _AT_PROFILE, _AT_RECENT = map(_FIELDS.index, ("applied", "profile", "recent"))

Kept = dict[int, Any]
#: What of a state concerns other partners: what they noted, whether they are online, their zone, and of when (s) that is.
Beside = tuple[dict[str, Any], bool | None, str | None, float]
#: Where, among the moments of sends, what concerns other partners stands: no slot's id is negative.
BESIDE = -1


class UnknownFormat(NudgelineError):
    """A state written by a newer version: run that version, or start with an empty changelog."""


def dump(state: PartnerState, rules: Rules) -> bytes:
    """The state as bytes; the same state gives the same bytes."""
    fields, sent = list(_fields_of(state)), state.slots[rules.sends_from :]
    if (applied := state.applied).__class__ is Offsets:
        fields[_AT_APPLIED] = applied.raw
    fields[_AT_PROFILE] = list(map(state.profile.get, _PROFILE))
    fields[_AT_RECENT] = _still_recent(state, rules)
    apart = {i: v for i, v in zip(rules.sends_ids, sent, strict=True) if v} if any(sent) else {}
    if rules.notes or state.opted_out:
        apart[BESIDE] = state.context, state.online, state.zone, state.zone_at
    slots = {i: v for i, v in zip(rules.other_ids, state.slots, strict=False) if v is not None}  # which are the first
    dues = {i: at for i, at in zip(rules.timer_ids, state.dues, strict=True) if at != inf}
    first = _encode(apart) if apart else b""
    return _pack(FORMAT, min(dues.values(), default=inf), state.now, len(first)) + first + _encode((fields, slots, dues))


def survey(states: Mapping[str, bytes]) -> tuple[list[tuple[float, str]], list[str]]:
    """When partners want to be woken, with their ids, of those who do at all; and those of whom only the applied offsets are kept (`training_rules.partners.nobody`).
    Raises UnknownFormat where any state is in a format that is not known."""
    dues, erased, never, nobody = list[tuple[float, str]](), list[str](), inf, -inf
    for who, (version, due, now) in zip(states, map(_glance, states.values()), strict=True):
        if due != never:
            dues.append((due, who))
        if now == nobody:
            erased.append(who)
        if version != FORMAT:
            _look_at(version)
    return dues, erased


def peek(raw: bytes) -> tuple[float, float]:
    """Next due moment and stream time of a snapshot, without reading the rest. Raises UnknownFormat for what a newer version wrote."""
    version, due, now = _glance(raw)
    _look_at(version)
    return due, now


def due_at(raw: bytes, due: float) -> bytes:
    """A snapshot that says another next due moment; an early one does no harm."""
    return raw[:_DUE] + _due.pack(due) + raw[_DUE + _due.size :]


def _look_at(version: int) -> None:
    if not OLDEST <= version <= FORMAT:
        raise UnknownFormat(f"a partner's state is in format {version}; this version reads format {FORMAT}: run the version that wrote it, or newer")


def load(raw: bytes, rules: Rules) -> PartnerState:
    """The state again. Raises UnknownFormat for what a newer version wrote."""
    state = PartnerState.__new__(PartnerState)
    _, state.now = peek(raw)
    sends, (fields, slots, dues) = _parts(raw)
    (
        applied, state.closed, state.context, state.dropped, state.fix_at, state.lat, state.lon, state.online, state.online_before, state.online_since,
        state.opted_out, state.orders, state.partner_id, profile, state.profile_at, state.recent, state.sends, state.session_at, state.session_start,
        state.speed, zone, state.zone_at,
    ) = fields  # fmt: skip
    state.applied = {intern(topic): offset for topic, offset in applied.items()}
    state.profile, state.zone = _profile(profile), zone and intern(zone)
    state.unseen = state.now <= rules.moments.since  # of an erased partner nothing is known
    if state.unseen:
        slots, sends, dues = (living(kept, rules, state.now) for kept in (slots, sends, dues))
    state.slots = _placed(slots, rules.slot_numbers, [None] * len(rules.slots))
    _placed(sends, rules.slot_numbers, state.slots)
    state.dues = _placed(dues, rules.timer_numbers, [inf] * len(rules.timers))
    state.next_due, state.alarm = min(state.dues, default=inf) if dues else inf, inf
    state.day_start, state.day_end = inf, -inf
    state.heard = state.looked_at = -inf
    state.house, state.changed = None, False
    return state


def living(kept: Kept, rules: Rules, now: float) -> Kept:
    """What of a state that has come up to `now` still counts: what began later begins anew, though it was known before under the same name."""
    moments = rules.moments
    return kept if now > moments.since else {i: value for i, value in kept.items() if moments.slot(i) < now}


def change(states: Iterable[PartnerState], before: Rules, after: Rules) -> None:
    """Give states of one rule set the shape of another: as `load` does with what the first one dumped."""
    slots, timers, since = _Moves(before.slot_ids, after.slot_ids, after, None), _Moves(before.timer_ids, after.timer_ids, after, inf), after.moments.since
    for state in states:
        now = state.now
        state.slots, state.dues = slots.moved(state.slots, now), timers.moved(state.dues, now)
        state.next_due, state.unseen = min(state.dues, default=inf), now <= since


class _Moves:
    """Where each new place's value comes from; `empty` where from nowhere. All awake are moved in one go, so that it has to take microseconds each."""

    def __init__(self, old: Sequence[int], new: Sequence[int], after: Rules, empty: Any) -> None:
        numbers = {i: number for number, i in enumerate(old)}
        self._empty, self._from = empty, [(numbers.get(i, -1), after.moments.slot(i)) for i in new]
        self._latest = max((began for n, began in self._from if n >= 0), default=-inf)
        self._pick = itemgetter(*(n for n, _ in self._from), -1, -1)

    def moved(self, values: list[Any], now: float) -> list[Any]:
        """The values of a state that has come up to `now`."""
        if now > self._latest:
            return list(self._pick([*values, self._empty])[:-2])
        return [values[n] if n >= 0 and began < now else self._empty for n, began in self._from]


def _parts(raw: bytes) -> tuple[Kept, Any]:
    """Sends, and fields, slots and timers."""
    view = memoryview(raw)
    if raw[ROOM] == OLDEST:
        return {}, _decode(view[_OLD_START:])
    end = _START + _unpack(raw)[3]
    return _decode(view[_START:end]) if end > _START else {}, _decode(view[end:])


def _profile(kept: Any) -> dict[str, Any]:
    """A profile again. Its words are few: partners share them."""
    named = kept.items() if isinstance(kept, dict) else zip(_PROFILE, kept, strict=False)
    return {intern(name): intern(value) if value.__class__ is str else value for name, value in named if value is not None}


def _placed(kept: Kept, numbers: Mapping[int, int], places: list[Any]) -> list[Any]:
    """Put what is known still into its place."""
    for i, value in kept.items():
        if (number := numbers.get(i)) is not None:
            places[number] = value
    return places


def _still_recent(state: PartnerState, rules: Rules) -> dict[str, float]:
    """The ids by which a copy of an event is known: one that is older comes too late, known or not."""
    since = state.now - rules.ids_kept
    return {i: at for i, at in state.recent.items() if at >= since}


def sends(raw: bytes) -> Kept:
    """The moments of what the partner was sent, by slot id, without making a state; in format 1 other slots are among them."""
    found = _apart(raw)
    found.pop(BESIDE, None)
    return found


def apart(raw: bytes) -> tuple[Kept, Mapping[str, Any]]:
    """The same, and what the partner noted, where that stands apart: it does of those who opted out."""
    found = _apart(raw)
    noted = found.pop(BESIDE, None)
    return found, noted[0] if noted is not None else {}


def _apart(raw: bytes) -> Kept:
    """What stands before the fields."""
    if raw[ROOM] == OLDEST:
        return _decode(memoryview(raw)[_OLD_START:])[1]  # type: ignore[no-any-return]
    size = _unpack(raw)[3]
    return _decode(memoryview(raw)[_START : _START + size]) if size else {}


def unnamed(raw: bytes, rules: Rules) -> Kept:
    """What a snapshot has that these rules have no name for, by hash of its definition: it is of other rules."""
    sent, (_fields, slots, _dues) = _parts(raw)
    return {i: v for i, v in (slots | sent).items() if i not in rules.slot_numbers and i != BESIDE}


def beside(states: Iterable[tuple[str, bytes]], rules: Rules) -> Iterator[tuple[str, Beside]]:
    """What of each state concerns other partners, without making one. It stands apart where rules ask for it; in states
    that others wrote it is looked for. Written for a million of them, at a start."""
    unpack, decode, first = _unpack, _decode, _START
    for who, raw in states:
        version, _, _, size = unpack(raw)
        found = decode(raw[first : first + size]).get(BESIDE) if version == FORMAT and size else None
        if found is None:
            state = load(raw, rules)
            found = state.context, state.online, state.zone, state.zone_at
        yield who, found


def plain(state: PartnerState, rules: Rules) -> dict[str, Any]:
    """The state as plain data, to compare and to show."""
    shown: dict[str, Any] = {f: getattr(state, f) for f in _FIELDS} | {"now": state.now, "next_due": min(state.dues, default=inf)}
    shown["recent"] = _still_recent(state, rules)
    shown["slots"] = {slot.key: v for slot, v in zip(rules.slots, state.slots, strict=True) if v is not None}
    return shown
