"""Whom rules reached, and who opted out, as the partners' states say it."""

import pytest

from rulebook.loader import paused_in
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import compile_rules
from training_rules.reach import Reach, Reached, limits, watched

ONE_HOUR = "policy: {max_share: 10% per 1h, guard: {opt_outs: 5% per 1d, min_partners: 20}}\n"
TWO = "nudges:\n" + nudge("a") + nudge("b", "{happens: order_accepted}", priority="20") + ONE_HOUR


def reach(town, minute=60, since=None):
    found = Reach(town.corridor.rules, since or {}, START + minute * 60)
    for who in town.corridor.partners:
        if (sent := town.corridor.partners.sent(who)) is not None:
            found.look(who, *sent)
    return found


def lay_all(town):
    for who in list(town.corridor.partners.awake):
        town.corridor.partners.lay(who, town.corridor.rules.dump(town.corridor.partners.awake[who]))


@pytest.fixture(params=[False, True], ids=["awake", "at rest"])
def rested(request):
    """Lets the partners of a town rest, or not."""
    return lay_all if request.param else lambda town: None


def test_limits_are_those_of_the_policy_and_opt_outs_have_some_without_it():
    assert limits(rules(TWO)) == (0.1, 3600.0, 0.05, 86_400.0, 20)
    assert limits(rules("nudges:\n" + nudge())) == (None, 604_800.0, 0.05, 604_800.0, 100)


def test_rules_that_send_are_watched():
    compiled = rules("nudges:\n" + nudge("a") + nudge("b", mode="shadow") + nudge("c", mode="off") + nudge("d"))
    assert [rule.name for rule in watched(compile_rules(paused_in(compiled.ruleset, ["d"])))] == ["a"]


def test_a_partner_counts_once_however_often_they_were_sent_it(rested):
    town = Town(rules(TWO))
    for minute in (1, 2, 3):
        town.feed("order_rejected", minute, "p")
    town.feed("order_rejected", 4, "q")
    rested(town)
    assert reach(town).counted() == {"a": Reached(2, 2, 0)}


def test_active_are_those_of_whom_there_was_something_in_the_time(rested):
    town = Town(rules(TWO))
    for minute, who in ((0, "long ago"), (1, "p"), (30, "q")):
        town.feed("feature_used", minute, who, feature="map")
    rested(town)
    assert reach(town, 60).active == 2


def test_what_was_sent_before_the_time_is_over(rested):
    town = Town(rules(TWO))
    town.feed("order_rejected", 0, "p")
    rested(town)
    assert (reach(town, 59).counted(), reach(town, 60).counted()) == ({"a": Reached(1, 1, 0)}, {"a": Reached(0, 1, 0)})


def test_what_was_sent_before_a_rule_was_resumed_does_not_count(rested):
    town = Town(rules(TWO))
    town.feed("order_rejected", 10, "p")
    town.feed("order_rejected", 20, "q")
    rested(town)
    assert reach(town, since={"a": START + 15 * 60}).counted() == {"a": Reached(1, 1, 0)}


def test_ghosts_are_reached_and_have_nothing_to_opt_out_of():
    town = Town(rules("nudges:\n" + nudge("a", holdout="100%") + ONE_HOUR, everyone=False))
    town.feed("order_rejected", 1)
    town.feed("opted_out", 2)
    assert reach(town).counted() == {"a": Reached(1, 0, 0)}


def test_who_names_a_rule_opts_out_of_that_one(rested):
    town = Town(rules(TWO))
    for kind, minute in (("order_rejected", 1), ("order_accepted", 2)):
        town.feed(kind, minute)
    town.feed("opted_out", 3, rule="a")
    rested(town)
    assert reach(town).counted() == {"a": Reached(1, 1, 1), "b": Reached(1, 1, 0)}


def test_who_wants_nothing_more_says_so_of_the_last_one_they_were_sent(rested):
    town = Town(rules(TWO))
    for kind, minute in (("order_rejected", 1), ("order_accepted", 2)):
        town.feed(kind, minute)
    town.feed("opted_out", 3)
    rested(town)
    assert reach(town).counted() == {"a": Reached(1, 1, 0), "b": Reached(1, 1, 1)}


def test_a_ghost_is_not_to_blame_for_what_a_nudge_before_it_brought():
    town = Town(rules("nudges:\n" + nudge("a") + nudge("b", "{happens: order_accepted}", holdout="100%") + ONE_HOUR, everyone=False))
    for kind, minute in (("order_rejected", 1), ("order_accepted", 2), ("opted_out", 3)):
        town.feed(kind, minute)
    assert reach(town).counted() == {"a": Reached(1, 1, 1), "b": Reached(1, 0, 0)}


def test_a_day_later_no_rule_is_to_blame():
    town = Town(rules(TWO))
    town.feed("order_rejected", 0)
    town.feed("opted_out", 24 * 60)
    assert reach(town, 1).counted() == {"a": Reached(1, 1, 0)}


def test_who_was_never_sent_a_rule_does_not_count_though_they_opt_out_of_it():
    town = Town(rules(TWO))
    town.feed("opted_out", 1, rule="a")
    assert reach(town).counted() == {}
