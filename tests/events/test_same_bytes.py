"""The contract has two faces, pydantic models and msgspec structs: they accept and refuse the same bytes, and read the same values."""

import json
import math
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from events import FAMILIES
from events.base import Event
from events.decode import Decoder
from events.errors import BadEvent

MODELS: dict[str, type[Event]] = {m.name: m for family in FAMILIES.values() for m in family.models}
FAMILY = {kind: family.name for family in FAMILIES.values() for kind in family.types}
ADAPTERS = {
    f.name: TypeAdapter(Annotated[Union[f.models], Field(discriminator="type")] if len(f.models) > 1 else f.models[0])  # noqa: UP007
    for f in FAMILIES.values()
}
DECODERS = {name: Decoder(name) for name in FAMILIES}

MOMENTS = st.one_of(
    st.floats(946_684_800.0, 4_102_444_799.0), st.integers(946_684_800, 4_102_444_799),
    st.sampled_from(["2026-03-02T10:00:00Z", "2026-03-02T10:00:00.123456789+05:30", "2026-03-02t10:00:00z", "2099-12-31T23:59:59Z", "2000-01-01T00:00:00-00:00"]),
)  # fmt: skip
WORDS = st.one_of(st.sampled_from(["a", "far", "order-1", "Asia/Kolkata", "en", "पास", "x" * 64]), st.text(min_size=1, max_size=8))
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 5, 6, 91, 1e308, 2**63, 2**64, -(2**70), 10**400, 0.5, 1.0, 5.0, -0.0, "", "a" * 65, "a" * 129, "a" * 201, "1", "\u0000", "é", [], ["a"],
    [1], ["a"] * 17, {}, {"a": 1}, "2026-03-02", "2026-02-30", "2026-03-02T10:00:00", "2026-03-02T24:00:00Z", "2026-03-02T10:00:60Z", "2026-03-02 10:00:00Z",
    "2026-13-02T10:00:00Z", "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2026-03-02T10:00:00+25:00", "２026-03-02T10:00:00Z", 1e12, 946_684_799, 4_102_444_800,
    "Mars/Olympus", "INR", "inr", "INRS", "INR\n", "2026-03-02T10:00:00Z\n",
]  # fmt: skip


def valid(annotation: Any, name: str) -> st.SearchStrategy[Any]:
    """Values of a field that are likely to be right."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return valid(get_args(annotation)[0], name)
    if origin in (Union, types.UnionType):
        return st.one_of(*(valid(a, name) for a in get_args(annotation)))
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is list:
        return st.lists(WORDS, max_size=3)
    special = {"joined_on": st.just("2026-03-02"), "currency": st.just("INR"), "time_zone": st.just("Asia/Kolkata")}
    by_kind = {str: WORDS, int: st.integers(1, 5), float: st.one_of(st.floats(0, 60), st.integers(0, 60)), bool: st.booleans(), type(None): st.none()}
    return special.get(name, by_kind[annotation])


@st.composite
def events(draw: Any) -> dict[str, Any]:
    """An event of any type, mostly right, with up to two odd values, missing fields or superfluous ones."""
    kind = draw(st.sampled_from(sorted(MODELS)))
    event: dict[str, Any] = {"type": kind}
    for name, field in MODELS[kind].model_fields.items():
        if name != "type" and (field.is_required() or draw(st.booleans())):
            event[name] = draw(MOMENTS if name in ("occurred_at", "promised_at") else valid(field.annotation, name))
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([*MODELS[kind].model_fields, "superfluous"]))
        change = draw(st.sampled_from(["odd", "missing"]))
        if change == "missing":
            event.pop(name, None)
        else:
            event[name] = draw(st.sampled_from([*ODD, *MODELS]))
    return event


def by_pydantic(family: str, raw: bytes) -> dict[str, Any] | None:
    """The values read, None where the bytes are refused."""
    try:
        return ADAPTERS[family].validate_json(raw).model_dump()
    except ValidationError:
        return None


def by_msgspec(family: str, raw: bytes) -> dict[str, Any] | None:
    try:
        partner = msgspec.json.decode(raw)["partner_id"].encode()
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, UnicodeError, RecursionError):
        partner = b"?"
    try:
        event = DECODERS[family].decode(raw, partner)
    except BadEvent:
        return None
    return {"type": event.type} | msgspec.structs.asdict(event)


def assert_same(family: str, raw: bytes) -> None:
    pydantic, struct = by_pydantic(family, raw), by_msgspec(family, raw)
    assert (pydantic is None) == (struct is None), f"pydantic {'refuses' if pydantic is None else 'accepts'} what msgspec does not: {raw!r}"
    assert pydantic == struct


@settings(max_examples=2500, deadline=None, derandomize=True)
@given(events(), st.sampled_from(sorted(FAMILIES)), st.integers(0, 9))
def test_both_accept_and_refuse_the_same_events(event: dict[str, Any], other: str, elsewhere: int) -> None:
    family = other if elsewhere == 0 else FAMILY.get(str(event.get("type")), other)
    assert_same(family, json.dumps(event, ensure_ascii=bool(elsewhere % 2)).encode("utf-8", "surrogatepass"))


BASE = b'{"type":"rating_received","event_id":"e","partner_id":"p","occurred_at":1772445600,"order_id":"o","stars":3}'


@settings(max_examples=2500, deadline=None, derandomize=True)
@given(st.data())
@example(None)
def test_both_accept_and_refuse_the_same_broken_bytes(data: Any) -> None:
    """A good event with a stretch replaced, doubled or cut out."""
    if data is None:
        return
    first = data.draw(st.integers(0, len(BASE)))
    last = data.draw(st.integers(first, min(len(BASE), first + 12)))
    pieces = [b"", b'"', b"{", b"}", b",", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1e-999", b"00", b"-0", b"0x1", b"1.", b".5", b"+1", b"nul", b"null", b"true",
              b"\xff", b"\xc3", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\x00", b"\n", b"\t", b"\\x", b"/**/", b"\xef\xbb\xbf", BASE[first:last] * 2, b'"stars":4,']  # fmt: skip
    assert_same("ratings", BASE[:first] + data.draw(st.sampled_from(pieces)) + BASE[last:])


def test_every_event_type_has_been_accepted_at_least_once() -> None:
    """The strategy makes enough that is right."""
    seen: set[str] = set()

    @settings(max_examples=1500, deadline=None, derandomize=True, database=None)
    @given(events())
    def look(event: dict[str, Any]) -> None:
        raw = json.dumps(event).encode()
        if (kind := str(event.get("type"))) in FAMILY and by_msgspec(FAMILY[kind], raw) is not None:
            seen.add(kind)

    look()
    assert seen == set(MODELS)


def test_moments_are_numbers_after_decoding() -> None:
    raw = BASE.replace(b"1772445600", b'"2026-03-02T10:00:00Z"')
    assert by_msgspec("ratings", raw) == by_msgspec("ratings", BASE)
    assert math.isclose(by_msgspec("ratings", BASE)["occurred_at"], 1_772_445_600.0)


def nested(depth: int) -> bytes:
    return BASE[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"


def test_both_take_what_is_nested_a_hundred_deep_and_refuse_what_has_no_end() -> None:
    assert by_msgspec("ratings", nested(100)) == by_pydantic("ratings", nested(100)) != None
    assert by_msgspec("ratings", nested(100_000)) is by_pydantic("ratings", nested(100_000)) is None
