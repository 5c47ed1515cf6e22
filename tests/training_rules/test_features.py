"""What conditions read: ratios over the newest, zones, ages, and what there is no room for."""

from math import inf

import pytest

from rulebook.errors import RuleErrors
from segments import since
from segments.crowd import Cohort, Zone
from tests.training_rules.town import START, Town, nudge, rules

ACC = "metrics:\n  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 2}\n"


def test_a_ratio_over_the_last_n_is_of_the_newest_decided():
    town = Town(rules(ACC + "segments:\n  bad: {when: acc(last 5) < 50%}\n"))
    for minute in range(5):
        town.feed("order_accepted", minute)
    for minute in range(5, 10):
        town.feed("order_rejected", minute)
    assert town.moves() == [("bad", "entered", 7)]


def test_a_ratio_over_the_last_n_is_unknown_below_its_samples():
    town = Town(rules(ACC + "segments:\n  bad: {when: acc(last 5) < 50%}\n"))
    town.feed("order_rejected", 0)
    assert town.moves() == []


def test_a_ratio_over_the_last_n_of_other_events_is_refused():
    with pytest.raises(RuleErrors, match="E314"):
        rules("metrics:\n  done: {ratio: {of: order_delivered, to: order_accepted}}\nsegments:\n  s: {when: done(last 5) < 50%}\n")


def test_the_zone_is_unknown_when_nothing_has_named_it_for_five_minutes():
    compiled = rules("segments:\n  north: {when: zone == 'north' or home_zone == 'north'}\n")
    town = Town(compiled)
    town.feed("profile_updated", 0, zone="south")
    town.feed("position", 1, lat=12.9, lon=77.6, zone="north")
    seen = [compiled.features(town.corridor.partners["p"], START + minute * 60) for minute in (6, 6.01)]
    assert [(f["zone"], f["home_zone"]) for f in seen] == [("north", "south"), (None, "south")]


def test_a_rule_expires_with_the_day_where_the_partner_is():
    town = Town(rules("nudges:\n" + nudge(expires="2026-03-02")))
    town.feed("profile_updated", 0, time_zone="Asia/Kolkata")
    town.feed("order_rejected", 8 * 60 + 29)
    town.feed("order_rejected", 8 * 60 + 30)
    assert [d[1:3] for d in town.decisions()] == [("send", None), ("hold", "expired")]


@pytest.mark.parametrize(
    "reference",
    ["count(order_rejected over 7d)", "avg(order_rejected.pay over 28d)", "distinct(order_rejected.reason over life)", "p90(order_rejected.pay over today)",
     "p50(order_rejected.pay over life)", "max(order_rejected.pay over 7d)", "on_order", "riding", "zone", "online_today", "segment.s", "zone_demand",
     "cohort_pct(acc(2h) by zone)", "used(map)", "acc(last 3)", "acc(2d)", "local_time()"],
)  # fmt: skip
def test_every_value_in_evidence_has_an_age(reference):
    compiled = rules(ACC + "segments:\n  s: {when: online}\nnudges:\n" + nudge(if_=f"'{condition(reference)}'"))
    town = Town(compiled)
    town.feed("logged_in", 0, zone="north")
    town.feed("order_accepted", 1)
    town.feed("feature_used", 1, feature="map")
    state = town.corridor.partners["p"]
    state.house.crowd.zones["north"] = Zone(state.now, inf, "low", 1, [])
    state.house.crowd.cohorts["cohort_pct(acc(2h) by zone)"] = {"north": Cohort(state.now, inf, 20, [0.0, 1.0])}
    town.feed("order_rejected", 2, pay=3.0, reason="far")
    evidence = next(o for o in town.out if o.type == "decision").evidence
    assert evidence[reference]["age"] is not None


def condition(reference):
    plain = ("on_order", "riding", "segment.s", "used(map)")
    texts = {"zone": 'zone == "north"', "zone_demand": 'zone_demand == "low"', "online_today": "online_today >= 1m", "local_time()": "local_time() > 01:00"}
    return reference if reference in plain else texts.get(reference, f"{reference} {'>= 1%' if 'acc' in reference else '>= 0'}")


def test_percentiles_over_life_are_known():
    town = Town(rules("segments:\n  s: {when: p90(order_rejected.pay over life) >= 4}\n"))
    for minute, pay in enumerate((1.0, 2.0, 5.0)):
        town.feed("order_rejected", minute * 2000, pay=pay)
    assert [m[:2] for m in town.moves()] == [("s", "entered")]


def test_what_there_is_no_room_for_is_counted_for_partner_and_partition(monkeypatch):
    monkeypatch.setattr(since, "MAX_VALUES", 2)
    town = Town(rules("segments:\n  s: {when: distinct(order_rejected.order_id over life) > 9}\n"))
    for minute in range(5):
        town.feed("order_rejected", minute)
    assert (town.corridor.partners["p"].dropped, town.corridor.house.dropped) == (3, 3)


@pytest.mark.parametrize("times", ["times: 1, within: 1h", "times: 1, in_a_row: true", "times: 101, within: 1d"])
def test_as_many_times_as_one_likes(times):
    town, need = Town(rules("nudges:\n" + nudge(trigger=f"{{happens: order_rejected, {times}}}"))), 101 if "101" in times else 1
    for minute in range(need):
        town.feed("order_rejected", minute)
    assert town.sent() == [("n", need - 1)]
