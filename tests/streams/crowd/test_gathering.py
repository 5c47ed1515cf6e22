"""A moment is whole when every partition has come so far."""

from math import inf

from streams.crowd.gathering import MOST, Gathering
from streams.crowd.records import Counted, Sketched, decode, encode


def part(partition, at, parts=2, offers=1):
    return Counted(partition, parts, float(at), {"north": (offers, 1, 1)})


def taken(gathering, wall=0.0):
    return [(whole.at, [(p.partition, p.at) for p in whole.parts]) for whole in gathering.take(wall)]


def test_a_moment_is_whole_when_all_have_told_it():
    gathering = Gathering(5.0)
    gathering.put(part(0, 10), 0.0)
    assert taken(gathering) == []
    gathering.put(part(1, 10), 0.0)
    assert taken(gathering) == [(10.0, [(0, 10.0), (1, 10.0)])]
    assert taken(gathering) == []


def test_who_passed_over_a_moment_has_reached_it():
    gathering = Gathering(inf)
    for p in (part(0, 10), part(1, 10), part(0, 20), part(0, 30), part(1, 30)):
        gathering.put(p, 0.0)
    assert taken(gathering) == [(10.0, [(0, 10.0), (1, 10.0)]), (20.0, [(0, 20.0), (1, 10.0)]), (30.0, [(0, 30.0), (1, 30.0)])]


def test_one_that_is_silent_is_waited_for_and_then_stands_as_it_last_was():
    gathering = Gathering(5.0)
    for p in (part(0, 10), part(1, 10)):
        gathering.put(p, 0.0)
    assert taken(gathering)
    gathering.put(part(0, 20), 10.0)
    assert taken(gathering, 14.9) == []
    assert taken(gathering, 15.0) == [(20.0, [(0, 20.0), (1, 10.0)])]


def test_of_one_that_was_silent_for_a_minute_nothing_is_known():
    gathering = Gathering(5.0)
    for p in (part(0, 10), part(1, 10)):
        gathering.put(p, 0.0)
    taken(gathering)
    gathering.put(part(0, 70), 60.0)
    assert (taken(gathering, 65.0), gathering.missed) == ([], 1)


def test_what_a_new_owner_tells_again_counts_once():
    gathering = Gathering(5.0)
    for p in (part(0, 10), part(0, 10, offers=2), part(1, 10)):
        gathering.put(p, 0.0)
    assert [[p.zones["north"][0] for p in whole.parts] for whole in gathering.take(0.0)] == [[2, 1]]
    gathering.put(part(0, 10), 1.0)
    assert taken(gathering, 9.0) == []


def test_moments_that_never_become_whole_do_not_pile_up():
    gathering = Gathering(inf)
    for n in range(1, MOST + 11):
        gathering.put(part(0, n), 0.0)
    taken(gathering)
    assert (gathering.missed, len(gathering._moments)) == (10, MOST)


def test_whoever_comes_next_reads_what_is_not_put_together_and_the_last_of_each_partition():
    gathering = Gathering(inf)
    for offset, p in enumerate((part(0, 10), part(1, 10), part(0, 20), part(1, 20), part(0, 30))):
        gathering.put(p, 0.0, offset)
    assert gathering.needed() == 0
    taken(gathering)
    assert gathering.needed() == 2


def test_what_is_told_comes_as_it_was():
    for told in (part(0, 10), Sketched(1, 2, 10.0, {"cohort_pct(a(2h) by zone)": {"north": b"\x00"}})):
        assert decode(encode(told)) == told
