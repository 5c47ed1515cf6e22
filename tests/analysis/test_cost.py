"""What a rule set costs, and what begins anew: counted, not guessed."""

import pytest

from analysis.cost import measure, restarts
from tests.training_rules.town import Town, nudge, rules

IDLE = "nudges:\n" + nudge("idle", trigger="{holds: online, for: 10m}") + nudge("low", trigger="{happens: rating_received, where: stars <= 2}")


def events(*lines):
    town = Town(rules(IDLE))
    return [town.event(kind, minute, **fields) for kind, minute, fields in lines]


def _without_keeps(cost):
    return [line for line in cost.lines() if not line.startswith("keeps")]


def test_cost_tells_of_each_rule_what_it_keeps_and_what_it_can_come_to():
    told = events(("logged_in", 0, {}), ("rating_received", 5, {"order_id": "o", "stars": 1}), ("logged_out", 1440, {}))
    lines = [line for line in measure(rules(IDLE), told).lines() if line.startswith("keeps")]
    assert lines == ["keeps        nudge idle: 15 bytes a partner, at most 173", "keeps        nudge low: 15 bytes a partner, at most 20"]


def test_cost_counts_what_happened():
    told = events(("logged_in", 0, {}), ("rating_received", 5, {"order_id": "o", "stars": 1}), ("logged_out", 1440, {}))
    cost = measure(rules(IDLE), told)
    assert (cost.partners, cost.days, cost.events, cost.timers) == (1, 1.0, 3, 1)
    assert cost.sends == {"idle": 1, "low": 1}
    assert cost.evaluations == 3
    assert 0 < cost.bytes_median == cost.bytes_p99


def test_cost_is_told_for_each_partner_and_day():
    told = [*events(("logged_in", 0, {})), *events(("logged_out", 1440, {}))]
    assert _without_keeps(measure(rules(IDLE), told))[3] == "sends        1.00 a partner and day: idle 1.00"


def test_without_an_event_there_is_no_cost():
    assert measure(rules(IDLE), []) is None


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (IDLE, ((), (), ())),
        (IDLE.replace("for: 10m", "for: 20m"), ((), ("nudge idle",), ())),
        (IDLE.replace("  low:", "  lower:"), (("nudge lower",), (), ("nudge low",))),
        (IDLE.replace("stars <= 2", "count(order_offered over 2h) > 1"), (("window count(order_offered)",), (), ())),
    ],
)
def test_what_is_defined_otherwise_begins_anew(changed, found):
    told = restarts(rules(IDLE), rules(changed))
    assert (told.new, told.anew, told.goes) == found


def test_a_rule_that_triggered_and_was_not_sent_is_told_apart_from_one_that_never_did():
    text = "nudges:\n" + nudge("low", trigger="{happens: rating_received, where: stars <= 2}", mode="shadow") + nudge("dead", trigger="{happens: order_rejected}")
    lines = _without_keeps(measure(rules(text), events(("rating_received", 5, {"order_id": "o", "stars": 1}))))
    assert lines[3:] == ["sends        0.00 a partner and day", "triggered    low 1 time", "never        dead: order_rejected never came"]
