"""Partners at rest are bytes, and nobody can tell by what is decided."""

from math import inf

import pytest

from tests.training_rules.test_corridor import NAMES, RULES, entries, told
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import Corridor, House, Partners
from training_rules import resting as resting_module
from training_rules.snapshots import ROOM, UnknownFormat, plain

STUCK = "nudges:\n" + nudge(trigger="{happens: arrived_at_restaurant, without: order_picked_up, for: 10m}")


def at_rest(corridor, house=None):
    """The same partners, all of them at rest, as a restart finds them."""
    resting = {who: corridor.rules.dump(state) for who, state in corridor.partners.items()}
    return Corridor(corridor.rules, Partners(corridor.rules, resting=resting), corridor.stream_time, house)


@pytest.fixture
def waiting():
    """A town in which p waits at a restaurant since minute 0, and q made one event; both at rest."""
    town = Town(rules(STUCK))
    town.feed("arrived_at_restaurant", 0)
    town.feed("logged_in", 1, partner="q")
    town.corridor = at_rest(town.corridor)
    return town


def test_who_is_restored_sleeps_until_their_next_event(waiting):
    waiting.feed("logged_in", 2, partner="q")
    assert (list(waiting.corridor.partners.awake), list(waiting.corridor.partners.resting)) == (["q"], ["p"])


def test_a_timer_of_one_at_rest_fires_at_its_time(waiting):
    assert waiting.corridor.next_due == START + 600
    waiting.advance(30)
    assert waiting.sent() == [("n", 10)]


def test_a_timer_of_one_whom_an_event_woke_fires_once(waiting):
    waiting.feed("position", 5, lat=1.0, lon=1.0)
    waiting.advance(30)
    assert waiting.sent() == [("n", 10)]


def test_an_event_takes_the_timer_of_one_at_rest_away(waiting):
    waiting.feed("order_picked_up", 5)
    waiting.advance(30)
    assert waiting.sent() == []


def test_a_timer_that_another_rule_set_moved_fires_at_its_new_time(waiting):
    """The bytes say when the old one was due; the partner is woken then at the latest, and again when the new one is."""
    text = "nudges:\n" + nudge(trigger="{holds: online, for: 50m}")
    kept = waiting.corridor.partners.resting
    waiting.corridor = Corridor(rules(text), Partners(rules(text), resting=kept), waiting.corridor.stream_time)
    waiting.feed("logged_in", 2)
    waiting.advance(100)
    assert waiting.sent() == [("n", 52)]


def test_a_look_wakes_nobody(waiting):
    partners = waiting.corridor.partners
    assert {state.partner_id for state in partners.values()} == {"p", "q"}
    assert partners.look("p").partner_id == "p"
    assert not partners.awake


def test_those_at_rest_are_counted_and_named(waiting):
    partners = waiting.corridor.partners
    assert partners["p"] is partners.awake["p"]
    assert (len(partners), sorted(partners), "p" in partners, "q" in partners, "r" in partners) == (2, ["p", "q"], True, True, False)


def test_nobody_is_found_who_is_not_there(waiting):
    partners = waiting.corridor.partners
    assert (partners.get("r"), partners.look("r"), partners.due("r", 0.0)) == (None, None, None)
    with pytest.raises(KeyError):
        partners["r"]


@pytest.mark.parametrize("who", ["p", "q"])
def test_of_one_who_is_erased_nothing_is_known_whether_awake_or_at_rest(waiting, who):
    partners = waiting.corridor.partners
    partners.get("q")
    waiting.corridor.forget(who, START + 120, "profile", 7)
    assert (who in partners, partners.knows(who), partners[who].applied["profile"], partners.time_of(who)) == (True, False, 7, -inf)


def test_one_who_was_erased_rests_and_is_restored_as_erased(waiting):
    waiting.corridor.forget("p", START + 120, "profile", 7)
    again = at_rest(waiting.corridor).partners
    assert (list(again.erased), list(again.resting), again.erased["p"].profile_at) == (["p"], ["q"], START + 120)


def test_one_who_is_buried_is_not_there(waiting):
    waiting.corridor.forget("p", START + 120, "profile", 7)
    waiting.corridor.partners.bury(["p"])
    assert ("p" in waiting.corridor.partners, len(waiting.corridor.partners)) == (False, 1)


def test_an_event_of_before_the_erasure_brings_nobody_back_however_it_is_handed_on(waiting):
    waiting.corridor.forget("p", START + 600, "profile", 7)
    before = waiting.event("logged_in", 5)
    waiting.corridor.feed_all([(before.occurred_at, 0, 0, before)], ["session"])
    assert (waiting.corridor.partners.knows("p"), waiting.corridor.outlived) == (False, 1)


def test_an_event_after_the_erasure_begins_anew(waiting):
    waiting.corridor.forget("p", START + 120, "profile", 7)
    waiting.feed("logged_in", 3)
    assert (waiting.corridor.partners.knows("p"), waiting.corridor.partners["p"].applied["profile"]) == (True, 7)


def test_one_who_was_erased_has_no_timer(waiting):
    waiting.corridor.forget("p", START + 120, "profile", 7)
    waiting.advance(30)
    assert waiting.sent() == []


def test_a_state_of_a_newer_version_is_refused_at_the_start():
    compiled = rules(STUCK)
    raw = bytearray(compiled.dump(compiled.new_state("p")))
    raw[ROOM] += 1
    with pytest.raises(UnknownFormat):
        Corridor(compiled, Partners(compiled, resting={"p": bytes(raw)}))


@pytest.mark.parametrize(("keys", "why"), [({"seats": "1", "valid_for": "30m"}, "seats"), ({"offer": "{bonus: 40 INR, valid: 2h, budget: 40 INR per 1h}"}, "budget")])
def test_what_those_at_rest_were_promised_is_remembered(keys, why):
    town = Town(rules("nudges:\n" + nudge(**keys)))
    town.feed("order_rejected", 0)
    town.corridor = at_rest(town.corridor, House())
    assert not town.corridor.partners.awake
    town.feed("order_rejected", 5, partner="q")
    assert town.decisions()[-1][1:3] == ("hold", why)


def test_a_restart_in_the_middle_changes_no_decision():
    stream, whole = entries(1), Corridor(RULES)
    cut = len(stream) // 12
    whole.feed_all(stream[:cut], NAMES)
    restarted = at_rest(whole)
    wanted = whole.feed_all(stream[cut:], NAMES)
    assert len(wanted) > 5
    assert restarted.feed_all(stream[cut:], NAMES) == wanted
    assert {w: plain(s, RULES) for w, s in restarted.partners.items()} == {w: plain(s, RULES) for w, s in whole.partners.items()}


# -- going to rest again


def written(corridor):
    """As a commit does."""
    return dict(corridor.checkpoint().take(10**6))


def arrive(corridor, town, minute, who="p", offset=0):
    corridor.feed(town.event("arrived_at_restaurant", minute, partner=who), "orders", offset)


@pytest.fixture
def quiet():
    """A corridor in which p waits at a restaurant, written, and looked at ten seconds ago; its rest is after 300 s."""
    town = Town(rules(STUCK))
    arrive(town.corridor, town, 0)
    written(town.corridor)
    town.corridor.rest(300.0, 300.0)
    return town


def awake(town):
    return list(town.corridor.partners.awake)


def test_who_is_not_heard_of_for_a_while_goes_to_rest(quiet):
    quiet.corridor.rest(590.0, 300.0)
    assert awake(quiet) == ["p"]
    quiet.corridor.rest(600.0, 300.0)
    assert awake(quiet) == []


def test_who_makes_events_stays_awake(quiet):
    for offset in range(1, 5):
        arrive(quiet.corridor, quiet, offset, offset=offset)
        written(quiet.corridor)
        quiet.corridor.rest(300.0 + 300.0 * offset, 300.0)
        assert awake(quiet) == ["p"]


def test_who_is_not_written_yet_stays_awake(quiet):
    quiet.corridor.dirty.add("p")
    quiet.corridor.rest(600.0, 300.0)
    assert awake(quiet) == ["p"]
    written(quiet.corridor)
    quiet.corridor.rest(900.0, 300.0)
    assert awake(quiet) == []


def test_the_timer_of_one_who_went_to_rest_fires_at_its_time(quiet):
    quiet.corridor.rest(600.0, 300.0)
    quiet.advance(30)
    assert quiet.sent() == [("n", 10)]


def test_whom_a_timer_woke_goes_to_rest_when_they_are_written(quiet):
    quiet.corridor.rest(600.0, 300.0)
    quiet.advance(30)
    assert awake(quiet) == ["p"]
    changed = written(quiet.corridor)
    assert (awake(quiet), quiet.corridor.partners.resting) == ([], changed)


def test_whom_a_timer_woke_and_then_an_event_stays_awake(quiet):
    quiet.corridor.rest(600.0, 300.0)
    quiet.advance(30)
    arrive(quiet.corridor, quiet, 31, offset=1)
    written(quiet.corridor)
    assert awake(quiet) == ["p"]
    quiet.corridor.rest(700.0, 300.0)
    quiet.corridor.rest(1000.0, 300.0)
    quiet.corridor.rest(1300.0, 300.0)
    assert awake(quiet) == []


def test_only_a_few_go_to_rest_at_once(monkeypatch):
    monkeypatch.setattr(resting_module, "LAID", 10)
    monkeypatch.setattr(resting_module, "LOOKS", 25)
    town = Town(rules(STUCK))
    for number in range(60):
        arrive(town.corridor, town, 0, f"p{number}", number)
    written(town.corridor)
    left = []
    for now in (0.0, 0.0, 0.0, 300.0, 300.0, 300.0, 300.0, 300.0, 300.0):
        town.corridor.rest(now, 300.0)
        left.append(len(awake(town)))
    assert left == [60, 60, 60, 50, 40, 30, 20, 10, 0]


def test_a_look_at_many_ends_after_some(monkeypatch):
    monkeypatch.setattr(resting_module, "LOOKS", 25)
    town = Town(rules(STUCK))
    for number in range(60):
        arrive(town.corridor, town, 0, f"p{number}", number)
    town.corridor.rest(300.0, 300.0)
    assert sum(state.heard >= 0 for state in town.corridor.partners.values()) == 25


def test_going_to_rest_at_any_time_changes_no_decision():
    for seed in (1, 2):
        stream, never, often, wanted, found = entries(seed), Corridor(RULES), Corridor(RULES), [], []
        slept = 0
        for number, at in enumerate(range(0, len(stream), 53)):
            wanted += never.feed_all(stream[at : at + 53], NAMES)
            found += often.feed_all(stream[at : at + 53], NAMES)
            written(never)
            written(often)
            often.rest(float(number), 2.0)
            slept += len(often.partners.resting)
        wanted += never.advance(never.stream_time + 86_400)
        found += often.advance(often.stream_time + 86_400)
        assert slept > 500
        assert len(wanted) > 10
        assert found == wanted
        assert told(often) == told(never)


def test_going_to_rest_for_want_of_room_changes_no_decision_and_loses_no_state():
    stream, never, often = entries(3), Corridor(RULES), Corridor(RULES)
    kept = {}
    for at in range(0, len(stream), 53):
        wanted = never.feed_all(stream[at : at + 53], NAMES)
        assert often.feed_all(stream[at : at + 53], NAMES) == wanted
        often.make_room(5)
        assert len(often.partners.awake) <= 5
        if not at % 3:
            kept |= written(often)
    kept |= written(often)
    assert {who: plain(RULES.load(raw), RULES) for who, raw in kept.items()} == {who: plain(s, RULES) | {"applied": often.partners.look(who).applied} for who, s in never.partners.items()}


def test_those_awake_for_longest_make_room(quiet):
    for minute, who in enumerate("qrs", 1):
        arrive(quiet.corridor, quiet, minute, who, minute)
    quiet.corridor.make_room(2)
    assert awake(quiet) == ["r", "s"]


def test_who_made_room_before_being_written_is_written_and_stays_at_rest(quiet):
    arrive(quiet.corridor, quiet, 1, "q", 1)
    quiet.corridor.make_room(0)
    assert list(written(quiet.corridor)) == ["q"]
    assert awake(quiet) == []


def test_the_early_alarm_of_one_who_made_room_is_looked_at_and_set_again(quiet):
    quiet.feed("logged_in", 1, partner="q")
    quiet.corridor.make_room(0)
    quiet.advance(30)
    assert quiet.sent() == [("n", 10)]


def test_alarms_do_not_grow_with_every_rest():
    town = Town(rules(STUCK))
    corridor = town.corridor
    arrive(corridor, town, 0)
    for number in range(50):
        corridor.feed(town.event("position", 1 + number / 100, lat=1.0, lon=1.0), "gps", number)
        written(corridor)
        for now in (0.0, 10.0, 20.0):
            corridor.rest(number * 100 + now, 5.0)
        assert awake(town) == []
    assert len(corridor._alarms) == 1


@pytest.mark.parametrize("rests", [False, True])
def test_an_event_that_is_too_late_hides_no_change_of_rules_from_one_who_rests_after_it(rests):
    town = Town(rules(STUCK))
    town.feed("logged_in", 0)
    town.corridor.change(rules("segments:\n  here: {enter: {when: online}}\n" + STUCK))
    town.feed("logged_in", 10, partner="q")
    town.feed("arrived_at_restaurant", 2)
    if rests:
        town.corridor.make_room(0)
    town.feed("rating_received", 11, stars=5)
    assert [o.segment for o in town.out if o.type == "segment_transition" and o.partner_id == "p"] == ["here"]


@pytest.mark.parametrize("after_a_rest", [False, True])
def test_an_event_of_before_the_erasure_is_passed_over_in_the_new_life_too(after_a_rest):
    town = Town(rules("nudges:\n" + nudge(trigger="{happens: order_rejected, times: 3, within: 30m}")))
    for minute in (0, 1):
        town.feed("order_rejected", minute)
    town.corridor.forget("p", START + 120, "profile", 7)
    town.feed("order_rejected", 2.5)
    if after_a_rest:
        town.corridor = at_rest(town.corridor)
    for minute in (1.8, 1.9):
        town.feed("order_rejected", minute)
    assert (town.sent(), town.corridor.outlived) == ([], 2)
