"""Seats and budgets are shared by the partners of a partition, and split over partitions."""

from tests.training_rules.town import START, Town, nudge, rules
from training_rules import Corridor, House


def verdicts(town):
    return [(verdict, reason) for _, verdict, reason, _ in town.decisions()]


SEND, FULL, SPENT = ("send", None), ("hold", "seats"), ("hold", "budget")


def crowd(keys, moments, *, everyone=True, house=None):
    """Partner 1, 2, ... refuse an order, one at each moment (minutes)."""
    compiled = rules("nudges:\n" + nudge("a", **keys), everyone)
    town = Town(compiled)
    town.corridor = Corridor(compiled, house=house)
    for number, minute in enumerate(moments):
        town.feed("order_rejected", minute, partner=f"p{number}")
    return town


def test_as_many_get_it_as_there_are_seats():
    assert verdicts(crowd({"seats": "2", "valid_for": "30m"}, [0, 1, 2])) == [SEND, SEND, FULL]


def test_a_seat_is_free_again_when_the_nudge_is_valid_no_more():
    assert verdicts(crowd({"seats": "1", "valid_for": "30m"}, [0, 29, 30])) == [SEND, FULL, SEND]


def test_without_a_validity_the_cooldown_holds_the_seat():
    assert verdicts(crowd({"seats": "1", "cooldown": "10m"}, [0, 9, 10])) == [SEND, FULL, SEND]


def test_an_unknown_number_of_seats_is_none():
    assert verdicts(crowd({"seats": "last(rating_received.stars over life)"}, [0])) == [FULL]


def test_a_ghost_takes_a_seat():
    town = crowd({"seats": "1", "valid_for": "30m", "holdout": "100%"}, [0, 1], everyone=False)
    assert verdicts(town) == [("ghost", "holdout"), FULL]


def test_partitions_share_the_seats_without_passing_them():
    compiled = crowd({"seats": "7"}, []).corridor.rules
    rule, partner = compiled.rules[0], compiled.new_state("p")
    assert [House(part, 3).has_seat(rule, 1 + part, START, partner) for part in range(3)] == [True, True, True]
    assert sum((7 + 3 - 1 - part) // 3 for part in range(3)) == 7
    assert not House(2, 3).has_seat(rule, 2, START, partner)


def test_a_budget_is_not_passed_and_is_there_again_after_its_time():
    keys = {"offer": "{bonus: 40 INR, valid: 2h, budget: 100 INR per 1h}"}
    assert verdicts(crowd(keys, [0, 1, 2, 60, 61.5])) == [SEND, SEND, SPENT, SEND, SEND]


def test_a_ghost_is_promised_no_money():
    keys = {"offer": "{bonus: 40 INR, valid: 2h, budget: 40 INR per 1h}", "holdout": "100%"}
    assert verdicts(crowd(keys, [0, 1], everyone=False)) == [("ghost", "holdout")] * 2


def test_seats_that_are_taken_outlive_a_restart():
    town = crowd({"seats": "1", "valid_for": "30m"}, [0])
    compiled = town.corridor.rules
    kept = {i: compiled.load(compiled.dump(s)) for i, s in town.corridor.partners.items()}
    town.corridor = Corridor(compiled, kept, START)
    town.feed("order_rejected", 5, partner="other")
    assert verdicts(town) == [SEND, FULL]


def test_a_budget_holds_as_many_bonuses_as_it_is_worth_whatever_the_product_rounds_to():
    assert verdicts(crowd({"offer": "{bonus: 1.10 USD, valid: 2h, budget: 3.30 USD per 1h}"}, [0, 1, 2, 3])) == [SEND, SEND, SEND, SPENT]


def test_erasing_one_who_was_promised_nothing_gives_nothing_back():
    keys = {"offer": "{bonus: 40 INR, valid: 2h, budget: 40 INR per 1h}", "holdout": "50%"}
    compiled = rules("nudges:\n" + nudge("a", **keys), everyone=False)
    rule = compiled.rules[0]
    control, other, third = (next(f"p{n}" for n in range(at, 999) if compiled.is_control(rule, f"p{n}") is ghost) for at, ghost in ((0, True), (0, False), (500, False)))
    town = Town(compiled)
    for who in (control, other):
        town.feed("order_rejected", 0, partner=who)
    town.corridor.forget(control, START + 60, "profile", 7)
    town.feed("order_rejected", 2, partner=third)
    assert verdicts(town) == [("ghost", "holdout"), SEND, SPENT]


def test_seats_that_are_no_number_are_none():
    many = " * ".join(["count(order_rejected over 1d)", *["1000000000000000"] * 21])
    assert verdicts(crowd({"seats": f"'{many}'", "valid_for": "30m"}, [0])) == [FULL]
