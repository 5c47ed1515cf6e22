"""The error of a rank is what the page says: less than two percentile points."""

from bisect import bisect_left, bisect_right
from random import Random

import pytest

from segments.crowd import rank
from streams.crowd.sketches import K, Sketch, merged

DRAWN = {
    "even": lambda r: r.random(),
    "skewed": lambda r: r.expovariate(1.0) ** 2,
    "few": lambda r: r.choice((0.0, 0.5, 2 / 3, 0.75, 0.8, 1.0, 1.0, 1.0)),
    "ratios": lambda r: r.randint(0, 9) / r.randint(9, 12),
}


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("partners", [20, 300, 5000, 40_000])
def test_a_rank_from_sketches_of_sixteen_partitions_is_within_two_points(kind, partners):
    r = Random(f"{kind} {partners}")
    parts, values = [Sketch() for _ in range(16)], sorted(DRAWN[kind](r) for _ in range(partners))
    for number, value in enumerate(r.sample(values, len(values))):
        parts[number % 16].add(value)
    quantiles = merged(part.dump() for part in parts).quantiles()
    asked = r.sample(values, min(len(values), 500))
    errors = [abs(rank(quantiles, x) - (bisect_left(values, x) + bisect_right(values, x)) / 2 / len(values)) for x in asked]
    most = 0.02 if partners > 50 else 0.02 + 0.5 / partners
    assert max(errors) <= most


def test_the_size_keeps_the_error_below_one_point_with_ninety_nine_percent():
    from datasketches import kll_doubles_sketch

    assert kll_doubles_sketch(K).normalized_rank_error(False) < 0.01


def test_a_sketch_stays_small():
    sketch, r = Sketch(), Random(1)
    for _ in range(100_000):
        sketch.add(r.random())
    assert len(sketch.dump()) < 10_000


def test_bytes_that_are_no_sketch_are_refused():
    with pytest.raises((ValueError, RuntimeError)):
        merged([b"\x01\x02"])
