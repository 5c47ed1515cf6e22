"""What a pattern's event brings with it: the value of `same`, the events that made it, and what decided."""

import pytest

from rulebook.errors import RuleErrors
from tests.training_rules.town import Town, nudge, rules

QUICK = "patterns:\n  quick: {sequence: [{happens: order_accepted}, {happens: order_cancelled}], within: 10m, same: order_id}\n"


def cancelled(town, minute, order):
    town.feed("order_accepted", minute, order_id=order)
    town.feed("order_cancelled", minute + 1, order_id=order, by="partner")


def test_same_is_asked_of_a_pattern_too():
    town = Town(rules(QUICK + "nudges:\n" + nudge(trigger="{happens: quick, times: 2, within: 1h, same: order_id}")))
    for minute, order in ((0, "a"), (2, "b"), (4, "a")):
        cancelled(town, minute, order)
    assert town.sent() == [("n", 5)]


def test_a_pattern_ends_the_wait_of_its_own_order_alone():
    town = Town(rules(QUICK + "nudges:\n" + nudge(trigger="{happens: order_accepted, without: quick, for: 20m, same: order_id}")))
    cancelled(town, 0, "a")
    town.feed("order_accepted", 2, order_id="b")
    town.advance(60)
    assert town.sent() == [("n", 22)]


def test_a_message_can_name_what_a_pattern_carries():
    message = 'messages:\n  text: {en: {title: Hello, body: "{order}"}}\n'
    town = Town(rules(QUICK + "nudges:\n" + nudge(trigger="{happens: quick}", args="{order: order_id}") + message))
    cancelled(town, 0, "a")
    assert [o.body for o in town.out if o.type == "nudge"] == ["a"]


def test_a_pattern_without_that_same_is_refused_with_what_to_do():
    plain = "patterns:\n  plain: {happens: order_cancelled}\n"
    with pytest.raises(RuleErrors, match="the pattern `plain` carries no `order_id`"):
        rules(plain + "nudges:\n" + nudge(trigger="{happens: plain, times: 2, within: 1h, same: order_id}"))


def test_evidence_tells_the_real_events_and_the_values_of_the_pattern_with_their_ages():
    far = "patterns:\n  far: {happens: order_rejected, where: 'distance_km > 1km and count(order_rejected over 1h) > 0'}\n"
    town = Town(rules(far + "nudges:\n" + nudge(trigger="{sequence: [{happens: far}, {happens: order_accepted}], within: 1h}")))
    town.feed("order_rejected", 0, distance_km=4.0, event_id="first")
    town.feed("order_accepted", 2, event_id="second")
    decision, sent = town.out
    assert decision.evidence == {
        "events": ["first", "second"], "count(order_rejected over 1h)": {"value": 1, "age": 120.0}, "distance_km": {"value": 4.0, "age": 120.0},
    }  # fmt: skip
    assert sent.cause == "first"


def test_what_a_pattern_brings_outlives_a_restart():
    far = "patterns:\n  far: {happens: order_rejected, where: distance_km > 1km}\n"
    compiled = rules(far + "nudges:\n" + nudge(trigger="{happens: far, times: 2, within: 1h}"))
    town = Town(compiled)
    town.feed("order_rejected", 0, distance_km=4.0, event_id="first")
    restarted = Town(compiled)
    state = restarted.corridor.partners["p"] = compiled.load(compiled.dump(town.corridor.partners["p"]))
    restarted.corridor.watch(state)
    restarted.feed("order_rejected", 1, distance_km=5.0, event_id="second")
    assert restarted.out[0].evidence["events"] == ["first", "second"]


def test_one_event_that_counts_for_two_words_makes_two_ids():
    town = Town(rules("nudges:\n" + nudge(trigger="{happens: rating_received, times: 2, within: 1h, same: tags}", cooldown="1h")))
    for minute in (0, 1):
        town.feed("rating_received", minute, stars=1, tags=["late", "cold"])
    assert len({o.decision_id for o in town.out if o.type == "decision"}) == 2


def test_patterns_of_two_words_lead_to_two_ids():
    pattern = "patterns:\n  tagged: {happens: rating_received, times: 2, within: 1h, same: tags}\n"
    town = Town(rules(pattern + "nudges:\n" + nudge(trigger="{happens: tagged}")))
    for minute in (0, 1):
        town.feed("rating_received", minute, stars=1, tags=["late", "cold"])
    decisions = [o for o in town.out if o.type == "decision"]
    assert (len(decisions), len({o.decision_id for o in decisions})) == (2, 2)
