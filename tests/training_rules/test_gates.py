"""All gates that hold a match, in the order of policy; the first is the reason of the decision."""

from dataclasses import replace
from random import Random

import pytest

from rulebook.loader import read_text
from tests.reference.agreement import drawn, told
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import Corridor, EngineOptions, compile_rules
from training_rules.gates import held_by, held_now


@pytest.mark.parametrize("seed", range(60))
def test_the_first_gate_is_the_reason_and_to_look_changes_nothing(seed):
    text, line = drawn(Random(seed))
    compiled, seen = compile_rules(read_text(text)[0], EngineOptions(season="1")), []
    watched = Corridor(replace(compiled, witness=lambda s, now, matches: seen.extend(held_by(s, now, m, compiled) for m in matches)))
    plain, out, expected = Corridor(compiled), [], []
    for event in told(line):
        out += watched.feed(event)
        expected += plain.feed(event)
    out += watched.advance(line.end)
    expected += plain.advance(line.end)
    assert out == expected
    decided = [o for o in out if o.type == "decision" and o.verdict not in ("drop", "cleared", "not_cleared")]
    assert len(seen) == len(decided)
    for decision, gates in zip(decided, seen, strict=True):
        by_a_gate = decision.verdict == "hold" and decision.reason != "lower_priority"
        assert ([g.reason for g in gates[:1]] or [None])[0] == (decision.reason if by_a_gate else None)


def test_the_random_cases_have_matches_that_several_gates_hold():
    def gates(seed):
        text, line = drawn(Random(seed))
        compiled, seen = compile_rules(read_text(text)[0], EngineOptions(season="1")), []
        corridor = Corridor(replace(compiled, witness=lambda s, now, matches: seen.extend(held_by(s, now, m, compiled) for m in matches)))
        for event in told(line):
            corridor.feed(event)
        return seen

    found = [held for seed in range(100) for held in gates(seed)]
    assert max(map(len, found)) >= 3
    assert len({gate.reason for held in found for gate in held}) >= 8


POLICY = "policy: {quiet_hours: '10:30-11:00', caps: [1 per 20m], never_while: riding}\n"


def held(minute, *events, **keys):
    """What would hold the rule at a minute after events of `(name, minute)`."""
    compiled = rules(POLICY + "nudges:\n" + nudge(trigger="{happens: order_rejected}", **keys))
    town = Town(compiled)
    town.feed("logged_in", 0)
    for kind, at in events:
        town.feed(kind, at)
    town.advance(minute)
    now = START + minute * 60
    return [(str(g.reason), g.opens_at and (g.opens_at - START) / 60, g.note) for g in held_now(town.corridor.partners.look("p"), now, compiled.rules[0], compiled)]


def test_each_gate_says_what_it_goes_by_and_when_it_opens():
    assert held(31, ("order_rejected", 15), ("order_accepted", 16), cooldown="1h", max="1 per 2h") == [
        ("cooldown", 75, "1h from the last send"), ("max", 135, "1 send in 2h"), ("quiet_hours", 60, "10:30-11:00 where the partner is"),
        ("cap", 35, "of all rules: 1 send in 20m"), ("not_safe_now", None, "on 1 order"),
    ]  # fmt: skip


def test_a_trial_says_that_it_rests_for_what_it_would_have_sent():
    assert held(5, ("order_rejected", 1), mode="shadow", cooldown="1h") == [("cooldown", 61, "1h from the last shadow")]


def test_nothing_holds_what_may_be_sent():
    assert held(5) == []


def test_an_urgent_rule_is_not_held_by_quiet_hours_nor_caps():
    assert held(31, ("order_rejected", 15), urgent="true") == []


def test_a_rule_outside_its_hours_opens_when_they_begin():
    assert held(5, hours="12:00-13:00") == [("outside_hours", 120, "sends only 12:00-13:00")]


def test_an_if_that_is_not_true_holds():
    assert held(5, if_="on_order") == [("condition", None, "")]
