"""What partners make together, as rules meet it: figures come as events, and who reads what changed is looked at."""

import pytest

from events.structs import BROADCAST_STRUCTS
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import Corridor, House, Partners

Zone, Cohort = BROADCAST_STRUCTS["zone_figures"], BROADCAST_STRUCTS["cohort_figures"]
RATED = "metrics:\n  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 1}\n"
RANKED = "cohort_pct(acc(2h) by city)"


class Crowded(Town):
    """A town to which figures come. What partners noted and figures that came outlive `restart`, as in the changelog."""

    def zone(self, minute, level, zone="north", gap=None, shares=(), shares_at=0.0):
        at = START + minute * 60
        return self.announce(Zone(
            event_id=f"zone:{zone}:{minute}", occurred_at=at, at=at - 5, zone=zone, offers=9, online=3, usual=1.0, level=level, gap=gap,
            shares=list(shares), shares_at=shares_at,
        ))  # fmt: skip

    def cohort(self, minute, quantiles, partners=100, value="delhi", cohort=RANKED):
        at = START + minute * 60
        return self.announce(Cohort(event_id=f"cohort:{value}:{minute}", occurred_at=at, at=at - 5, cohort=cohort, value=value, partners=partners, quantiles=quantiles))

    def announce(self, event):
        decided = [*self.corridor.advance(event.occurred_at), *self.corridor.announce(event)]
        self.out += decided
        return decided

    def restart(self):
        old = self.corridor
        states = {who: old.rules.dump(state) for who, state in old.partners.items()}
        self.corridor = Corridor(old.rules, Partners(old.rules, resting=states), old.stream_time, House(old.house.part, old.house.parts))
        self.corridor.together.restore(old.together.kept())


def crowded(trigger='{holds: zone_demand == "high"}', head="", **keys):
    return Crowded(rules(head + "nudges:\n" + nudge(trigger=trigger, **keys)))


def logged_in(town, partner="p", minute=0, zone="north"):
    town.feed("logged_in", minute, partner=partner, zone=zone)


def test_who_logged_out_while_no_rule_asked_for_figures_is_not_counted_when_one_does_again():
    town = crowded()
    for who in "pq":
        logged_in(town, who)
    town.corridor.change(rules("nudges:\n" + nudge()))
    town.feed("logged_out", 1, partner="q")
    town.corridor.change(rules("nudges:\n" + nudge(trigger='{holds: zone_demand == "high"}')))
    assert (list(town.corridor.house.turnout.online), town.corridor.house.turnout.present) == (["p"], {"north": 1})


# -- a zone's demand


def test_a_partner_who_sends_nothing_is_nudged_when_demand_changes():
    town = crowded()
    logged_in(town)
    town.zone(2, "high")
    assert town.sent() == [("n", 2.0)]


def test_figures_of_another_zone_concern_nobody_here():
    town = crowded()
    logged_in(town)
    town.zone(2, "high", zone="south")
    assert town.sent() == []


def test_figures_that_say_the_same_again_make_nobody_look():
    town = crowded()
    logged_in(town)
    town.zone(1, "normal")
    town.corridor.checkpoint()
    town.zone(2, "normal")
    assert town.corridor.dirty == set()


def test_what_holds_for_a_time_counts_from_the_figures_on():
    town = crowded('{holds: zone_demand == "low", for: 3m}')
    logged_in(town)
    town.zone(1, "low")
    town.feed("position", 2, lat=12.9, lon=77.6, zone="north")
    town.advance(4.5)
    assert town.sent() == [("n", 4.0)]


def test_a_stretch_ends_with_the_demand():
    town = crowded('{holds: zone_demand == "low", for: 3m}')
    logged_in(town)
    town.zone(1, "low")
    town.zone(2, "normal")
    town.zone(3, "low")
    town.advance(5.9)
    assert town.sent() == []


def test_who_rides_into_a_busy_zone_is_looked_at_there():
    town = crowded()
    logged_in(town, zone="south")
    town.zone(1, "high")
    town.feed("position", 2, lat=12.9, lon=77.6, zone="north")
    assert town.sent() == [("n", 2.0)]


def test_who_is_off_reads_the_demand_of_their_home_zone():
    town = crowded('{holds: not online and zone_demand == "high"}')
    town.feed("profile_updated", 0, zone="home")
    logged_in(town, zone="north")
    town.feed("logged_out", 1)
    town.zone(2, "high", zone="north")
    assert town.sent() == []
    town.zone(3, "high", zone="home")
    assert town.sent() == [("n", 3.0)]


def test_the_demand_around_a_partner_whose_place_is_old_is_unknown():
    town = crowded()
    logged_in(town)
    town.advance(5.5)
    town.zone(6, "high")
    assert town.sent() == []


def test_figures_that_nobody_renewed_are_unknown_after_five_minutes():
    town = crowded('{holds: zone_demand == "high", for: 6m}')
    logged_in(town)
    town.zone(1, "high")
    for minute in range(2, 12):
        town.feed("position", minute, lat=12.9, lon=77.6, zone="north")
    assert town.sent() == []


@pytest.mark.parametrize("steps", [(60,), (4, 6, 60)])
def test_figures_grow_old_at_their_moment_whatever_time_passes_over_in_one_go(steps):
    town = crowded('{holds: zone_demand == "high" or tenure >= 30d, for: 1m}', cooldown="0s")
    town.feed("profile_updated", 0, joined_on="2026-02-01", zone="north")  # thirty days of tenure fourteen hours after the start
    town.zone(14 * 60 - 8, "high")
    for minute in steps:
        town.advance(14 * 60 + minute)
    assert town.sent() == [("n", 14 * 60 - 7), ("n", 14 * 60 + 1)]


def test_figures_older_than_those_known_change_nothing():
    town = crowded()
    logged_in(town)
    town.zone(3, "normal")
    town.announce(Zone(event_id="late", occurred_at=START + 240, at=START, zone="north", offers=9, online=3, level="high"))
    assert town.sent() == []


def test_figures_that_come_late_are_taken_up_now():
    town = crowded()
    logged_in(town)
    town.feed("position", 3, lat=12.9, lon=77.6, zone="north")
    town.out += town.corridor.announce(Zone(event_id="z", occurred_at=START + 60, at=START + 55, zone="north", offers=9, online=3, level="high"))
    assert town.sent() == [("n", 3.0)]


def test_a_segment_follows_the_demand():
    town = Crowded(rules('segments:\n  busy: {when: zone_demand == "high" and online}\n'))
    logged_in(town)
    town.zone(1, "high")
    town.zone(2, "normal")
    assert town.moves() == [("busy", "entered", 1.0), ("busy", "exited", 2.0)]


def test_an_episode_is_cleared_by_the_demand():
    town = crowded("{happens: order_rejected}", clears='{when: zone_demand == "high", within: 1h}')
    logged_in(town)
    town.feed("order_rejected", 1)
    town.zone(2, "high")
    assert [(verdict, minute) for _, verdict, _, minute in town.decisions()] == [("send", 1.0), ("cleared", 2.0)]


def test_who_reads_what_outlives_a_restart():
    town = crowded()
    logged_in(town)
    town.restart()
    town.zone(2, "high")
    assert town.sent() == [("n", 2.0)]


def test_figures_outlive_a_restart_and_grow_old_after_it():
    town = crowded('{holds: zone_demand == "high" and count(order_rejected over 1h) > 0}')
    logged_in(town)
    town.zone(1, "high")
    town.restart()
    town.feed("position", 4, lat=12.9, lon=77.6, zone="north")
    town.feed("order_rejected", 5)
    assert town.sent() == [("n", 5.0)]
    town.feed("position", 8, lat=12.9, lon=77.6, zone="north")
    assert town.corridor.rules.features(town.corridor.partners["p"], START + 480)["zone_demand"] is None


def test_a_replay_of_figures_that_a_partner_has_applied_does_not_look_at_them():
    town = crowded()
    logged_in(town)
    town.corridor.partners["p"].applied = {"crowd": 7}
    assert town.corridor.handed.takes("crowd", 7)
    figures = Zone(event_id="z", occurred_at=START + 60, at=START + 55, zone="north", offers=9, online=3, level="high")
    assert town.corridor.announce(figures, "crowd") == []


def test_rules_that_read_no_figures_count_nothing():
    town = Crowded(rules("nudges:\n" + nudge()))
    logged_in(town)
    town.zone(1, "high")
    assert (town.corridor.house.turnout.online, town.corridor.house.crowd.readers) == ({}, {})


# -- a cohort


def ranked(below="25%"):
    town = crowded(f"{{holds: {RANKED} < {below}}}", head=RATED)
    town.feed("profile_updated", 0, city="delhi")
    town.feed("order_accepted", 1)
    town.feed("order_rejected", 1)
    return town


def test_a_partner_is_ranked_by_what_a_cohort_was_found_to_be():
    town = ranked()
    town.cohort(2, [0.5 + n / 200 for n in range(101)])
    assert town.sent() == [("n", 2.0)]


def test_below_twenty_partners_nothing_is_said():
    town = ranked()
    town.cohort(2, [0.5 + n / 200 for n in range(101)], partners=19)
    assert town.sent() == []


def test_only_those_whom_new_figures_move_past_a_threshold_are_looked_at():
    town = ranked()
    town.cohort(2, [n / 100 for n in range(101)])
    town.corridor.checkpoint()
    town.cohort(3, [n / 101 for n in range(101)])
    assert town.corridor.dirty == set()
    town.cohort(4, [0.4 + n / 200 for n in range(101)])
    assert (town.corridor.dirty, town.sent()) == ({"p"}, [("n", 4.0)])


def test_where_a_rank_is_compared_with_what_is_no_constant_every_reader_is_looked_at():
    town = crowded(f"{{holds: {RANKED} < acc(2h)}}", head=RATED)
    town.feed("profile_updated", 0, city="delhi")
    town.feed("order_accepted", 1)
    town.cohort(2, [n / 100 for n in range(101)])
    town.corridor.checkpoint()
    town.cohort(3, [n / 101 for n in range(101)])
    assert town.corridor.dirty == {"p"}


# -- seats of a zone


def seated(**keys):
    return crowded('{holds: zone_demand == "high"}', seats="zone_gap", valid_for="30m", **keys)


def verdicts(town):
    return [(verdict, reason) for _, verdict, reason, _ in town.decisions()]


def test_a_zone_has_as_many_seats_as_it_lacks_partners():
    town = seated()
    for who in "abcd":
        logged_in(town, who)
    town.zone(1, "high", gap=2)
    assert verdicts(town) == [("send", None)] * 2 + [("hold", "seats")] * 2


def test_each_zone_has_seats_of_its_own():
    town = seated()
    logged_in(town, "a", zone="north")
    logged_in(town, "b", zone="south")
    town.zone(1, "high", gap=1)
    town.zone(1, "high", gap=1, zone="south")
    assert verdicts(town) == [("send", None)] * 2


def test_who_was_left_out_goes_first_the_next_time():
    town = seated()
    for who in "ab":
        logged_in(town, who)
    town.zone(1, "high", gap=1)
    town.zone(2, "normal", gap=0)
    for who in "ab":
        town.feed("position", 39, partner=who, lat=12.9, lon=77.6, zone="north")
    town.zone(40, "high", gap=1)
    assert [(n.partner_id, (n.decided_at - START) / 60) for n in town.out if n.type == "nudge"] == [("a", 1.0), ("b", 40.0)]


@pytest.mark.parametrize("restarted", [False, True])
def test_seats_and_who_was_left_out_are_known_after_a_restart(restarted):
    town = seated()
    for who in "abc":
        logged_in(town, who)
    town.zone(1, "high", gap=1)
    if restarted:
        town.restart()
    for minute in (2, 32):
        town.zone(minute, "normal", gap=0)
        for who in "abc":
            town.feed("position", minute + 0.5, partner=who, lat=12.9, lon=77.6, zone="north")
        town.zone(minute + 1, "high", gap=1)
    assert [(n.partner_id, (n.decided_at - START) / 60) for n in town.out if n.type == "nudge"] == [("a", 1.0), ("b", 33.0)]
