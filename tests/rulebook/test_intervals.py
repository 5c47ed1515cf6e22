"""What can never be true, and what can: a wrong "never" would refuse a good rule."""

import random

import pytest

from rulebook.faults import Faults, SourceFile, Span
from rulebook.intervals import implied, possible
from rulebook.loader import read_text
from rulebook.parser import parse_text
from rulebook.scope import Scope

RULES = read_text("version: 1\nmetrics:\n  rate: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}}\n")[0]


def parsed(text):
    span = Span(SourceFile("x", text), 0, len(text))
    expr = parse_text(text, span, 0, faults := Faults())
    assert not faults.found
    return expr


def can(text, event=""):
    return possible(parsed(text), Scope(RULES, event) if event else Scope(RULES))


@pytest.mark.parametrize("text", [
    "tenure < 30d and tenure > 60d", "tenure < 30d and tenure >= 30d", "rate(2h) < 60% and rate(2h) > 60%", "rate(2h) < 0%", "tenure < 0d",
    "online and not online", 'city == "Pune" and city == "Delhi"', 'city in ("a" | "b") and city == "c"', 'city == "a" and city != "a"',
    "count(order_rejected over 2h) < 0", "count(order_rejected over 2h) > 2 and count(order_rejected over 2h) < 3", "local_time() > 24:00",
    "(tenure < 1d or tenure > 9d) and tenure == 5d", "completed(a) and not completed(a)", "distance_to(x) < 0km", "not (online or not online)",
])  # fmt: skip
def test_impossible(text):
    assert not can(text)


@pytest.mark.parametrize("text", [
    "tenure < 60d and tenure > 30d", "tenure <= 30d and tenure >= 30d", "rate(2h) < 60% and rate(28d) > 60%", "rate(2h) > 100%", "online or not online",
    'city != "a"', 'city in ("a" | "b") and city == "b"', "count(order_rejected over 2h) > 2 and count(order_rejected over 2h) < 4",
    "rate(2h) < 80% * rate(28d) and rate(2h) > 50%", "speed > 2 and speed < 3", "avg(rating_received.stars over 7d) > 2 and avg(rating_received.stars over 7d) < 3",
    "completed(a) and not completed(b)", "(tenure < 1d or tenure > 9d) and tenure == 10d", "local_time() >= 22:00 or local_time() < 06:00",
])  # fmt: skip
def test_possible(text):
    assert can(text)


def test_fields_of_an_event_have_bounds_too():
    assert not can("stars > 5", "rating_received")
    assert not can("stars > 4 and stars < 5", "rating_received")


def test_a_condition_with_too_many_cases_is_taken_for_possible():
    assert can(" and ".join(f"(speed < {n} or speed > {n + 1})" for n in range(12)))


@pytest.mark.parametrize(("text", "clauses"), [
    ("tenure < 30d and tenure < 60d", ["tenure < 60d"]), ("tenure < 30d or tenure < 60d", ["tenure < 30d"]), ("tenure < 30d and tenure > 5d", []),
    ("online and tenure < 5d", []), ("rate(2h) < 50% and rate(2h) < 60% and online", ["rate(2h) < 60%"]),
])  # fmt: skip
def test_clauses_that_say_nothing_new(text, clauses):
    assert [str(c) for c in implied(parsed(text), Scope(RULES))] == clauses


def test_what_a_value_fulfils_is_never_called_impossible():
    """Random conditions over whole and broken numbers; each value is tried."""
    rnd = random.Random(7)
    for _ in range(3000):
        clauses = [(rnd.choice(("speed", "count(order_rejected over 2h)")), rnd.choice(("<", "<=", ">", ">=", "==", "!=")), rnd.randint(0, 4)) for _ in range(rnd.randint(1, 4))]
        word = rnd.choice((" and ", " or "))
        text = word.join(f"{rnd.choice(('', 'not '))}{ref} {op} {n}" for ref, op, n in clauses)
        spelled = text.replace("count(order_rejected over 2h)", "count")
        fulfilled = any(eval(spelled, {"speed": s / 2, "count": c}) for s in range(11) for c in range(6))
        assert can(text) or not fulfilled, text
