"""A batch is decoded in one go where all of it is good; what comes out is what one by one would give."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.decode import Decoder, decoder_of
from events.errors import BadEvent

RATINGS, ORDERS = Decoder("ratings"), Decoder("orders")


def rating(n: int, **fields: object) -> bytes:
    return json.dumps({"type": "rating_received", "event_id": f"e{n}", "partner_id": "p", "occurred_at": 1_772_445_600.0 + n, "stars": 3, "order_id": "o"} | fields).encode()


def spelled(found: object) -> object:
    return (found.reason, found.detail) if isinstance(found, BadEvent) else found


def one_by_one(decoder: Decoder, values: list[bytes | None], keys: list[bytes | None]) -> list[object]:
    found = []
    for value, key in zip(values, keys, strict=True):
        try:
            found.append(decoder.decode(value, key))
        except BadEvent as bad:
            found.append(bad)
    return [spelled(f) for f in found]


#: Halves of events, events in one another, two in one: put together they are good JSON, apart they are not.
SEAMS = [b'{"a":1', b'"b":2}', b'{"tags":[{}', b'{"x":1}]}', b'{"a":"}', b'{"b":"}', b"", b" ", b"\n", b"null", b"{}", rating(7) + rating(8), rating(7) + b"\n" + rating(8),
         rating(1)[:-1], b"," + rating(2)[1:], rating(1)[:-1] + b',"x":[{}', b'{"y":1}]}', None, b"\xff", rating(9, stars=9), rating(3, occurred_at="2026-03-02T10:00:00Z"),
         rating(3, occurred_at="never"), rating(4, partner_id="q"), b" " + rating(5) + b"\n", json.dumps(json.loads(rating(6)), indent=1).encode()]  # fmt: skip


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.sampled_from(SEAMS), st.integers(0, 9).map(rating)), max_size=6))
@example([rating(1)[:-1] + b',"x":[{}', b'{"y":1}]}', rating(7) + rating(8)])
@example([b'{"a":"}', b'{"b":"}', rating(7) + rating(8)])
def test_a_batch_gives_what_its_records_give_one_by_one(values: list[bytes | None]) -> None:
    keys: list[bytes | None] = [b"p"] * len(values)
    assert [spelled(f) for f in RATINGS.decode_all(values, keys)] == one_by_one(RATINGS, values, keys)


def test_a_key_that_is_another_partner_s_is_found_in_a_batch() -> None:
    found = RATINGS.decode_all([rating(1), rating(2)], [b"p", b"q"])
    assert [isinstance(f, BadEvent) for f in found] == [False, True]


def test_what_single_values_can_t_say_is_looked_at_in_a_batch_too() -> None:
    offered = {"type": "order_offered", "event_id": "e", "partner_id": "p", "occurred_at": 1_772_445_600.0, "order_id": "o"}
    values = [json.dumps(offered | {"promised_at": at}).encode() for at in ("2026-03-02T10:00:00Z", "2026-02-30T10:00:00Z")]
    good, bad = ORDERS.decode_all(values, [b"p", b"p"])
    assert (good.promised_at, isinstance(bad, BadEvent)) == (1_772_445_600.0, True)


def test_values_larger_than_the_limit_are_refused_in_a_batch() -> None:
    small, large = Decoder("ratings", 200).decode_all([rating(1), rating(2, source="x" * 150)], [b"p", b"p"])
    assert (isinstance(small, BadEvent), isinstance(large, BadEvent)) == (False, True)


def test_moments_of_figures_may_be_text():
    figures = {"type": "zone_figures", "event_id": "z", "occurred_at": "2026-03-02T10:00:05Z", "at": "2026-03-02T10:00:00Z", "zone": "north", "offers": 1, "online": 1}
    (found,) = decoder_of("crowd")([json.dumps(figures).encode()], [None])
    assert (found.occurred_at, found.at) == (1_772_445_605.0, 1_772_445_600.0)
