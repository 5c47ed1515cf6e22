"""Each kind of bad input is refused with its reason, and the detail says where."""

import json

import pytest

from events.decode import Decoder
from events.errors import BadEvent, DeadLetterReason

GOOD = {"type": "rating_received", "event_id": "e", "partner_id": "p", "occurred_at": 1_772_445_600.0, "order_id": "o", "stars": 3}
FIX = {"type": "position", "event_id": "e", "partner_id": "p", "occurred_at": 1_772_445_600.0, "lat": 12.9, "lon": 77.6}


def refusal(value, key=b"p", family="ratings", max_bytes=1_000_000):
    raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(BadEvent) as refused:
        Decoder(family, max_bytes).decode(raw, key)
    return refused.value.reason, refused.value.detail


@pytest.mark.parametrize("raw", [b"", b"{", b"hello", b"\xff\xfe", b'{"a":1}{"a":1}', b"NaN", b"[" * 100_000])
def test_bytes_that_are_no_json(raw):
    assert refusal(raw)[0] is DeadLetterReason.NOT_JSON


@pytest.mark.parametrize(("change", "says"), [
    ({"stars": 6}, "stars"), ({"stars": 0}, "stars"), ({"stars": 4.5}, "stars"), ({"stars": "5"}, "stars"), ({"stars": True}, "stars"), ({"stars": None}, "stars"),
    ({"event_id": ""}, "event_id"), ({"event_id": "x" * 129}, "event_id"), ({"occurred_at": "yesterday"}, "occurred_at"),
    ({"occurred_at": 1_772_445_600_000}, "milliseconds"), ({"tags": ["x"] * 17}, "tags"),
])  # fmt: skip
def test_fields_that_are_wrong_are_named(change, says):
    reason, detail = refusal(GOOD | change)
    assert reason is DeadLetterReason.INVALID_EVENT
    assert says in detail


@pytest.mark.parametrize("field", ["event_id", "partner_id", "occurred_at", "order_id", "stars"])
def test_fields_that_are_missing_are_named(field):
    reason, detail = refusal({k: v for k, v in GOOD.items() if k != field})
    assert (reason, field in detail) == (DeadLetterReason.INVALID_EVENT, True)


@pytest.mark.parametrize("change", [{"lat": 91}, {"lon": -181}, {"speed": -1}, {"lat": "12.9"}])
def test_positions_outside_of_the_earth(change):
    assert refusal(FIX | change, family="gps")[0] is DeadLetterReason.INVALID_EVENT


def test_nan_is_no_json():
    assert refusal(json.dumps(FIX | {"lat": float("nan")}).encode(), family="gps")[0] is DeadLetterReason.NOT_JSON


@pytest.mark.parametrize(("kind", "says"), [("rating_recieved", "known here: rating_received"), ("position", "belongs to partner.gps"), ("\0", "known here")])
def test_unknown_types_are_told_where_they_belong(kind, says):
    reason, detail = refusal(GOOD | {"type": kind})
    assert (reason, says in detail) == (DeadLetterReason.UNKNOWN_TYPE, True)


@pytest.mark.parametrize("event", [{k: v for k, v in GOOD.items() if k != "type"}, GOOD | {"type": None}, GOOD | {"type": 1}, [], 3, "x", b"null"])
def test_what_has_no_type_is_no_event(event):
    assert refusal(event)[0] is DeadLetterReason.INVALID_EVENT


def test_too_large_a_value_is_refused_unread():
    reason, detail = refusal(b"{" + b" " * 10_000_000, max_bytes=1_000_000)
    assert (reason, "10,000,001 bytes" in detail) == (DeadLetterReason.TOO_LARGE, True)


@pytest.mark.parametrize("key", [None, b"", b"q", b"P", b"\xff"])
def test_a_key_that_is_not_the_partner(key):
    assert refusal(GOOD, key)[0] is DeadLetterReason.KEY_MISMATCH


def test_a_tombstone():
    assert refusal(None)[0] is DeadLetterReason.TOMBSTONE


def test_what_is_superfluous_is_ignored():
    assert Decoder("ratings").decode(json.dumps(GOOD | {"weather": "rain"}).encode(), b"p").stars == 3
