"""The worked rule set: its in-file tests pass, and their timelines, all at once through Kafka, give the same records with the same ids."""

import re

import msgspec
import pytest
from aiokafka.partitioner import murmur2

from events.decode import Decoder
from rulebook.loader import load_files
from tests.conftest import DATA
from tests.journeys.shift import FAMILY_OF, send
from tests.journeys.workers import values, working
from training_rules import Corridor, load_rules
from training_rules.timelines import events_of, read_timelines, run_tests, start_of

WORKED = DATA.parent / "rules" / "worked.yaml"
CASES = ("new_struggling", "welcome_coaching", "reject_near_hotspot", "stuck_at_restaurant", "two_low_ratings")
OUTPUTS = ("segment.transitions", "decisions", "nudges")


@pytest.fixture(scope="module")
def worked():
    if not WORKED.is_file():
        pytest.skip(f"the worked rule set is not at hand: {WORKED.parent} is no folder")
    return WORKED


def test_all_tests_in_the_file_pass(worked):
    results = list(run_tests(load_files([worked])[0]))
    assert [r.name for r in results if not r.passed] == []
    assert len(results) >= 12


@pytest.fixture
def stories(worked, tmp_path):
    """The file with everyone in treatment, as tests run it, and by partner the timelines that need nothing but events: events and end (s)."""
    rules = tmp_path / "worked.yaml"
    rules.write_text(re.sub(r"(rollout|holdout): *\d+%,? *", "", worked.read_text(encoding="utf-8")), encoding="utf-8")
    found = {}
    for number, timeline in enumerate(read_timelines(load_files([rules])[0])):
        if not timeline.given and "zone_demand" not in timeline.partner:
            who = f"case-{number}"
            events = [msgspec.to_builtins(e) | {"type": e.type, "partner_id": who} for e in events_of(timeline)]
            found[who] = ([{k: v for k, v in e.items() if v is not None} for e in events], start_of(timeline) + max(i.at for i in timeline.items))
    return rules, found


def in_memory(rules, events, end):
    """What the core says of one timeline."""
    corridor, out = Corridor(load_rules(rules)), []
    decoders = {family: Decoder(family).decode for family in set(FAMILY_OF.values())}
    for event in events:
        out += corridor.feed(decoders[FAMILY_OF[event["type"]]](msgspec.json.encode(event), event["partner_id"].encode()))
    return [msgspec.to_builtins(o) for o in [*out, *corridor.advance(end)]]


def clocks(at, partitions):
    """One log-in in each partition, so that its stream time comes to `at`."""
    found = {}
    for number in range(1000):
        who = f"clock-{number}"
        found.setdefault((murmur2(who.encode()) & 0x7FFFFFFF) % partitions, who)
    assert len(found) == partitions
    return [{"type": "logged_in", "event_id": "tick", "partner_id": who, "occurred_at": at} for who in found.values()]


def test_live_they_give_the_same_records_with_the_same_ids(settings, stories, tmp_path):
    rules, found = stories
    events = sorted((e for told, _ in found.values() for e in told), key=lambda e: e["occurred_at"])
    send(settings, [*events, *clocks(max(end for _, end in found.values()), settings.partitions)])
    with working(settings, tmp_path, "--until-caught-up", rules_file=rules) as worker:
        assert worker.end() == 0, worker.log()
    live = {output: values(settings, output) for output in OUTPUTS}
    seen = set()
    for who, (told, end) in found.items():
        expected = in_memory(rules, told, end)
        got = [r for output in OUTPUTS for r in live[output] if r["partner_id"] == who and r["decided_at"] <= end]
        assert sorted(map(msgspec.json.encode, got)) == sorted(map(msgspec.json.encode, expected)), who
        seen |= {r.get("segment") or r["rule"] for r in got}
    assert set(CASES) <= seen
