import os
import subprocess
import sys
from collections import Counter
from hashlib import blake2b
from itertools import islice, pairwise
from math import inf, nan
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from events import FAMILIES
from events.decode import Decoder
from simulator.city import City, time_zone_where
from simulator.errors import SourceError
from simulator.importers import Cut
from tests.simulator.city.checker import wall_clock
from tests.simulator.city.conftest import HOUR, MONDAY, draw

REPO = Path(__file__).parents[3]
TYPES = {kind for family in FAMILIES.values() for kind in family.types}
LIVE_ONLY = set(FAMILIES["feedback"].types)
DIGEST = """
from hashlib import blake2b
from simulator.city import City
print(blake2b(b"".join(r.value for r in City(20, start=1772425800.0, hours=1, seed=5).events())).hexdigest())
"""


def test_events_come_in_the_order_of_time(day):
    assert all(sooner.occurred_at <= later.occurred_at for sooner, later in pairwise(day.records))


def test_no_two_events_of_a_partner_share_a_moment(day):
    for events in day.by_partner.values():
        times = [event["occurred_at"] for event in events]
        assert all(sooner < later for sooner, later in pairwise(times))


def test_all_happens_between_start_and_end(day):
    assert day.city.start <= day.records[0].occurred_at
    assert day.records[-1].occurred_at < day.city.end


def test_no_two_events_have_the_same_id(day):
    assert len({event["event_id"] for event in day.events}) == len(day.events)


def test_every_event_passes_the_contract_under_its_key(day):
    decoders = {name: Decoder(name) for name in FAMILIES}
    for record in day.records:
        assert decoders[record.family].decode(record.value, record.key).occurred_at == record.occurred_at


def test_the_published_models_take_every_kind_of_event(day):
    models = {model.name: TypeAdapter(model) for family in FAMILIES.values() for model in family.models}
    for event in day.events[::50]:
        models[event["type"]].validate_python(event)


def test_every_type_of_event_occurs_except_those_that_answer_a_nudge(day):
    assert {event["type"] for event in day.events} == TYPES - LIVE_ONLY


def test_every_event_says_that_it_is_simulated(day):
    assert {event["source"] for event in day.events} == {"simulated"}


def test_the_first_that_is_told_of_each_partner_is_the_profile(day):
    assert {events[0]["type"] for events in day.by_partner.values()} == {"profile_updated"}


def test_profiles_mix_three_languages_and_all_agree_to_nudges(day):
    profiles = [event for event in day.events if event["type"] == "profile_updated"]
    assert {profile["language"] for profile in profiles} == {"en", "hi", "kn"}
    assert {(profile["city"], profile["time_zone"], profile["consent"]) for profile in profiles} == {("Bengaluru", "Asia/Kolkata", True)}


def test_whoever_logs_in_logs_out_again(day):
    for events in day.by_partner.values():
        kinds = [event["type"] for event in events if event["type"].startswith("logged_")]
        assert kinds == ["logged_in", "logged_out"] * (len(kinds) // 2)


def test_every_accepted_order_is_delivered_or_cancelled_once(day):
    accepted = Counter(event["order_id"] for event in day.events if event["type"] == "order_accepted")
    closed = Counter(event["order_id"] for event in day.events if event["type"] in ("order_delivered", "order_cancelled"))
    assert accepted == closed


def test_every_offer_is_answered_once(day):
    offered = Counter(event["order_id"] for event in day.events if event["type"] == "order_offered")
    answered = Counter(event["order_id"] for event in day.events if event["type"] in ("order_accepted", "order_rejected", "offer_expired"))
    assert offered == answered


def test_nobody_takes_a_second_order_while_on_one(day):
    for events in day.by_partner.values():
        kinds = [event["type"] for event in events if event["type"] in ("order_accepted", "order_delivered", "order_cancelled")]
        assert all(kind == "order_accepted" for kind in kinds[::2])
        assert all(kind != "order_accepted" for kind in kinds[1::2])


def test_each_delivery_is_paid_for(day):
    paid = {event["order_id"] for event in day.events if event["type"] == "earning_posted" and event["kind"] == "order"}
    assert paid == {event["order_id"] for event in day.events if event["type"] == "order_delivered"}


def test_skilled_partners_take_more_of_the_offers_than_all_and_fewer_than_all(day):
    kinds = Counter(event["type"] for event in day.events)
    assert 0.6 < kinds["order_accepted"] / kinds["order_offered"] < 0.95


def test_lunch_and_dinner_bring_the_most_offers(day):
    offers = Counter(int(wall_clock(event["occurred_at"], "Asia/Kolkata")) for event in day.events if event["type"] == "order_offered")
    lunch, afternoon, dinner, night = (sum(offers[hour] for hour in hours) for hours in ((12, 13), (15, 16), (19, 20), (3, 4)))
    assert min(lunch, dinner) > 1.3 * afternoon
    assert afternoon > night


def test_no_one_online_waits_as_long_for_an_offer_as_would_count_as_idle():
    drawn = draw(60, hour=10, hours=8)
    for events in drawn.by_partner.values():
        marks = [
            event for event in events if event["type"] in ("logged_in", "order_offered", "order_delivered", "order_cancelled", "logged_out")
        ]
        idle = [
            b["occurred_at"] - a["occurred_at"] for a, b in pairwise(marks) if a["type"] != "logged_out" and b["type"] == "order_offered"
        ]
        assert not idle or max(idle) < 45 * 60


def test_everybody_has_used_the_route_planner_before_a_first_delivery(day):
    for events in day.by_partner.values():
        kinds = [event.get("feature", event["type"]) for event in events if event["type"] in ("feature_used", "order_delivered")]
        assert "order_delivered" not in kinds or "route_planner" in kinds[: kinds.index("order_delivered")]


def test_nobody_gives_up_two_orders_of_their_own_accord_in_a_day(day):
    givers = Counter(event["partner_id"] for event in day.events if event["type"] == "order_cancelled" and event["by"] == "partner")
    assert set(givers.values()) == {1}


def test_the_same_seed_makes_the_same_bytes_in_another_process():
    runs = [
        subprocess.run(
            [sys.executable, "-c", DIGEST], cwd=REPO, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout


def test_a_city_is_the_same_each_time_it_is_drawn():
    city = City(30, start=MONDAY + 9 * HOUR, hours=1)
    assert digest(city) == digest(city)


def test_another_seed_makes_another_city():
    assert digest(City(30, start=MONDAY, hours=1, seed=1)) != digest(City(30, start=MONDAY, hours=1, seed=2))


def test_another_start_makes_other_ids():
    first, second = (City(3, start=MONDAY + hour * HOUR, hours=1) for hour in (9, 10))
    assert not {event_id(record) for record in first.events()} & {event_id(record) for record in second.events()}


def test_a_city_without_end_is_drawn_as_far_as_one_likes():
    city = City(10, start=MONDAY, hours=inf)
    assert len(list(islice(city.events(), 20_000))) == 20_000


def test_a_city_lives_by_the_clock_of_its_time_zone():
    zone = time_zone_where(13, MONDAY + 20 * HOUR)
    city = City(50, start=MONDAY + 20 * HOUR, hours=1, time_zone=zone)
    decode = Decoder("profile").decode
    profiles = [decode(record.value, record.key) for record in city.events() if record.family == "profile"]
    assert {profile.time_zone for profile in profiles} == {zone}
    assert city.report.events["order_offered"] > 50


@pytest.mark.parametrize("hour", range(24))
def test_a_time_zone_is_found_where_it_is_any_hour(hour):
    assert abs(wall_clock(MONDAY, time_zone_where(hour, MONDAY)) - hour) <= 0.5


def test_the_report_counts_what_was_drawn(day):
    assert day.city.report.events == Counter(event["type"] for event in day.events)
    assert day.city.done == 1.0


def test_a_cut_takes_what_it_says():
    begin = MONDAY + 9.5 * HOUR
    records = list(City(20, start=MONDAY + 9 * HOUR, hours=1).events(Cut(begin=begin, limit=100)))
    assert len(records) == 100
    assert records[0].occurred_at >= begin


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"partners": 0}, "0 partners"),
        ({"hours": 0}, "0 hours"),
        ({"hours": nan}, "nan hours"),
        ({"share": 1.5}, "share"),
        ({"start": -1.0}, "2000"),
        ({"start": nan}, "2000"),
        ({"time_zone": "Bengaluru"}, "no time zone is called 'Bengaluru'"),
    ],
)
def test_a_city_that_cannot_be_is_refused_in_one_sentence(change, word):
    with pytest.raises(SourceError, match=word):
        City(**{"partners": 3, "start": MONDAY, "hours": 1} | change)


def digest(city):
    return blake2b(b"\n".join(record.value for record in city.events())).hexdigest()


def event_id(record):
    return Decoder(record.family).decode(record.value, record.key).event_id
