"""A timer is set only for a moment at which time alone can change something: every other wake costs, and decides nothing."""

from math import inf

import pytest

from segments.crowd import Zone
from tests.training_rules.town import START, Town, nudge, rules

BUSY = "segments:\n  busy: {enter: {when: count(order_rejected over 10m) >= 3 and online}, exit: {when: count(order_rejected over 10m) < 2}}\n"


def due(town):
    """Minutes after START; inf where no timer is set."""
    return min((d - START) / 60 for d in town.corridor.partners["p"].dues)


def test_a_count_that_is_not_reached_waits_for_events_only():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: count(order_rejected over 10m) >= 3}")))
    for minute in (0, 1):
        town.feed("order_rejected", minute)
    assert due(town) == inf


def test_a_count_that_is_reached_can_fall_when_its_oldest_needed_element_leaves():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: count(order_rejected over 10m) >= 3}")))
    for minute in range(5):
        town.feed("order_rejected", minute)
    assert due(town) == 12


def test_who_is_out_sets_no_timer_while_a_part_that_time_cannot_change_is_false():
    town = Town(rules(BUSY))
    for minute in range(4):
        town.feed("order_rejected", minute)
    assert due(town) == inf


def test_who_is_in_leaves_at_the_very_moment_and_by_one_wake():
    town = Town(rules(BUSY))
    town.feed("logged_in", 0)
    for minute in (1, 2, 3, 4):
        town.feed("order_rejected", minute)
    woken = town.corridor.wakes
    town.advance(60)
    assert town.moves() == [("busy", "entered", 3), ("busy", "exited", 13)]
    assert town.corridor.wakes - woken <= 2


def test_a_part_that_comes_true_late_finds_the_condition_as_it_is_then():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: online and tenure >= 30d, for: 5m}")))
    town.feed("profile_updated", 0, joined_on="2026-01-02")
    town.feed("logged_in", 7)
    town.advance(60)
    assert town.sent() == [("n", 12)]


def test_a_part_that_turns_false_ends_what_was_held():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: online and tenure >= 30d, for: 5m}")))
    town.feed("profile_updated", 0, joined_on="2026-01-02")
    for kind, minute in (("logged_in", 0), ("logged_out", 4), ("logged_in", 6)):
        town.feed(kind, minute)
    town.advance(60)
    assert town.sent() == [("n", 11)]


TARGET = "nudges:\n" + nudge(trigger="{holds: count(order_delivered over today) >= 2 and online_today < 9h}")


def test_too_little_today_does_not_wait_for_midnight():
    town = Town(rules(TARGET))
    town.feed("logged_in", 0)
    town.feed("order_delivered", 1)
    assert due(town) == inf


def test_enough_today_ends_at_midnight_and_is_noticed_anew_the_day_after():
    town = Town(rules(TARGET))
    town.feed("logged_in", 0)
    for minute in (1, 2):
        town.feed("order_delivered", minute)
    town.feed("logged_out", 3)
    assert due(town) == 14 * 60
    for minute in (25 * 60, 25 * 60 + 1):
        town.feed("order_delivered", minute)
    assert town.sent() == [("n", 2), ("n", 25 * 60 + 1)]


@pytest.mark.parametrize("condition", ["sum(earning_posted.amount over today) > 0 INR - 5 INR", "count(order_delivered over today) < 2"])
def test_what_midnight_can_make_true_waits_for_it(condition):
    town = Town(rules("nudges:\n" + nudge(trigger=f"{{holds: {condition} and online}}")))
    town.feed("logged_in", 0)
    for minute in (1, 2, 3):
        town.feed("order_delivered", minute)
    assert due(town) == 14 * 60


@pytest.mark.parametrize(("before", "set_for"), [(4, inf), (5, 60)])
def test_a_ratio_without_enough_samples_waits_for_events_only(before, set_for):
    metric = "metrics:\n  rate: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 5}\n"
    town = Town(rules(metric + "nudges:\n" + nudge(trigger="{holds: rate(1h) < 50%, for: 3h}")))
    for minute in range(before):
        town.feed("order_accepted", minute)
    assert due(town) == set_for


def test_a_ratio_is_looked_at_when_enough_have_left_that_it_can_be_another():
    metric = "metrics:\n  rate: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 2}\n"
    town = Town(rules(metric + "nudges:\n" + nudge(trigger="{holds: rate(1h) < 50%}")))
    for minute in range(6):
        town.feed("order_accepted", minute)
    for minute in (6, 7, 8):
        town.feed("order_rejected", minute)
    assert due(town) == 60 + 2  # the third to leave makes it three of six
    town.advance(120)
    assert town.sent() == [("n", 63)]


def test_what_others_fill_is_looked_at_whenever_time_can_change_the_rest():
    town = Town(rules("nudges:\n" + nudge(trigger='{holds: zone_demand == "high" and count(order_rejected over 10m) < 1}')))
    town.feed("order_rejected", 0)
    town.corridor.house.crowd.anywhere = Zone(START, inf, "high", None, [])
    town.advance(20)
    assert town.sent() == [("n", 10)]


def test_a_time_of_day_is_passed_right_after_it_is_shown():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: local_time() > 11:00}")))
    town.feed("logged_in", 0)
    town.advance(3 * 24 * 60)
    assert [round(minute, 3) for _, minute in town.sent()] == [60, 60 + 24 * 60, 60 + 48 * 60]


def test_who_is_in_until_a_time_of_day_leaves_right_after_it():
    town = Town(rules("segments:\n  morning: {when: local_time() <= 11:00}\n"))
    town.feed("logged_in", 0)
    town.advance(10 * 60)
    assert [(name, move, round(minute, 3)) for name, move, minute in town.moves()] == [("morning", "entered", 0), ("morning", "exited", 60)]


def test_another_time_zone_makes_all_that_reads_the_clock_look():
    town = Town(rules("segments:\n  evening: {when: local_time() >= 17:00}\n"))
    town.feed("profile_updated", 0, time_zone="Asia/Kolkata")
    town.advance(100)  # 17:10 there
    town.feed("profile_updated", 101, time_zone="UTC")
    assert town.moves() == [("evening", "entered", 90), ("evening", "exited", 101)]


def test_a_profile_that_comes_after_the_first_event_sets_timers_by_its_clock():
    town = Town(rules("nudges:\n" + nudge(trigger="{holds: local_time() >= 17:00 and online}")))
    town.feed("logged_in", 0)
    town.feed("profile_updated", 1, time_zone="Asia/Kolkata")
    town.advance(600)
    assert town.sent() == [("n", 90)]
