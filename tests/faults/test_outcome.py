"""What counts as lost, and what as doubled."""

from collections import Counter

import pytest

from events.decode import encode
from events.structs import OUTPUT_STRUCTS
from tests.faults.outcome import Outcome, compare, identity


def state(*, total=3, at=7, online=True):
    return {"slots": {"total:total(position over life)": [0.0, total, total, 1.0]}, "applied": {"partner.gps": at}, "recent": {}, "online": online}


def outcome(*outputs, **states):
    return Outcome(states, Counter(("nudges", identity) for identity in outputs))


@pytest.mark.parametrize(
    ("found", "lost", "doubled"),
    [
        (outcome("a", P1=state()), 0, 0),
        (outcome("a", P1=state(total=2)), 1, 0),
        (outcome("a", P1=state(total=4)), 0, 1),
        (outcome("a", P1=state(online=False)), 1, 0),
        (outcome("a", P1=state(at=6)), 1, 0),
        (outcome("a"), 1, 0),
        (outcome(P1=state()), 1, 0),
        (outcome("a", "b", P1=state()), 0, 1),
        (outcome("a", P1=state(), P2=state()), 0, 1),
    ],
    ids=["the same", "behind", "ahead", "changed", "an offset behind", "no partner", "no output", "unknown output", "unknown partner"],
)
def test_a_difference_is_counted_as_what_it_is(found, lost, doubled):
    verdict = compare(outcome("a", P1=state()), found)
    assert (verdict.lost, verdict.doubled) == (lost, doubled)
    assert bool(verdict.notes) == bool(lost or doubled)


def test_the_same_output_twice_is_repeated_and_no_fault():
    verdict = compare(outcome("a", P1=state()), outcome("a", "a", P1=state()))
    assert (verdict.clean, verdict.repeated) == (True, 1)


def nudge(**changed):
    struct = OUTPUT_STRUCTS["nudge"]
    told = dict.fromkeys(struct.__struct_fields__) | {"nudge_id": "n1", "partner_id": "P1", "title": "A word"} | changed
    return encode(struct(**{name: value for name, value in told.items() if name != "type"}))


def test_an_output_that_says_something_else_under_the_same_id_is_another():
    assert identity(nudge(), "") == identity(nudge(), "")
    assert identity(nudge(), "") != identity(nudge(title="Another"), "")


def test_a_dead_letter_is_where_its_original_lay():
    letter = b'{"type":"dead_letter","topic":"t1-partner.gps","partition":2,"offset":9,"reason":"bad_json","received_at":%d}'
    assert identity(letter % 5, "t1-") == identity(letter % 6, "t1-")
    assert identity(letter % 5, "t1-").startswith("partner.gps:2:9 ")
