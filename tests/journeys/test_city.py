"""A city through Kafka: every pain point that was put into it is nudged once, when it had to be, and nobody else is."""

import re

from simulator.city import City
from simulator.replay import replay
from tests.catalog import PAINS
from tests.journeys.workers import values, working

START = 1_772_418_600.0  # Monday 2026-03-02, 08:00 in Kolkata


def treated(folder):
    """The rules of the four pain points, with nobody held out."""
    folder.mkdir()
    for path in PAINS:
        (folder / path.name).write_text(re.sub(r"\n *(rollout|holdout): *\d+%", "", path.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def test_every_pain_point_is_nudged_once_and_no_partner_without_one(settings, tmp_path):
    city = City(200, start=START, hours=4, seed=11, share=0.2, time_zone="Asia/Kolkata")
    replay(city, settings)
    with working(settings, tmp_path / "worker", "--until-caught-up", rules_file=treated(tmp_path / "rules")) as worker:
        assert worker.end() == 0, worker.log()
    told = sorted((n["partner_id"], n["rule"], round(n["decided_at"], 3)) for n in values(settings, "nudges"))
    truth = [(t.partner_id, t.rule, t.at) for t in city.truth]
    assert told == sorted(truth)
    assert {rule for _, rule, _ in truth} == {"welcome_coaching", "reject_near_hotspot", "stuck_at_restaurant", "two_low_ratings"}
    assert not {who for who, _, _ in told} & set(city.clean)
