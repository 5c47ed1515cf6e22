"""A late event that disproves the silence behind a nudge takes the nudge back, unless it was shown."""

import pytest

from tests.training_rules.town import START, Town, nudge, rules

STUCK = "{happens: arrived_at_restaurant, without: [order_picked_up], for: 15m, same: order_id}"
IDLE = "{holds: online, for: 45m, without: order_offered}"


def stuck(policy="", everyone=True, **keys):
    """Town in which the partner arrives at minute 0 and is told at minute 15 that they are stuck."""
    town = Town(rules("nudges:\n" + nudge("a", trigger=STUCK, **keys) + policy, everyone=everyone))
    town.feed("arrived_at_restaurant", 0, order_id="o")
    town.advance(15.5)
    return town


def late(town, kind="order_picked_up", minute=14, at=16, **fields):
    """What happened at a minute, and comes later."""
    town.advance(at)
    return town.feed(kind, minute, **({"order_id": "o"} if kind.startswith("order") else {}) | fields)


def recalled(town):
    return [(o.rule, (o.decided_at - START) / 60) for o in town.out if o.type == "nudge_recalled"]


def test_a_late_event_takes_back_the_nudge_that_it_disproves():
    town = stuck()
    [decision, word] = late(town)
    sent = next(o for o in town.out if o.type == "nudge")
    assert (decision.verdict, decision.cause, decision.evidence) == ("recalled", f"e{town.number}", {"sent_at": START + 900, "arm": "treatment"})
    assert (word.type, word.nudge_id, word.reason, word.cause) == ("nudge_recalled", sent.nudge_id, "disproved", f"e{town.number}")


@pytest.mark.parametrize(("kind", "minute", "fields"), [
    ("order_picked_up", 15, {}), ("order_picked_up", 15.2, {}), ("order_picked_up", 14, {"order_id": "other"}), ("order_accepted", 14, {}),
], ids=["at the deadline", "after it", "of another order", "of another type"])  # fmt: skip
def test_what_does_not_disprove_it_changes_nothing(kind, minute, fields):
    town = stuck()
    late(town, kind, minute, **fields)
    assert recalled(town) == []


def test_what_comes_too_late_changes_nothing():
    town = stuck()
    late(town, minute=14, at=16.1)
    assert recalled(town) == []


def test_a_late_log_out_disproves_it_too():
    town = stuck()
    late(town, "logged_out")
    assert recalled(town) == [("a", 16)]


def test_a_log_out_does_not_where_the_wait_goes_on_over_it():
    town = Town(rules("nudges:\n" + nudge("a", trigger=STUCK.replace("15m", "15m, keep_on_logout: true"))))
    town.feed("arrived_at_restaurant", 0, order_id="o")
    town.advance(15.5)
    late(town, "logged_out")
    assert recalled(town) == []


@pytest.mark.parametrize("kind", ["nudge_shown", "nudge_opened", "nudge_dismissed", "nudge_acted"])
def test_what_was_seen_is_not_taken_back(kind):
    town = stuck()
    town.feed(kind, 15.7, nudge_id=town.out[-1].nudge_id)
    late(town)
    assert recalled(town) == []


def test_feedback_about_a_recalled_nudge_does_no_harm():
    town = stuck()
    identity = town.out[-1].nudge_id
    late(town)
    assert town.feed("nudge_shown", 17, nudge_id=identity) == []


def test_what_was_recalled_counts_for_no_cooldown_and_no_cap():
    town = stuck(policy="policy: {caps: [1 per 1h]}\n", cooldown="1h")
    late(town)
    town.feed("arrived_at_restaurant", 20, order_id="second")
    town.advance(40)
    assert town.sent() == [("a", 15), ("a", 35)]


def test_what_was_recalled_is_not_waited_for_to_clear():
    town = stuck(clears="{when: on_order, within: 30m}")
    late(town)
    town.advance(120)
    assert [verdict for _, verdict, _, _ in town.decisions()] == ["send", "recalled"]


def test_a_seat_and_a_bonus_are_given_back():
    town = stuck(seats="1", offer="{bonus: 40 INR, valid: 2h, budget: 40 INR per 1d}", cooldown="1h", kind="incentive")
    late(town)
    town.feed("arrived_at_restaurant", 20, partner="q", order_id="x")
    town.advance(40)
    assert town.sent() == [("a", 15), ("a", 35)]


def test_an_offer_that_came_late_recalls_the_word_of_being_idle():
    town = Town(rules("nudges:\n" + nudge("a", trigger=IDLE)))
    town.feed("logged_in", 0)
    town.advance(45.5)
    late(town, "order_offered", 44, 46)
    assert recalled(town) == [("a", 46)]
    town.advance(100)
    assert town.sent() == [("a", 45), ("a", 89)]


def test_a_ghost_is_undone_and_nobody_is_told():
    compiled = rules("nudges:\n" + nudge("a", trigger=STUCK, holdout="50%"), everyone=False)
    who = next(p for p in map(str, range(50)) if compiled.is_control(compiled.rules[0], p))
    town = Town(compiled)
    town.feed("arrived_at_restaurant", 0, partner=who, order_id="o")
    town.advance(16)
    town.feed("order_picked_up", 14, partner=who, order_id="o")
    assert [verdict for _, verdict, _, _ in town.decisions()] == ["ghost", "recalled"]
    assert recalled(town) == []


def test_what_waits_and_is_disproved_is_stale():
    town = Town(rules("nudges:\n" + nudge("a", trigger=STUCK) + "policy: {never_while: riding}\n"))
    town.feed("order_accepted", -5, order_id="o")
    town.feed("arrived_at_restaurant", 0, order_id="o")
    late(town)
    town.feed("order_delivered", 20, order_id="o")
    assert town.decisions() == [("a", "hold", "not_safe_now", 15), ("a", "hold", "stale", 20)]


def test_what_waited_and_was_sent_can_be_recalled_still():
    town = Town(rules("nudges:\n" + nudge("a", trigger=STUCK) + "policy: {never_while: riding}\n"))
    town.feed("order_accepted", -5, order_id="o")
    town.feed("arrived_at_restaurant", 0, order_id="o")
    town.feed("order_cancelled", 15.5, order_id="o", by="customer")
    late(town)
    assert recalled(town) == [("a", 16)]


def test_it_outlives_a_restart():
    town = stuck()
    compiled = town.corridor.rules
    state = compiled.load(compiled.dump(town.corridor.partners["p"]))
    town.corridor = type(town.corridor)(compiled, {"p": state}, town.corridor.stream_time)
    late(town)
    assert recalled(town) == [("a", 16)]


def test_the_same_late_event_twice_recalls_once():
    town = stuck()
    late(town, event_id="once")
    late(town, event_id="once")
    assert recalled(town) == [("a", 16)]


def test_only_eight_are_remembered():
    town = Town(rules("nudges:\n" + nudge("a", trigger=STUCK)))
    for number in range(12):
        town.feed("arrived_at_restaurant", number / 100, order_id=f"o{number}")
    town.advance(15.5)
    assert len(town.corridor.partners["p"].slots[town.corridor.rules.recall.slot]) == 8


@pytest.mark.parametrize(("policy", "until"), [("policy: {never_while: riding}\n", 31), ("policy: {quiet_hours: 10:20-10:31, during_quiet: queue_latest}\n", 31)])
def test_a_stretch_of_truth_that_waits_and_is_disproved_is_stale(policy, until):
    town = Town(rules("nudges:\n" + nudge("a", trigger="{holds: online, for: 30m, without: order_offered}") + policy))
    town.feed("logged_in", 0)
    for minute in (29.9, 30.4):
        town.feed("position", minute, lat=12.9, lon=77.6, speed=9.0)
    town.feed("order_offered", 29.5)
    town.feed("position", until, lat=12.9, lon=77.6, speed=0.0)
    assert town.decisions()[-1] == ("a", "hold", "stale", until)
    town.advance(62)
    assert town.sent() == [("a", 59.5)]


def test_what_follows_a_nudge_that_did_not_clear_is_recalled_by_no_silence_that_has_only_begun():
    follow = nudge("b", trigger="{holds: online, for: 30m, without: order_offered}")
    town = Town(rules("nudges:\n" + nudge("a", trigger="{happens: order_rejected}", clears="{when: used(map), within: 10m, else: b}") + follow))
    town.feed("logged_in", 0)
    town.feed("order_rejected", 5)
    town.advance(15.5)
    late(town, "order_offered", 14.9, 16)
    assert (town.sent(), recalled(town)) == ([("a", 5), ("b", 15)], [])
