"""Expressions are read as they are spelled, and faults in them are pointed at."""

import pytest

from rulebook.faults import Faults, SourceFile, Span
from rulebook.parser import parse_text


def read(text):
    faults = Faults()
    file = SourceFile("x.yaml", text)
    return parse_text(text, Span(file, 0, len(text)), 0, faults), faults


@pytest.mark.parametrize(
    "text",
    [
        "tenure < 30d and acceptance_rate(2h) < 60% and online",
        "count(order_delivered over life) >= 20",
        'count(feature_used where feature == "route_planner" over life) == 0',
        "sum(earning_posted.amount over today) >= 500 INR",
        "acceptance_rate(2h) < 80% * acceptance_rate(28d)",
        "cohort_pct(acceptance_rate(2h) by zone) < 25%",
        "local_time() >= 17:30 and not segment.new_struggling",
        "distance_to(hotspots) < 1km or inside(zones)",
        "avg(rating_received.stars over last 50) < 4.2",
        "count((order_rejected | offer_expired) over 20m) > 3",
    ],
)
def test_an_expression_is_spelled_back_as_it_was_written(text):
    expr, faults = read(text)
    assert not faults.found
    assert str(expr) == text


def test_and_binds_closer_than_or():
    expr, _ = read("online or riding and on_order")
    assert (expr.word, len(expr.operands)) == ("or", 2)


def test_not_binds_looser_than_a_comparison():
    assert str(read("not tenure < 30d")[0].operand) == "tenure < 30d"


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("tenure <", "E111", 9), ("tenure = 3d", "E111", 8), ("rate[2h] < 3", "E111", 5), ("tenure < 30x", "E117", 10),
        ("a < b < c", "E113", 7), ("", "E110", 1), ("x in (a, b)", "E111", 8), ("local_time() > 25:10", "E116", 16),
        ("count(order_offered over 2km) > 1", "E119", 26), ("profile.city == 3", "E118", 1), ("(online", "E111", 8),
    ],
)  # fmt: skip
def test_a_fault_in_an_expression_is_pointed_at(text, code, column):
    expr, faults = read(text)
    assert expr is None
    assert [(f.code, f.span.file.position(f.span.start)[1]) for f in faults.found] == [(code, column)]


def test_deep_nesting_is_a_fault_and_no_crash():
    assert read("(" * 5000 + "online" + ")" * 5000)[1].found[0].code == "E112"
