"""What rules need to see of a partner, and what a recorded test may leave out."""

import pytest

from tests.training_rules.town import nudge, rules
from training_rules.needs import needs

PLACES = "places:\n  hubs: [{name: A, at: [12.9, 77.6]}]\n"


def of(trigger, more="", policy="", **keys):
    text = PLACES + more + policy + "nudges:\n" + nudge(trigger=trigger, **keys)
    return needs(rules(text).ruleset)


ALWAYS = {"logged_in", "logged_out", "opted_out"}


@pytest.mark.parametrize(("trigger", "events"), [
    ("{happens: order_rejected}", {"order_rejected"}),
    ("{happens: arrived_at_restaurant, without: [order_picked_up, order_cancelled], for: 5m}", {"arrived_at_restaurant", "order_picked_up", "order_cancelled"}),
    ("{sequence: [{happens: order_accepted}, {happens: order_cancelled}], within: 5m}", {"order_accepted", "order_cancelled"}),
    ("{holds: count(feature_used over 1d) == 0 and rating < 3}", {"feature_used", "rating_received"}),
    ("{holds: distance_to(hubs) < 1km}", {"position"}),
    ("{holds: completed(m1)}", {"module_completed"}),
])  # fmt: skip
def test_the_events_of_triggers_and_of_what_conditions_read_are_needed(trigger, events):
    more = "modules:\n  m1: {title: M, minutes: 3, topics: [x], link: 'app://m1'}\n"
    assert of(trigger, more).events == ALWAYS | events


def test_segments_and_patterns_are_needed_with_what_they_read():
    more = "segments:\n  s: {when: count(earning_posted over 1d) > 3}\npatterns:\n  twice: {happens: rating_received, times: 2, within: 1d}\n"
    assert {"earning_posted", "rating_received"} <= of("{happens: twice, where: segment.s}", more).events


def test_fields_are_needed_where_they_are_read_and_currencies_with_amounts():
    found = of("{happens: order_rejected, where: reason == 'far', times: 2, within: 1h, same: order_id}", if_="earnings_today > 5 INR")
    assert found.fields == {"order_rejected": {"reason", "order_id"}, "earning_posted": {"amount", "currency"}}


@pytest.mark.parametrize(("when", "read"), [("distance_to(hubs) < 1km", (True, False, False)), ("speed > 3", (False, True, False)), ('zone == "x"', (False, False, True))])
def test_of_a_position_only_what_is_read_is_needed(when, read):
    found = of(f"{{holds: '{when}'}}")
    assert (found.places, found.speed, found.zone) == read


def test_of_the_profile_language_clock_and_consent_are_always_needed_and_the_rest_where_it_is_read():
    assert of("{holds: tenure > 30d}").profile == {"language", "time_zone", "consent", "joined_on"}


def test_what_only_says_whether_the_partner_is_busy_stands_aside():
    found = of("{happens: order_accepted}", policy="policy: {never_while: riding}\n")
    assert found.aside == {"order_delivered", "order_cancelled", "position"}
    assert found.events >= found.aside


def test_of_one_rule_only_its_own_is_needed():
    text = "nudges:\n" + nudge("a", trigger="{happens: order_rejected}") + nudge("b", trigger="{happens: feature_used}", priority="5")
    assert needs(rules(text).ruleset, ["a"]).events == ALWAYS | {"order_rejected"}
