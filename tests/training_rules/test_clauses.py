"""Each clause of a condition says what the engine made of it, and the second implementation too; and why a value is unknown."""

from random import Random

import pytest

from events.structs import STRUCTS
from rulebook.loader import read_text
from rulebook.model import Holds
from rulebook.syntax import Junction, Not
from segments.membership import exit_condition
from tests.reference.agreement import drawn, told
from tests.reference.interpreter import Contradiction, Reference
from tests.reference.truth import Truth
from tests.training_rules.town import START, Town, rules
from training_rules import Corridor, EngineOptions, compile_rules
from training_rules.clauses import Clauses
from training_rules.definitions import still_condition
from training_rules.triggers import key_of

SEEDS = range(40)


def each_moment(seed):
    """Rules, and after each event of a random timeline the partner's state, which has just come to that moment."""
    text, line = drawn(Random(seed))
    compiled = compile_rules(read_text(text)[0], EngineOptions(season="1"))
    corridor = Corridor(compiled)
    for event in told(line):
        corridor.feed(event)
        yield compiled, event, corridor.partners.look(event.partner_id)


def placed(ruleset):
    """Every condition that stands outside of a `where`."""
    for segment in ruleset.segments.values():
        yield from (segment.enter.when, exit_condition(segment))
    for nudge in ruleset.nudges.values():
        yield from (e for e in (nudge.condition, still_condition(nudge.trigger), nudge.clears and nudge.clears.when) if e is not None)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_root_of_a_tree_is_the_verdict_of_the_engine(seed):
    for compiled, _, state in each_moment(seed):
        clauses = Clauses(compiled)
        for rule in (r for r in compiled.rules if r.nudge):
            nudge = compiled.ruleset.nudges[rule.name]
            for expr, verdict in ((nudge.condition, rule.condition), (still_condition(nudge.trigger), rule.still)):
                if expr is not None:
                    assert (clauses.look(expr, state, state.now).truth is True) == bool(verdict(state, state.slots, state.now)), expr


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stretch_of_truth_is_open_exactly_where_the_tree_is_true(seed):
    for compiled, _, state in each_moment(seed):
        clauses, numbers = Clauses(compiled), {slot.key: slot.number for slot in compiled.slots}
        for nudge in compiled.ruleset.nudges.values():
            if isinstance(nudge.trigger, Holds):
                assert (clauses.look(nudge.trigger.when, state, state.now).truth is True) == (state.slots[numbers[key_of(nudge)]] is not None)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_time_of_an_edge_runs_exactly_where_the_tree_of_the_edge_is_true(seed):
    for compiled, _, state in each_moment(seed):
        clauses = Clauses(compiled)
        for code in compiled.segments:
            segment, membership = compiled.ruleset.segments[code.name], state.slots[code.slot]
            edge, expr = (segment.exit, exit_condition(segment)) if membership[0] else (segment.enter, segment.enter.when)
            stale = segment.stale_after is not None and state.now >= membership[3] + segment.stale_after
            if edge.hold and not stale:
                assert (clauses.look(expr, state, state.now).truth is True) == (membership[1] is not None)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_clause_is_what_the_second_implementation_says(seed):
    text, line = drawn(Random(seed))
    ruleset = read_text(text)[0]
    compiled, other = compile_rules(ruleset, EngineOptions(season="1")), Reference(ruleset)
    corridor, clauses = Corridor(compiled), Clauses(compiled)
    for event in told(line):
        corridor.feed(event)
        try:
            other.feed(event)
        except Contradiction:
            return
        state, partner = corridor.partners.look(event.partner_id), other.partners[event.partner_id]
        if state.now == other.stream_time:
            for expr in placed(ruleset):
                same(clauses.look(expr, state, state.now), expr, Truth(ruleset, partner, state.now))


def same(clause, expr, truth):
    """The clause and all its parts have the truth that the other finds for them."""
    assert clause.truth == truth.of(expr), (clause.text, clause.readings)
    parts = expr.operands if isinstance(expr, Junction) else (expr.operand,) if isinstance(expr, Not) else ()
    for part, inner in zip(clause.parts, parts, strict=True):
        same(part, inner, truth)


def test_the_random_cases_have_clauses_of_all_three_truths():
    found = set()
    for seed in range(8):
        for compiled, _, state in each_moment(seed):
            clauses = Clauses(compiled)
            found |= {leaf.truth for expr in placed(compiled.ruleset) for leaf in clauses.look(expr, state, state.now).leaves()}
    assert found == {True, False, None}


METRIC = "metrics:\n  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 3}\n"
PLACES = "places:\n  hubs: [{name: A, at: [12.9, 77.6]}]\n"


def leaf(when, town_of=lambda town: None, minute=10):
    """The only clause of a segment's condition, some minutes after what happened."""
    compiled = rules(PLACES + METRIC + f"segments:\n  s: {{when: '{when}'}}\n")
    town = Town(compiled)
    town.feed("logged_in", 0)
    town_of(town)
    town.advance(minute)
    state = town.corridor.partners.look("p")
    return Clauses(compiled).look(compiled.ruleset.segments["s"].enter.when, state, town.corridor.stream_time)


def test_a_reading_has_its_value_age_and_samples():
    def three(town):
        town.feed("order_accepted", 1)
        town.feed("order_rejected", 2)
        town.feed("order_accepted", 4)

    clause = leaf("acc(2h) < 70%", three)
    [read] = clause.readings
    assert (clause.truth, read.name, read.age, read.samples, read.unknown) == (True, "acc(2h)", 360, 3, "")
    assert read.value == pytest.approx(2 / 3)


@pytest.mark.parametrize(("when", "happened", "why"), [
    ("acc(2h) < 70%", lambda t: t.feed("order_accepted", 1), "1 decided events; at least 3 are needed"),
    ("tenure > 3d", lambda t: None, "the profile has no joined_on"),
    ('city == "x"', lambda t: None, "the profile has no city"),
    ("speed > 3", lambda t: t.feed("position", 1, lat=0.0, lon=0.0, speed=4.0), "the last is older than 5m"),
    ("distance_to(hubs) < 1km", lambda t: t.feed("position", 1, lat=0.0, lon=0.0), "the last position is older than 5m"),
    ("distance_to(hubs) < 1km", lambda t: None, "no position yet"),
    ("rating < 3", lambda t: None, "no rating_received with a stars in last 50"),
    ('zone_demand == "low"', lambda t: None, "nothing has said it yet"),
])  # fmt: skip
def test_it_is_said_why_a_value_is_unknown(when, happened, why):
    clause = leaf(when, happened)
    assert (clause.truth, [r.unknown for r in clause.readings]) == (None, [why])


def test_a_where_is_looked_at_with_its_event():
    compiled = rules("nudges:\n  n: {trigger: {happens: rating_received, where: 'stars <= 2'}, send: text, kind: tip, cooldown: 0s, priority: 1, mode: live}\n")
    town, where = Town(compiled), compiled.ruleset.nudges["n"].trigger.step.where
    truths = []
    for stars in (1, 5):
        town.feed("rating_received", stars, stars=stars)
        state = town.corridor.partners.look("p")
        truths.append(Clauses(compiled).look(where, state, state.now, town.event("rating_received", stars, stars=stars)).truth)
    assert truths == [True, False]


def test_money_is_read_in_the_currency_that_the_rule_names():
    def paid(town):
        for number, (amount, currency) in enumerate(((5.0, "USD"), (7.0, "INR"))):
            posted = {"event_id": f"paid-{number}", "partner_id": "p", "occurred_at": START + 60, "amount": amount, "currency": currency, "kind": "order"}
            town.put(STRUCTS["earning_posted"](**posted))

    [read] = leaf("earnings_today > 6 INR", paid).readings
    assert (read.name, read.value, read.samples) == ("earnings_today in INR", 7.0, 1)


def test_a_clause_says_where_it_stands():
    assert leaf("online and tenure > 3d").parts[1].place == "rules.yaml:7:25"


@pytest.mark.parametrize(("when", "samples"), [
    ("count(rating_received over 2h) > 2", 3), ("count(rating_received over life) > 2", 3), ("avg(rating_received.stars over 2h) > 2", 3),
    ("sum(rating_received.stars over 2d) > 2", 3), ("p50(rating_received.stars over life) > 2", 3), ("distinct(rating_received.stars over life) > 2", 2),
    ("rating > 2", 3), ("count(rating_received over today) > 2", 3), ("max(rating_received.stars over 2h) > 2", None), ("tenure > 3d", None),
])  # fmt: skip
def test_samples_are_the_elements_that_a_value_is_made_of(when, samples):
    def rated(town):
        for minute, stars in enumerate((1, 5, 5)):
            town.feed("rating_received", minute, stars=stars)

    assert leaf(when, rated).readings[0].samples == samples
