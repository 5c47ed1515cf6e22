from collections import Counter
from itertools import pairwise

import pytest

from simulator.city import PainPoint, read_truth, write_truth
from simulator.errors import SourceError
from tests.simulator.city.checker import matches, rides_at, wall_clock
from tests.simulator.city.conftest import HOUR, draw

ABOUT_AN_ORDER = PainPoint.stuck_at_restaurant


def test_the_truth_is_what_brute_force_finds_in_a_day(day):
    assert matches(day.by_partner, day.city.end) == day.told


@pytest.mark.parametrize(("hour", "hours", "seed"), [(11, 1, 2), (17.5, 6, 3), (23, 5, 4), (4, 3.5, 5), (12, 0.4, 6)])
def test_the_truth_is_what_brute_force_finds_at_any_time_of_day(hour, hours, seed):
    drawn = draw(120, hour=hour, hours=hours, seed=seed)
    assert matches(drawn.by_partner, drawn.city.end) == drawn.told


def test_an_hour_later_silence_has_brought_nothing_more(day):
    assert matches(day.by_partner, day.city.end + HOUR) == day.told


def test_each_planned_pain_point_comes_about_in_a_day(day):
    assert Counter(truth.pain_point for truth in day.city.truth) == dict.fromkeys(PainPoint, 5)


def test_nobody_has_two_pain_points_in_a_day(day):
    assert max(Counter(truth.partner_id for truth in day.city.truth).values()) == 1


def test_a_partner_is_clean_or_has_a_pain_point_and_never_both(day):
    hurt = {truth.partner_id for truth in day.city.truth}
    assert sorted([*day.city.clean, *hurt]) == sorted(day.by_partner)


def test_nobody_rides_when_a_nudge_is_due_unless_it_is_about_the_order(day):
    due = [truth for truth in day.city.truth if truth.pain_point is not ABOUT_AN_ORDER]
    assert not [truth for truth in due if rides_at(day.by_partner[truth.partner_id], truth.at)]


def test_who_is_stuck_is_on_that_very_order(day):
    due = [truth for truth in day.city.truth if truth.pain_point is ABOUT_AN_ORDER]
    causes = {event["event_id"]: event for event in day.events if event["type"] == "arrived_at_restaurant"}
    assert all(causes[truth.cause[0]]["order_id"] == truth.order_id for truth in due)


def test_no_nudge_is_due_in_quiet_hours_unless_it_is_urgent(day):
    hours = [wall_clock(truth.at, "Asia/Kolkata") for truth in day.city.truth if truth.pain_point is not ABOUT_AN_ORDER]
    assert min(hours) > 6.5
    assert max(hours) < 22.5


def test_a_night_knows_only_the_urgent_pain_point():
    night = draw(100, hour=23, hours=6)
    assert {truth.pain_point for truth in night.city.truth} == {ABOUT_AN_ORDER}


def test_two_kinds_can_be_seen_in_the_first_twenty_minutes(day):
    early = {truth.pain_point for truth in day.city.truth if truth.at < day.city.start + 20 * 60}
    assert early >= {PainPoint.new_struggling, PainPoint.reject_near_hotspot}


def test_all_kinds_can_be_seen_in_the_first_hour(day):
    assert {truth.pain_point for truth in day.city.truth if truth.at < day.city.start + HOUR} == set(PainPoint)


def test_the_first_pain_point_waits_as_long_as_it_is_told():
    drawn = draw(40, hour=9, hours=3, first_pain_after=3000)
    assert min(truth.began for truth in drawn.city.truth) >= drawn.city.start + 3000


def test_the_others_are_spread_over_the_day(day):
    hours = {int((truth.at - day.city.start) // (4 * HOUR)) for truth in day.city.truth}
    assert len(hours) >= 4


def test_a_city_without_a_share_has_no_pain_point():
    drawn = draw(60, hour=11, hours=3, share=0)
    assert drawn.city.truth == []
    assert matches(drawn.by_partner, drawn.city.end) == set()


def test_a_city_in_which_all_suffer_tells_the_truth_too():
    drawn = draw(40, hour=8, hours=14, share=1)
    assert len(drawn.told) > 30
    assert matches(drawn.by_partner, drawn.city.end) == drawn.told


def test_in_the_long_run_pain_points_come_again_after_their_cooldown():
    drawn = draw(8, hour=8, hours=24 * 10, share=1)
    times = {}
    for truth in drawn.city.truth:
        times.setdefault(truth.partner_id, []).append(truth.at)
    gaps = [later - sooner for known in times.values() for sooner, later in pairwise(known)]
    assert min(gaps) > 7 * 24 * HOUR
    assert matches(drawn.by_partner, drawn.city.end) == drawn.told


def test_a_truth_file_tells_what_the_city_tells(day, tmp_path):
    write_truth(tmp_path / "truth.ndjson", day.city.truth, day.city.clean)
    assert read_truth(tmp_path / "truth.ndjson") == (day.city.truth, day.city.clean)


def test_a_file_that_is_no_truth_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "truth.ndjson").write_text("{}\n")
    with pytest.raises(SourceError, match="is no truth file"):
        read_truth(tmp_path / "truth.ndjson")
