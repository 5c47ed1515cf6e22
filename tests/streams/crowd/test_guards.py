"""Which rules pause themselves, from what all partitions told."""

from hypothesis import given
from hypothesis import strategies as st

from streams.crowd.guards import STALE, Guards
from streams.crowd.records import Watched, decode, encode
from training_rules.reach import Limits, Reached

AT = 1_772_445_600.0
LIMITS = Limits(0.2, 86_400.0, 0.05, 604_800.0, 100)


def told(partition, at=0.0, active=100, reached=0, sent=0, out=0, parts=2, version="v", limits=LIMITS):
    return Watched(partition, parts, AT + at, version, limits, active, {"r": Reached(reached, sent, out)})


def tripped(*parts, now=0.0, guards=None):
    guards = guards or Guards()
    for part in parts:
        guards.put(part, AT + now)
    return [(t.rule, t.guard, t.partners, t.of) for t in guards.trips()]


def test_a_rule_that_reaches_more_than_its_share_of_all_partitions_trips():
    assert tripped(told(0, reached=41), told(1)) == [("r", "max_share", 41, 200)]
    assert tripped(told(0, reached=40), told(1)) == []


def test_a_rule_at_its_share_does_not_trip_whatever_the_product_rounds_to():
    assert [tripped(told(0, active=100, reached=n, parts=1, limits=LIMITS._replace(share=n / 100))) for n in range(1, 100)] == [[]] * 99


def test_without_a_share_volume_is_nobodys_concern():
    free = LIMITS._replace(share=None)
    assert tripped(told(0, reached=100, limits=free), told(1, limits=free)) == []


def test_of_few_partners_nothing_is_concluded():
    assert tripped(told(0, active=49, reached=49), told(1, active=50)) == []
    assert tripped(told(0, sent=99, out=99), told(1)) == []


def test_opt_outs_that_are_surely_too_many_trip_and_those_that_may_be_chance_do_not():
    assert tripped(told(0, sent=500, out=60), told(1, sent=500, out=25)) == [("r", "opt_outs", 85, 1000)]
    assert tripped(told(0, sent=500, out=35), told(1, sent=500, out=25)) == []


@given(st.integers(100, 5000), st.data())
def test_a_rule_within_its_share_of_opt_outs_never_trips(sent, data):
    assert tripped(told(0, sent=sent, out=data.draw(st.integers(0, sent // 20)), parts=1)) == []


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), min_size=1, max_size=8), st.randoms())
def test_the_order_in_which_partitions_tell_changes_nothing(counts, random):
    parts = [told(n, active=active, reached=int(active * share), parts=len(counts)) for n, (active, share) in enumerate(counts)]
    shuffled = parts[:]
    random.shuffle(shuffled)
    assert tripped(*parts) == tripped(*shuffled)


def test_all_partitions_are_waited_for():
    assert tripped(told(0, reached=100)) == []


def test_a_partition_that_is_silent_is_left_out_after_minutes():
    found = Guards()
    assert tripped(*(told(0, at, reached=100) for at in (0, 60, 120)), guards=found) == []
    later = [told(0, at, active=200, reached=100) for at in (STALE + 60, STALE + 120)]
    assert tripped(*later, now=STALE, guards=found) == [("r", "max_share", 100, 200)]


def test_where_fewer_than_half_speak_nothing_is_concluded():
    assert tripped(*(told(0, at, active=500, reached=500, parts=3) for at in (0, STALE + 60, STALE + 120))) == []


def test_what_was_told_long_ago_changes_nothing():
    assert tripped(told(0, reached=100), told(1, reached=100), now=STALE) == []


def test_counts_under_other_rules_are_not_put_together():
    assert tripped(told(0, reached=100), told(1, 60, version="w")) == []


def test_what_a_partition_tells_again_counts_once():
    assert tripped(told(0, reached=25), told(0, reached=25), told(1)) == []


def test_a_rule_that_was_dealt_with_is_judged_by_later_counts_only():
    found = Guards()
    found.done("r", AT + 60)
    assert tripped(told(0, 60, reached=100), told(1, 60), now=60, guards=found) == []
    assert tripped(told(0, 120, reached=100), told(1, 120), now=120, guards=found) != []


def test_the_reason_says_rule_volume_limit_and_time():
    guards = Guards()
    for part in (told(0, reached=41), told(1)):
        guards.put(part, AT)
    (trip,) = guards.trips()
    assert trip.text() == "r reached 41 of 200 active partners in 1d (20.5%); allowed: 20.0%"
    assert trip.facts() == {"rule": "r", "guard": "max_share", "seen": 0.205, "allowed": 0.2, "partners": 41, "of": 200, "per_s": 86_400.0, "at": AT}


def test_what_is_told_comes_as_it_was():
    part = told(0, reached=3)
    assert decode(encode(part)) == part
