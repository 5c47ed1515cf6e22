"""Work-safe delivery: what may not be shown now waits for drop-off or rest, and is decided anew then."""

import pytest

from tests.training_rules.town import START, Town, nudge, rules

POLICY = "policy: {never_while: riding}\n"
HELD = ("a", "hold", "not_safe_now", 10)
FAST, SLOW = {"lat": 1.0, "lon": 1.0, "speed": 9.0}, {"lat": 1.0, "lon": 1.0, "speed": 0.0}


def told(*nudges, policy=POLICY, more="", **options):
    return Town(rules(more + "nudges:\n" + "".join(nudges) + policy, **options))


def on_an_order(*nudges, **options):
    """Town in which the partner accepts an order, and one rule or several match at minute 10."""
    town = told(*nudges, **options)
    town.feed("order_accepted", 5, order_id="o")
    town.feed("order_rejected", 10)
    return town


def test_what_waits_is_sent_at_drop_off():
    town = on_an_order(nudge("a"))
    town.feed("order_delivered", 20, order_id="o")
    assert town.decisions() == [HELD, ("a", "send", None, 20)]
    assert town.sent() == [("a", 20)]


def test_what_waits_is_sent_when_the_order_is_cancelled():
    town = on_an_order(nudge("a"))
    town.feed("order_cancelled", 20, order_id="o", by="customer")
    assert town.sent() == [("a", 20)]


def test_it_waits_for_the_last_of_several_orders():
    town = on_an_order(nudge("a"))
    town.feed("order_accepted", 11, order_id="other")
    town.feed("order_delivered", 20, order_id="o")
    assert town.sent() == []
    town.feed("order_delivered", 25, order_id="other")
    assert town.sent() == [("a", 25)]


def test_who_rides_on_after_drop_off_is_told_when_they_stand():
    town = on_an_order(nudge("a"))
    town.feed("position", 19.9, **FAST)
    town.feed("order_delivered", 20, order_id="o")
    assert town.sent() == []
    town.feed("position", 20.2, **SLOW)
    assert town.sent() == [("a", pytest.approx(20.2))]


def test_a_minute_after_the_last_fast_fix_nobody_is_known_to_ride():
    town = told(nudge("a"))
    town.feed("position", 9.5, **FAST)
    town.feed("order_rejected", 10)
    town.feed("position", 10.3, **FAST)
    town.advance(11.2)
    assert town.sent() == []
    town.advance(11.4)
    assert town.sent() == [("a", pytest.approx(11.3))]


def test_on_an_order_alone_a_ride_does_not_matter():
    town = on_an_order(nudge("a"), policy="policy: {never_while: on_order}\n")
    town.feed("position", 19.9, **FAST)
    town.feed("order_delivered", 20, order_id="o")
    assert town.sent() == [("a", 20)]


def test_after_half_an_hour_it_is_worth_saying_no_more():
    town = on_an_order(nudge("a"))
    town.advance(60)
    town.feed("order_delivered", 61, order_id="o")
    assert town.decisions() == [HELD, ("a", "hold", "expired", 40)]


def test_how_long_it_waits_is_what_the_rule_says():
    town = on_an_order(nudge("a", valid_for="2h"))
    town.feed("order_delivered", 100, order_id="o")
    assert town.sent() == [("a", 100)]
    assert (town.out[-1].expires_at - START) / 60 == 10 + 120


def test_what_is_true_no_more_is_not_sent():
    town = told(nudge("a", trigger="{holds: online}"))
    town.feed("order_accepted", 5, order_id="o")
    town.feed("logged_in", 10)
    town.feed("logged_out", 15)
    town.feed("order_delivered", 20, order_id="o")
    assert town.decisions() == [HELD, ("a", "hold", "stale", 20)]


def test_it_passes_the_gates_as_they_are_then():
    town = on_an_order(nudge("a"))
    town.feed("opted_out", 15)
    town.feed("order_delivered", 20, order_id="o")
    assert town.decisions() == [HELD, ("a", "hold", "opted_out", 20)]


def test_of_several_the_one_of_highest_priority_goes():
    town = on_an_order(nudge("a"), nudge("b", priority="50"))
    town.feed("order_delivered", 20, order_id="o")
    assert town.decisions()[2:] == [("a", "hold", "lower_priority", 20), ("b", "send", None, 20)]


def test_of_one_rule_the_latest_waits():
    town = on_an_order(nudge("a"))
    town.feed("order_rejected", 15, event_id="latest")
    town.feed("order_delivered", 20, order_id="o")
    assert town.sent() == [("a", 20)]
    assert town.out[-1].cause == "latest"


def test_each_decision_has_an_id_of_its_own_and_the_nudge_the_one_it_would_have_had():
    town = on_an_order(nudge("a"))
    town.feed("order_delivered", 20, order_id="o")
    at_once = told(nudge("a"))
    at_once.number = 1
    at_once.feed("order_rejected", 10)
    held, decision, sent = town.out
    assert held.decision_id != decision.decision_id
    assert sent.nudge_id == at_once.out[-1].nudge_id


def test_what_falls_into_quiet_hours_after_its_wait_waits_for_their_end_too():
    town = on_an_order(nudge("a", valid_for="4h"), policy="policy: {never_while: riding, quiet_hours: 10:15-11:00, during_quiet: queue_latest}\n")
    town.feed("order_delivered", 20, order_id="o")
    town.advance(90)
    assert town.decisions() == [HELD, ("a", "hold", "quiet_hours", 20), ("a", "send", None, 60)]


def test_a_ghost_waits_as_a_nudge_does():
    town = on_an_order(nudge("a", holdout="50%"), everyone=False, season="1")
    alone = {p for p in ("p", "q", "r", "s", "t", "u") if town.corridor.rules.is_control(town.corridor.rules.rules[0], p)}
    who = min(alone)
    town.feed("order_accepted", 11, partner=who, order_id="x")
    town.feed("order_rejected", 12, partner=who)
    town.feed("order_delivered", 20, partner=who, order_id="x")
    assert town.decisions()[-1] == ("a", "ghost", "holdout", 20)


def test_a_shadow_waits_as_a_nudge_does():
    town = on_an_order(nudge("a", mode="shadow"))
    town.feed("order_delivered", 20, order_id="o")
    assert town.decisions() == [HELD, ("a", "shadow", None, 20)]


def test_what_is_about_the_order_does_not_wait():
    town = on_an_order(nudge("a", about_order="true"))
    assert town.sent() == [("a", 10)]


def test_what_waits_outlives_a_restart():
    compiled = rules("nudges:\n" + nudge("a") + POLICY)
    town = Town(compiled)
    town.feed("order_accepted", 5, order_id="o")
    town.feed("order_rejected", 10)
    state = compiled.load(compiled.dump(town.corridor.partners["p"]))
    town.corridor = type(town.corridor)(compiled, {"p": state}, START + 600)
    town.feed("order_delivered", 20, order_id="o")
    assert town.sent() == [("a", 20)]


@pytest.mark.parametrize(("after", "sent"), [(nudge("a") + nudge("b"), [("a", 20)]), (nudge("a", priority="11"), []), (nudge("b"), [])], ids=["the same", "changed", "gone"])
def test_a_rule_that_was_changed_meanwhile_has_nothing_to_say(after, sent):
    town = on_an_order(nudge("a"))
    town.corridor.change(rules("nudges:\n" + after + POLICY))
    town.feed("order_delivered", 20, order_id="o")
    assert town.sent() == sent


def test_an_erased_partner_has_nothing_waiting():
    town = on_an_order(nudge("a"))
    town.corridor.forget("p", START + 900, "partner.profile", 1)
    town.feed("order_delivered", 20, order_id="o")
    town.advance(120)
    assert town.sent() == []


def test_who_has_nothing_waiting_keeps_nothing():
    town = on_an_order(nudge("a"))
    town.feed("order_delivered", 20, order_id="o")
    state, waiting = town.corridor.partners["p"], town.corridor.rules.waiting
    assert state.slots[waiting.slot] is None
    assert state.dues[waiting.timer] == float("inf")
