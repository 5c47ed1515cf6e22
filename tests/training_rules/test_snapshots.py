"""States as bytes: of this version, of the one before, and of one to come."""

import asyncio
import base64
import json
from math import inf
from pathlib import Path

import msgspec
import pytest

from events.decode import Decoder
from events.families import FAMILIES
from rulebook.loader import read_text
from segments.state import PartnerState
from streams.lane.restored import Restored
from streams.lane.terms import sealed
from streams.partition import corridor_of
from streams.plan import Plan
from tests.journeys.shift import comparable
from tests.streams.test_lane_restored import Written
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import Corridor, EngineOptions, Partners, compile_rules, snapshots
from training_rules.snapshots import ROOM, UnknownFormat

RECORDED = json.loads(Path(__file__).with_name("data").joinpath("format1.json").read_text(encoding="utf-8"))
DERIVED = {"alarm", "changed", "heard", "house", "looked_at", "unseen", "slots", "dues", "next_due", "now", "day_start", "day_end"}


@pytest.fixture(scope="module")
def recorded_rules():
    return compile_rules(read_text(RECORDED["rules"])[0], EngineOptions(season="1"))


@pytest.fixture(scope="module")
def yesterday():
    """A changelog's states as format 1 has them, by partner."""
    return {who: sealed(1, base64.b64decode(raw)) for who, raw in RECORDED["states"].items()}


def fed(corridor, events):
    """What is decided on recorded events."""
    decoders = {name: Decoder(name).decode for name in FAMILIES}
    found = []
    for family, offset, event in events:
        found += corridor.feed(decoders[family](msgspec.json.encode(event), event["partner_id"].encode()), f"partner.{family}", offset)
    return found


def resting(compiled, states):
    return Corridor(compiled, Partners(compiled, resting=dict(states)), RECORDED["stream_time"])


def test_yesterdays_changelog_is_in_format_1(yesterday):
    assert {raw[ROOM] for raw in yesterday.values()} == {1}


def test_partners_of_yesterdays_changelog_decide_as_if_they_had_never_stopped(recorded_rules, yesterday):
    never_stopped, cut = Corridor(recorded_rules), RECORDED["cut"]
    fed(never_stopped, RECORDED["events"][:cut])
    restored = resting(recorded_rules, yesterday)
    wanted = fed(never_stopped, RECORDED["events"][cut:])
    assert {"budget", "seats"} < {str(out.reason) for out in wanted if out.type == "decision"}
    assert fed(restored, RECORDED["events"][cut:]) == wanted
    unnoted = {"context": {}}  # yesterday's version did not note who found no seat
    restored, never_stopped = ({w: comparable(s, recorded_rules) | unnoted for w, s in c.partners.items()} for c in (restored, never_stopped))
    assert restored == never_stopped


def test_what_was_applied_by_yesterdays_changelog_is_not_applied_again(recorded_rules, yesterday):
    restored = resting(recorded_rules, yesterday)
    assert fed(restored, [e for e in RECORDED["events"][: RECORDED["cut"]] if e[0] == "ratings"]) == []


def test_a_state_of_yesterday_is_written_in_todays_format_and_is_smaller(recorded_rules, yesterday):
    for raw in yesterday.values():
        again = recorded_rules.dump(recorded_rules.load(raw))
        assert again[ROOM] == 2
        assert len(again) < len(raw)


def test_a_state_of_yesterday_says_when_it_is_due_and_what_was_sent(recorded_rules, yesterday):
    for raw in yesterday.values():
        again = recorded_rules.dump(recorded_rules.load(raw))
        assert snapshots.peek(again) == snapshots.peek(raw)
        assert snapshots.sends(again).items() <= snapshots.sends(raw).items()


def test_a_restored_state_becomes_the_bytes_it_came_of(recorded_rules, yesterday):
    for raw in yesterday.values():
        today = recorded_rules.dump(recorded_rules.load(raw))
        assert recorded_rules.dump(recorded_rules.load(today)) == today


def test_every_part_of_a_state_is_in_its_bytes_or_made_anew():
    assert set(PartnerState.__slots__) == {*snapshots._FIELDS, *DERIVED}


def test_a_loaded_state_lacks_no_part(recorded_rules, yesterday):
    for raw in yesterday.values():
        state = recorded_rules.load(raw)
        assert [name for name in PartnerState.__slots__ if not hasattr(state, name)] == []


@pytest.mark.parametrize("version", [0, 3, 255])
def test_a_format_that_is_not_known_is_refused_at_the_start(recorded_rules, yesterday, version):
    """Not at the partner's next event, when others have been served, and written, already."""
    restored, name = Restored(), next(iter(yesterday))
    restored.apply([Written(who.encode(), sealed(1, bytes([version if who == name else 1]) + raw[ROOM + 1 :])) for who, raw in yesterday.items()])
    with pytest.raises(UnknownFormat, match=f"format {version}; this version reads"):
        asyncio.run(corridor_of(Plan(recorded_rules, ()), restored))


def test_moments_of_sends_are_read_without_a_state():
    town = Town(rules("nudges:\n" + nudge()))
    town.feed("order_rejected", 3)
    compiled = town.corridor.rules
    assert list(snapshots.sends(compiled.dump(town.corridor.partners["p"])).values()) == [[START + 180]]
    assert snapshots.sends(compiled.dump(compiled.new_state("q"))) == {}


def test_another_rule_set_finds_what_it_has_in_common():
    """A cooldown lives on where its rule does, under another number."""
    town = Town(rules("nudges:\n" + nudge("b", cooldown="1h")))
    town.feed("order_rejected", 0)
    raw = town.corridor.rules.dump(town.corridor.partners["p"])
    more = rules("segments:\n  calm: {when: count(order_offered over 2h) == 0}\nnudges:\n" + nudge("a", trigger="{holds: online, for: 10m}") + nudge("b", cooldown="1h"))
    town.corridor = Corridor(more, Partners(more, resting={"p": raw}), START)
    town.feed("order_rejected", 5)
    assert town.decisions()[-1] == ("b", "hold", "cooldown", 5)


def test_ids_that_no_copy_can_be_known_by_any_more_are_not_written():
    town = Town(rules("nudges:\n" + nudge(), allowed_lateness=60.0))
    town.feed("order_rejected", 0, event_id="old")
    town.feed("order_rejected", 1.5, event_id="new")
    town.feed("order_rejected", 2, event_id="newest")
    compiled = town.corridor.rules
    assert set(compiled.load(compiled.dump(town.corridor.partners["p"])).recent) == {"new", "newest"}


def test_ids_are_kept_as_long_as_the_most_patient_family_waits():
    compiled = rules("nudges:\n" + nudge(), allowed_lateness=60.0, lateness_by_family={"orders": 600.0, "profile": inf})
    town = Town(compiled)
    for minute in range(9):
        town.feed("order_rejected", minute, event_id=f"e{minute}")
    town.corridor = Corridor(compiled, Partners(compiled, resting={"p": compiled.dump(town.corridor.partners["p"])}), town.corridor.stream_time)
    assert town.feed("order_rejected", 0, event_id="e0") == []
    assert town.feed("order_rejected", 0, event_id="other") != []


def test_partners_share_the_words_of_their_profiles():
    town = Town(rules("nudges:\n" + nudge()))
    for who in ("p", "q"):
        town.feed("profile_updated", 0, partner=who, city="Bengaluru", zone="hsr", language="en")
    compiled = town.corridor.rules
    first, second = (compiled.load(compiled.dump(town.corridor.partners[who])).profile for who in ("p", "q"))
    assert first == second == {"city": "Bengaluru", "zone": "hsr", "language": "en"}
    assert all(first[name] is second[name] for name in first)


def test_a_copy_of_a_late_profile_is_known_after_a_snapshot_as_before():
    town = Town(rules("nudges:\n" + nudge(trigger="{happens: profile_updated}"), lateness_by_family={"profile": inf}))
    town.feed("logged_in", 100)
    for _ in range(2):
        town.feed("profile_updated", 0, event_id="the same")
        town.corridor = Corridor(town.corridor.rules, Partners(town.corridor.rules, resting={"p": town.corridor.rules.dump(town.corridor.partners["p"])}), town.corridor.stream_time)
    assert town.sent() == [("n", 100)]
