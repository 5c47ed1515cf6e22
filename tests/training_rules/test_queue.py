"""Quiet hours with `queue_latest`: the latest nudge waits, and is decided anew when they end."""

import pytest

from tests.training_rules.town import START, Town, nudge, rules

POLICY = "policy: {quiet_hours: 10:00-12:00, during_quiet: queue_latest}\n"


def told(*nudges, policy=POLICY, more=""):
    return Town(rules(more + "nudges:\n" + "".join(nudges) + policy))


def test_a_nudge_that_fell_into_quiet_hours_is_sent_when_they_end():
    town = told(nudge("a"))
    town.feed("order_rejected", 10)
    town.advance(180)
    assert town.decisions() == [("a", "hold", "quiet_hours", 10), ("a", "send", None, 120)]


def test_without_the_queue_it_is_gone():
    town = told(nudge("a"), policy=POLICY.replace("queue_latest", "drop"))
    town.feed("order_rejected", 10)
    town.advance(180)
    assert town.sent() == []


def test_only_the_latest_waits():
    town = told(nudge("a"), nudge("b", trigger="{happens: offer_expired}"))
    town.feed("order_rejected", 10)
    town.feed("offer_expired", 20)
    town.advance(180)
    assert town.sent() == [("b", 120)]


def test_of_one_moment_the_one_of_higher_priority_waits():
    town = told(nudge("a"), nudge("b", priority="50"))
    town.feed("order_rejected", 10)
    town.advance(180)
    assert town.sent() == [("b", 120)]


def test_what_is_true_no_more_is_not_sent():
    town = told(nudge("a", trigger="{holds: online}"))
    town.feed("logged_in", 10)
    town.feed("logged_out", 20)
    town.advance(180)
    assert town.decisions()[-1] == ("a", "hold", "stale", 120)


def test_a_segment_that_was_left_is_told_no_more():
    town = told(nudge("a", trigger="{enters: here}"), more="segments:\n  here: {when: online}\n")
    town.feed("logged_in", 10)
    town.feed("logged_out", 20)
    town.advance(180)
    assert town.decisions()[-1] == ("a", "hold", "stale", 120)


def test_what_is_worth_saying_no_more_is_not_sent():
    town = told(nudge("a", valid_for="30m"))
    town.feed("order_rejected", 10)
    town.advance(180)
    assert town.decisions()[-1] == ("a", "hold", "expired", 120)


def test_quiet_hours_do_not_lengthen_how_long_a_nudge_is_valid():
    town = told(nudge("a", valid_for="3h"))
    town.feed("order_rejected", 10)
    [decision, sent] = town.advance(180)
    assert (sent.expires_at - START) / 60 == 10 + 180
    assert decision.decision_id != town.out[0].decision_id


def test_it_passes_the_gates_as_they_are_then():
    town = told(nudge("a"))
    town.feed("order_rejected", 10)
    town.feed("opted_out", 20)
    town.advance(180)
    assert town.decisions()[-1] == ("a", "hold", "opted_out", 120)


def test_what_waits_outlives_a_restart():
    compiled = rules("nudges:\n" + nudge("a") + POLICY)
    town = Town(compiled)
    town.feed("order_rejected", 10)
    state = compiled.load(compiled.dump(town.corridor.partners["p"]))
    town.corridor = type(town.corridor)(compiled, {"p": state}, START + 600)
    town.advance(180)
    assert town.sent() == [("a", 120)]


@pytest.mark.parametrize(("after", "sent"), [(nudge("a") + nudge("b"), [("a", 120)]), (nudge("a", priority="11"), []), (nudge("b"), [])], ids=["the same", "changed", "gone"])
def test_a_rule_that_was_changed_meanwhile_has_nothing_to_say(after, sent):
    town = told(nudge("a"))
    town.feed("order_rejected", 10)
    town.corridor.change(rules("nudges:\n" + after + POLICY))
    town.advance(180)
    assert town.sent() == sent


STUCK = "{happens: arrived_at_restaurant, without: order_picked_up, for: 15m, same: order_id}"


def test_a_silence_that_a_late_event_disproves_is_not_told_in_the_morning():
    town = told(nudge("a", trigger=STUCK))
    town.feed("arrived_at_restaurant", 0, order_id="o")
    town.advance(16)
    town.feed("order_picked_up", 14.5, order_id="o")
    town.advance(180)
    assert town.decisions() == [("a", "hold", "quiet_hours", 15), ("a", "hold", "stale", 120)]


def test_a_silence_that_another_order_ended_is_told_in_the_morning():
    town = told(nudge("a", trigger=STUCK))
    town.feed("arrived_at_restaurant", 0, order_id="o")
    town.advance(16)
    town.feed("order_picked_up", 14.5, order_id="other")
    town.advance(180)
    assert town.sent() == [("a", 120)]


def test_what_an_older_version_queued_is_told_too():
    town = told(nudge("a", trigger=STUCK))
    town.feed("arrived_at_restaurant", 0, order_id="o")
    town.advance(16)
    state, slot = town.corridor.partners["p"], town.corridor.rules.queue.slot
    state.slots[slot] = state.slots[slot][:7]
    town.feed("order_picked_up", 14.5, order_id="o")
    town.advance(180)
    assert town.sent() == [("a", 120)]
