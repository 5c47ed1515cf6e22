"""From counts to what every partition is told."""

from segments.demand import Demand, Zone, hour_of
from streams.crowd.figures import Figures
from streams.crowd.gathering import Whole
from streams.crowd.records import Counted, Sketched
from streams.crowd.sketches import Sketch

AT = 1_772_445_600.0


def figures(rate=1.0):
    demand = Demand()
    demand.zones["north"] = Zone(rates={hour_of(AT) % 168: [rate, rate], hour_of(AT + 3600) % 168: [rate, rate]})
    return Figures(demand, lead=5.0)


def said(found, minute, *parts):
    whole = Whole(AT + minute * 60, [Counted(n, len(parts), AT, {"north": part}) for n, part in enumerate(parts)])
    return list(found.of_zones(whole))


def test_counts_of_all_partitions_are_one_zone():
    (e,) = said(figures(), 0, (6, 3, 2), (4, 2, 1))
    assert (e.offers, e.online, e.level, e.gap, e.shares) == (10, 5, "high", 5, [2, 1])


def test_figures_hold_a_little_after_the_moment_that_they_are_of():
    (e,) = said(figures(), 0, (6, 3, 2))
    assert (e.at, e.occurred_at) == (AT, AT + 5.0)


def test_what_is_as_it_was_is_said_again_after_half_a_minute():
    found = figures()
    assert [len(said(found, minute, (10, 10, 1))) for minute in (0, 0.25, 0.5)] == [1, 0, 1]


def test_another_level_is_said_at_once():
    found = figures()
    assert [e.level for minute, offers in ((0, 10), (0.1, 20)) for e in said(found, minute, (offers, 10, 1))] == ["normal", "high"]


def test_shares_of_seats_stand_for_half_an_hour():
    found = figures()
    shares = [said(found, minute, (20, 10, minute + 1), (0, 0, 1))[0].shares for minute in (0, 29, 30)]
    assert shares == [[1, 1], [1, 1], [31, 1]]


def test_a_zone_that_nobody_is_in_any_more_is_said_to_be_empty():
    found = figures()
    said(found, 0, (20, 10, 1))
    (e,) = found.of_zones(Whole(AT + 60, [Counted(0, 1, AT + 60, {})]))
    assert (e.offers, e.online) == (0, 0)


def test_sketches_of_all_partitions_are_one_cohort():
    parts = []
    for n in range(2):
        sketch = Sketch()
        for value in range(50):
            sketch.add(n * 50 + value)
        parts.append(Sketched(n, 2, AT, {"c": {"north": sketch.dump()}}))
    (e,) = figures().of_cohorts(Whole(AT, parts))
    assert (e.value, e.partners, e.quantiles[0], e.quantiles[100], e.quantiles[-1]) == ("north", 100, 0.0, 49.0, 99.0)
