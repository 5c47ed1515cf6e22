from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from events import FAMILIES
from events.decode import Decoder
from events.structs import OUTPUT_STRUCTS
from simulator.city import react
from tests.simulator.city.conftest import MONDAY


def a_nudge(**changes):
    fields = {
        "partner_id": "blr-00001", "nudge_id": "n1", "rule": "two_low_ratings", "rule_version": "1", "ruleset_version": "1", "kind": "training",
        "language": "en", "title": "Ratings", "body": "See three tips.", "reason": "Two low ratings", "priority": 70, "urgent": False,
        "decided_at": MONDAY, "arm": "treatment", "cause": "e1",
    }  # fmt: skip
    return OUTPUT_STRUCTS["nudge"](**fields | changes)


def reactions(**changes):
    return [react(a_nudge(**changes), Random(seed)) for seed in range(800)]


def kinds(records):
    decode = Decoder("feedback").decode
    return [decode(record.value, record.key).type for record in records]


def test_many_partners_show_every_kind_of_feedback():
    assert {kind for records in reactions() for kind in kinds(records)} == set(FAMILIES["feedback"].types)


def test_the_same_chance_makes_the_same_reaction():
    assert react(a_nudge(), Random(7)) == react(a_nudge(), Random(7))


def test_a_nudge_read_from_json_is_answered_like_the_struct():
    nudge = a_nudge()
    assert react({name: getattr(nudge, name) for name in nudge.__struct_fields__}, Random(3)) == react(nudge, Random(3))


def test_what_is_shown_comes_first_and_the_rest_in_the_order_of_time():
    for records in reactions():
        assert kinds(records)[0] == "nudge_shown"
        assert all(sooner.occurred_at < later.occurred_at for sooner, later in pairwise(records))


def test_all_happens_within_four_minutes_of_the_decision():
    times = [record.occurred_at - MONDAY for records in reactions() for record in records]
    assert min(times) > 0
    assert max(times) < 240


def test_nobody_reacts_before_the_nudge_reaches_the_app():
    assert react(a_nudge(), Random(1), at=MONDAY + 500)[0].occurred_at > MONDAY + 500


def test_a_nudge_that_comes_too_late_is_not_shown():
    assert react(a_nudge(expires_at=MONDAY + 60), Random(1), at=MONDAY + 60) == []


def test_no_reaction_is_told_twice():
    for records in reactions():
        assert len({record.value for record in records}) == len(records)


def test_urgent_nudges_are_acted_on_more_often():
    acted = [Counter(kind for records in reactions(urgent=urgent) for kind in kinds(records))["nudge_acted"] for urgent in (False, True)]
    assert acted[0] < acted[1]


@pytest.mark.parametrize("kind", ["nudge_opened", "nudge_dismissed"])
def test_a_nudge_is_opened_or_dismissed_and_never_both(kind):
    other = {"nudge_opened": "nudge_dismissed", "nudge_dismissed": "nudge_opened"}[kind]
    assert not [records for records in reactions() if {kind, other} <= set(kinds(records))]
