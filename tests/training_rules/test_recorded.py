"""What happened, as a test: it passes, expects what happened, and says no more of anybody than rules read."""

import pytest
import yaml

from events.structs import BROADCAST_STRUCTS
from rulebook.loader import load_files, read_text
from tests.conftest import DATA
from tests.training_rules.town import MESSAGES, START, Town, nudge, rules
from training_rules import EngineOptions, compile_rules
from training_rules.recorded import NotRecorded, Recorder
from training_rules.timelines import events_of, read_timelines, run_tests, start_of

WORKED = DATA.parent / "rules" / "worked.yaml"


def body_of(text):
    """What stands in a recorded test, read by any YAML reader."""
    return yaml.safe_load(text)["tests"][0]


def expected(text):
    return [item["expect"] for item in body_of(text)["timeline"] if "expect" in item]


def passes(rule_text, recorded):
    """Whether the recorded test passes beside the rules, as a file of its own would."""
    ruleset, _ = read_text("version: 1\n" + rule_text + recorded.removeprefix("version: 1\n"))
    [result] = run_tests(ruleset)
    return result.passed


class City(Town):
    """Events of one partner, and what the recorder makes of a stretch of them; times in minutes."""

    def __init__(self, text, *, everyone=True):
        self.text = text + ("" if "messages:" in text else MESSAGES)
        super().__init__(rules(self.text, everyone=everyone))
        self.rules, self.events = self.corridor.rules, []

    def put(self, event):
        self.events.append(event)
        return super().put(event)

    def record(self, begin, end, *names, partner="p"):
        mine = [e for e in self.events if e.partner_id == partner]
        return Recorder(self.rules, mine, START + begin * 60, START + end * 60, names).record()


def test_the_worked_cases_come_to_the_same_when_they_are_recorded():
    if not WORKED.is_file():
        pytest.skip(f"the worked rule set is not at hand: {WORKED.parent} is no folder")
    ruleset, _ = load_files([WORKED])
    compiled, seen = compile_rules(ruleset, EngineOptions(everyone=True)), 0
    for timeline in read_timelines(ruleset):
        if timeline.given or "zone_demand" in timeline.partner:
            continue
        start = start_of(timeline)
        recording = Recorder(compiled, events_of(timeline), start, start + max(item.at for item in timeline.items)).record(timeline.name)
        text = WORKED.read_text(encoding="utf-8").partition("\ntests:")[0] + "\n" + recording.text.removeprefix("version: 1\n")
        [result] = run_tests(read_text(text)[0])
        assert result.passed, result.story()
        told = {kind: name for item in timeline.items if hasattr(item, "wanted") for kind, name in item.wanted.items()}
        assert told.items() <= {pair for e in expected(recording.text) if e != "nothing" for pair in e.items()}, timeline.name
        seen += 1
    assert seen >= 10


THRICE = "nudges:\n" + nudge("thrice", trigger="{happens: order_rejected, times: 3, within: 20m}", cooldown="1h")


def refused_at(*minutes, text=THRICE, **options):
    city = City(text, **options)
    city.feed("profile_updated", -1000, language="en", first_name="Ravi Kumar", city="Bengaluru", vehicle="bike", time_zone="UTC")
    for minute in minutes:
        city.feed("order_rejected", minute, order_id=f"ORDER-{minute}", reason="far", pay=120.0)
    return city


def test_sends_holds_and_silence_are_what_is_expected():
    recording = refused_at(1, 2, 3, 10, 11, 12).record(0, 30)
    assert expected(recording.text) == [{"nudge": "thrice"}, {"held": "thrice", "why": "cooldown"}, "nothing"]
    assert passes(THRICE + MESSAGES, recording.text)


def test_a_recorded_test_fails_when_the_rule_is_another():
    assert not passes(THRICE.replace("times: 3", "times: 4") + MESSAGES, refused_at(1, 2, 3).record(0, 30).text)


def test_ids_and_names_and_what_no_rule_reads_are_left_out():
    text = refused_at(1, 2, 3).record(0, 30).text
    assert body_of(text)["partner"] == {"id": "p1", "lang": "en", "time_zone": "UTC"}
    assert [item["order_rejected"] for item in body_of(text)["timeline"] if "order_rejected" in item] == [{"order_id": "o1"}, {"order_id": "o2"}, {"order_id": "o3"}]


def test_the_same_order_has_the_same_name_throughout():
    waits = "nudges:\n" + nudge("stuck", trigger="{happens: arrived_at_restaurant, without: order_picked_up, for: 15m, same: order_id}")
    city = City(waits)
    city.feed("arrived_at_restaurant", 1, order_id="x-1", restaurant_name="MTR")
    city.feed("arrived_at_restaurant", 2, order_id="x-2")
    city.feed("order_picked_up", 5, order_id="x-1")
    recording = city.record(0, 30)
    lines = [(kind, fields) for item in body_of(recording.text)["timeline"] for kind, fields in item.items() if kind not in ("at", "expect")]
    assert lines == [("arrived_at_restaurant", {"order_id": "o1"}), ("arrived_at_restaurant", {"order_id": "o2"}), ("order_picked_up", {"order_id": "o1"})]
    assert passes(waits + MESSAGES, recording.text)


NEAR = "places:\n  hubs: [{name: A, at: [12.9352, 77.6245]}]\n"


@pytest.mark.parametrize(("where", "coordinates"), [("distance_to(hubs) < 1km", (12.9361, 77.625)), ("speed < 3", (0, 0))])
def test_coordinates_are_kept_only_where_rules_read_places_and_no_finer_than_needed(where, coordinates):
    text = NEAR + "nudges:\n" + nudge(trigger=f"{{happens: order_rejected, where: {where}}}")
    city = City(text)
    city.feed("position", 1, lat=12.936123, lon=77.625042, speed=1.0)
    city.feed("order_rejected", 2)
    recording = city.record(0, 10)
    [fix] = [item["position"] for item in body_of(recording.text)["timeline"] if "position" in item]
    assert (fix["lat"], fix["lon"]) == coordinates
    assert passes(text + MESSAGES, recording.text)


def test_of_many_positions_those_are_kept_after_which_something_happened():
    city = City("nudges:\n" + nudge(trigger="{happens: order_rejected, where: speed < 3}"))
    for minute in range(20):
        city.feed("position", minute / 10, lat=0.0, lon=0.0, speed=1.0)
    city.feed("order_rejected", 2)
    assert [list(item)[1] for item in body_of(city.record(0, 10).text)["timeline"]] == ["position", "order_rejected", "expect", "expect"]


LONG = "metrics:\n  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 3}\nnudges:\n"


def test_what_long_windows_had_before_is_given():
    text = LONG + nudge(trigger="{happens: feature_used, where: acc(28d) < 50%}")
    city = City(text)
    for number in range(8):
        city.feed("order_rejected" if number % 4 else "order_accepted", -5000 + number)
    city.feed("feature_used", 5, feature="map")
    recording = city.record(0, 10)
    assert body_of(recording.text)["given"] == {"acc(28d)": "25%"}
    assert (recording.events, recording.notes) == (1, ())
    assert passes(text + MESSAGES, recording.text)


def test_where_the_stretch_alone_does_not_come_to_the_same_the_test_begins_earlier_and_says_so():
    recording = refused_at(-3, -2, 1).record(0, 30)
    assert recording.events == 3
    assert "from 1h before" in recording.notes[0]
    assert expected(recording.text) == [{"nudge": "thrice"}, "nothing"]


def test_a_copy_of_an_event_is_told_once():
    city = refused_at(1, 2)
    city.feed("order_rejected", 2, event_id="e3", order_id="ORDER-2")
    recording = city.record(0, 30)
    assert (recording.events, expected(recording.text)) == (2, ["nothing"])


def test_with_a_rule_only_what_it_reads_is_kept():
    both = THRICE + nudge("used", trigger="{happens: feature_used}", priority="5")
    city = refused_at(1, 2, 3, text=both)
    city.feed("feature_used", 5, feature="map")
    recording = city.record(0, 30, "thrice")
    assert recording.events == 3
    assert expected(recording.text) == [{"nudge": "thrice"}, "nothing"]
    assert passes(both + MESSAGES, recording.text)


def test_what_a_ghost_was_spared_is_a_send_in_a_test():
    for holdout in ("100%", "0%"):
        recording = refused_at(1, 2, 3, text=THRICE + f"    holdout: {holdout}\n", everyone=False).record(0, 30)
        assert expected(recording.text) == [{"nudge": "thrice"}, "nothing"]


def test_moments_and_numbers_are_exact_where_seconds_do_not_do():
    text = "nudges:\n" + nudge("thrice", trigger="{happens: order_rejected, times: 2, within: 1m}")
    city = City(text)
    for second in (0.4, 60.3):
        city.feed("order_rejected", second / 60)
    recording = city.record(0, 30)
    assert [item["at"] for item in body_of(recording.text)["timeline"] if "order_rejected" in item] == ["0.4s", "60.3s"]
    assert passes(text + MESSAGES, recording.text)


@pytest.mark.parametrize(("begin", "end", "said"), [(100, 200, "no event of the partner"), (-1001, -900, "none is read by these rules")])
def test_a_stretch_without_anything_to_say_is_refused(begin, end, said):
    with pytest.raises(NotRecorded, match=said):
        refused_at(1, 2).record(begin, end)


# -- what hangs on others

BUSY = "nudges:\n" + nudge("busy", trigger='{holds: online and zone_demand == "high", for: 1m}', cooldown="1h")
RANKED = """metrics:
  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 1}
nudges:
""" + nudge("behind", trigger="{happens: order_rejected}", if_='"cohort_pct(acc(2h) by city) < 20%"', cooldown="1h")


class Crowded(City):
    """Figures come between events."""

    def zone(self, minute, level):
        at = START + minute * 60
        self.taken(BROADCAST_STRUCTS["zone_figures"](event_id=f"z{minute}", occurred_at=at, at=at - 5, zone="north", offers=9, online=3, usual=1.0, level=level))

    def cohort(self, minute, quantiles):
        at, name = START + minute * 60, "cohort_pct(acc(2h) by city)"
        self.taken(BROADCAST_STRUCTS["cohort_figures"](event_id=f"c{minute}", occurred_at=at, at=at - 5, cohort=name, value="Delhi", partners=100, quantiles=quantiles))

    def taken(self, event):
        self.events.append(event)
        self.out += [*self.corridor.advance(event.occurred_at), *self.corridor.announce(event)]

    def record(self, begin, end, *names, partner="p"):
        mine = [e for e in self.events if getattr(e, "partner_id", partner) == partner]
        return Recorder(self.rules, mine, START + begin * 60, START + end * 60, names).record()


def test_a_zone_that_was_busy_all_the_time_is_given():
    city = Crowded(BUSY)
    city.feed("profile_updated", -100, language="en", time_zone="UTC")
    city.zone(0, "high")
    city.feed("logged_in", 2, zone="north")
    city.zone(4, "high")
    city.feed("feature_used", 8, feature="map")
    recorded = city.record(1, 9, "busy")
    assert body_of(recorded.text)["given"] == {"zone_demand": '"high"'}
    assert {"nudge": "busy", "lang": "en"} in [{**e, "lang": "en"} for e in expected(recorded.text) if e != "nothing"]
    assert passes(city.text, recorded.text)


def test_where_a_zone_turned_busy_in_the_stretch_the_test_begins_there():
    city = Crowded(BUSY)
    city.feed("profile_updated", -100, language="en", time_zone="UTC")
    city.feed("logged_in", 1, zone="north")
    city.feed("feature_used", 2, feature="map")
    city.zone(3, "normal")
    city.zone(4, "high")
    city.feed("order_rejected", 5.5, reason="far")
    city.feed("feature_used", 7, feature="map")
    recorded = city.record(0, 8, "busy")
    assert any("others made the figures" in note for note in recorded.notes)
    assert passes(city.text, recorded.text)


def test_the_rank_of_the_moment_at_which_it_was_decided_is_given():
    city = Crowded(RANKED)
    city.feed("profile_updated", -100, language="en", time_zone="UTC", city="Delhi")
    city.feed("order_accepted", 1)
    city.cohort(2, [0.1, 0.2, 0.3])
    city.feed("order_rejected", 3)
    city.cohort(4, [0.6, 0.8, 1.0])
    city.feed("order_rejected", 5)
    recorded = city.record(4.5, 6, "behind")
    assert "cohort_pct(acc(2h) by city)" in body_of(recorded.text)["given"]
    assert {"nudge": "behind"} in expected(recorded.text)
    assert passes(city.text, recorded.text)
