"""What a rule reads, and how its trigger is told."""

import pytest

from tests.training_rules.town import nudge, rules
from training_rules.reading import patterns_read, segments_read, spelled


@pytest.mark.parametrize(("trigger", "text"), [
    ("{happens: order_rejected, where: distance_km > 1km, times: 3, within: 20m}", "happens: order_rejected, where: distance_km > 1km, times: 3, within: 20m"),
    ("{happens: rating_received, times: 2, in_a_row: true}", "happens: rating_received, times: 2, in_a_row: true"),
    ("{happens: order_accepted, without: [order_picked_up, order_cancelled], for: 15m, same: order_id, keep_on_logout: true}",
     "happens: order_accepted, without: [order_picked_up, order_cancelled], for: 15m, keep_on_logout: true, same: order_id"),
    ("{sequence: [{happens: order_accepted}, {happens: order_cancelled, where: by == 'partner'}], within: 10m}",
     'sequence: order_accepted, then order_cancelled where by == "partner", within: 10m'),
    ("{holds: online, for: 45m, without: order_offered}", "holds: online, for: 45m, without: order_offered"),
    ("{enters: s}", "enters: s"), ("{exits: s}", "exits: s"),
])  # fmt: skip
def test_a_trigger_is_told_in_one_line(trigger, text):
    ruleset = rules("segments:\n  s: {when: online}\nnudges:\n" + nudge(trigger=trigger)).ruleset
    assert spelled(ruleset.nudges["n"].trigger) == text


def test_segments_are_read_by_way_of_triggers_conditions_patterns_and_other_segments():
    text = "segments:\n  a: {when: online}\n  b: {when: segment.a}\n  c: {when: on_order}\n  d: {when: riding}\n"
    text += "patterns:\n  p: {happens: order_rejected, where: segment.c}\nnudges:\n" + nudge(trigger="{happens: p}", if_="segment.b")
    ruleset = rules(text).ruleset
    assert segments_read(ruleset.nudges["n"], ruleset) == ["b", "c", "a"]


def test_patterns_are_read_by_way_of_other_patterns():
    text = "patterns:\n  p: {happens: order_rejected}\n  q: {happens: p, times: 2, within: 1h}\nnudges:\n" + nudge(trigger="{happens: q}")
    ruleset = rules(text).ruleset
    assert patterns_read(ruleset.nudges["n"].trigger, ruleset) == ["q", "p"]
