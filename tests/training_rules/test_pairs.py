"""Two events, one after the other: what came second is noted once for all rules, and consumed by each for itself."""

from tests.training_rules.town import Town, nudge, rules

PAIR = "{sequence: [{happens: order_accepted}, {happens: arrived_at_restaurant}], same: order_id, within: 10m}"
OTHER = "{sequence: [{happens: order_offered}, {happens: arrived_at_restaurant}], same: order_id, within: 30m}"


def run(text, *lines):
    town = Town(rules("nudges:\n" + text))
    for kind, minute, order in lines:
        town.feed(kind, minute, order_id=order)
    return town


def test_a_first_and_a_second_of_one_order_match():
    town = run(nudge(trigger=PAIR), ("order_accepted", 0, "a"), ("arrived_at_restaurant", 9, "b"), ("arrived_at_restaurant", 9.5, "a"))
    assert town.sent() == [("n", 9.5)]


def test_the_span_between_them_is_half_open():
    assert run(nudge(trigger=PAIR), ("order_accepted", 0, "a"), ("arrived_at_restaurant", 10, "a")).sent() == []


def test_a_first_that_comes_late_finds_its_second():
    town = run(nudge(trigger=PAIR), ("arrived_at_restaurant", 5, "a"), ("order_accepted", 4, "a"))
    assert town.sent() == [("n", 5)]


def test_a_second_is_consumed_once_by_each_rule():
    town = run(
        nudge("one", PAIR, mode="shadow") + nudge("two", OTHER, mode="shadow"),
        ("order_offered", 3, "a"), ("order_accepted", 4, "a"), ("arrived_at_restaurant", 5, "a"), ("order_accepted", 4.5, "a"), ("order_offered", 4.5, "a"),
    )  # fmt: skip
    assert [rule for rule, *_ in town.decisions()] == ["one", "two"]


def test_a_second_longer_ago_than_late_events_may_be_is_forgotten():
    town = run(nudge(trigger=PAIR), ("arrived_at_restaurant", 5, "a"), ("arrived_at_restaurant", 8, "b"), ("order_accepted", 7.9, "b"))
    assert [len(v) for v in town.corridor.partners["p"].slots if v and isinstance(v[0], list) and v[0] and v[0][0] > 1e9] == [1]


def test_nothing_is_looked_at_where_no_first_is_open():
    source = rules("nudges:\n" + nudge(trigger=PAIR)).source
    handler = source[source.index("def on_arrived_at_restaurant") :].partition("\ndef ")[0]
    assert "and v[" in handler.partition("end_pair")[0].splitlines()[-2]
