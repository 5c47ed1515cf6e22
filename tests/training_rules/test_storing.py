"""Who was not heard of for long is kept in a store, and nobody can tell by what is decided."""

import random

import pytest

from tests.training_rules.test_corridor import NAMES, RULES, entries, told
from tests.training_rules.test_partners import STUCK, arrive, written
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import Corridor, Partners
from training_rules import partners as partners_module
from training_rules import resting as resting_module
from training_rules.storing import InMemory


def stored(corridor, store=None):
    """The same partners, all of them stored, as a restart may find them."""
    store = InMemory() if store is None else store
    store.put({who: corridor.rules.dump(state) for who, state in corridor.partners.items()})
    return Corridor(corridor.rules, Partners(corridor.rules, store=store), corridor.stream_time)


def put_away(corridor):
    """All who can go to the store go."""
    written(corridor)
    corridor.make_room(0)
    corridor.store(-1.0)


@pytest.fixture
def waiting():
    """A town in which p waits at a restaurant since minute 0, and q made one event; both stored."""
    town = Town(rules(STUCK))
    town.feed("arrived_at_restaurant", 0)
    town.feed("logged_in", 1, partner="q")
    town.corridor = stored(town.corridor)
    return town


def test_the_next_event_brings_one_back(waiting):
    waiting.feed("logged_in", 2, partner="q")
    assert (list(waiting.corridor.partners.awake), list(waiting.corridor.partners.store.ids())) == (["q"], ["p"])


def test_a_timer_of_one_who_is_stored_fires_at_its_time(waiting):
    assert waiting.corridor.next_due == START + 600
    waiting.advance(30)
    assert waiting.sent() == [("n", 10)]


def test_a_timer_of_one_whom_an_event_brought_back_fires_once(waiting):
    waiting.feed("position", 5, lat=1.0, lon=1.0)
    waiting.advance(30)
    assert waiting.sent() == [("n", 10)]


def test_an_event_takes_the_timer_of_one_who_is_stored_away(waiting):
    waiting.feed("order_picked_up", 5)
    waiting.advance(30)
    assert waiting.sent() == []


def test_one_whom_an_old_record_brought_back_has_their_timer_still(waiting, monkeypatch):
    """The record is skipped, and the partner is awake all the same."""
    corridor = waiting.corridor
    corridor.partners["p"].applied = {"session": 9}
    put_away(corridor)
    corridor._alarms.clear()
    corridor.feed(waiting.event("logged_in", 2), "session", 9)
    waiting.advance(30)
    assert waiting.sent() == [("n", 10)]


def test_a_look_brings_nobody_back(waiting):
    partners = waiting.corridor.partners
    assert {state.partner_id for state in partners.values()} == {"p", "q"}
    assert (partners.look("p").partner_id, partners.time_of("p"), len(list(partners.beside()))) == ("p", START, 2)
    assert len(partners.store) == 2


def test_those_who_are_stored_are_counted_and_named(waiting):
    partners = waiting.corridor.partners
    assert (len(partners), sorted(partners), "p" in partners, partners.knows("q"), "r" in partners) == (2, ["p", "q"], True, True, False)
    assert partners["p"] is partners.awake["p"]


def test_of_one_who_is_erased_nothing_stays_in_the_store(waiting):
    partners = waiting.corridor.partners
    waiting.corridor.forget("p", START + 120, "profile", 7)
    assert (partners.store.get("p"), partners.knows("p"), list(partners.erased)) == (None, False, ["p"])
    waiting.advance(30)
    assert waiting.sent() == []


def test_what_those_who_are_stored_were_promised_is_remembered():
    town = Town(rules("nudges:\n" + nudge(seats="1", valid_for="30m")))
    town.feed("order_rejected", 0)
    town.corridor = stored(town.corridor)
    town.feed("order_rejected", 5, partner="q")
    assert town.decisions()[-1][1:3] == ("hold", "seats")


def test_a_rule_set_that_comes_meanwhile_reads_those_who_are_stored(waiting):
    waiting.corridor.change(rules(STUCK.replace("10m", "20m")))
    waiting.feed("arrived_at_restaurant", 3, order_id="o2")
    waiting.advance(60)
    assert waiting.sent() == [("n", 23)]


@pytest.fixture
def resting():
    """A town in which p waits at a restaurant since minute 0, at rest and written, in a corridor that stores."""
    town = Town(rules(STUCK))
    town.corridor = Corridor(town.corridor.rules, Partners(town.corridor.rules, store=InMemory()))
    arrive(town.corridor, town, 0)
    return town


def test_who_was_not_heard_of_for_long_enough_is_stored(resting):
    written(resting.corridor)
    resting.corridor.make_room(0)
    resting.advance(5)
    resting.corridor.store(300.0)
    assert list(resting.corridor.partners.resting) == ["p"]
    resting.advance(6)
    resting.corridor.store(300.0)
    assert (list(resting.corridor.partners.resting), list(resting.corridor.partners.store.ids())) == ([], ["p"])


def test_who_is_not_written_yet_is_not_stored(resting):
    resting.corridor.make_room(0)
    resting.corridor.store(-1.0)
    assert list(resting.corridor.partners.resting) == ["p"]
    assert list(written(resting.corridor)) == ["p"]
    resting.corridor.store(-1.0)
    assert list(resting.corridor.partners.resting) == []


def test_whom_a_timer_woke_goes_back_at_once_when_they_are_written(resting):
    put_away(resting.corridor)
    resting.advance(30)
    assert len(written(resting.corridor)) == 1
    resting.corridor.store(86_400.0)
    assert list(resting.corridor.partners.store.ids()) == ["p"]


def test_where_nothing_is_stored_no_one_is_noted_for_it(resting):
    town = Town(rules(STUCK))
    arrive(town.corridor, town, 0)
    written(town.corridor)
    town.corridor.make_room(0)
    town.advance(30)
    written(town.corridor)
    assert (list(town.corridor.partners.resting), town.corridor.partners.unheard) == (["p"], {})


def test_alarms_of_those_who_are_stored_do_not_stay_in_memory(monkeypatch):
    monkeypatch.setattr(resting_module, "AHEAD", 10)
    monkeypatch.setattr(resting_module, "VAIN", 50)
    town = Town(rules(STUCK))
    town.corridor = Corridor(town.corridor.rules, Partners(town.corridor.rules, store=InMemory()))
    for number in range(400):
        arrive(town.corridor, town, number / 1000, f"p{number:03}", number)
    for _ in range(2):
        put_away(town.corridor)
    assert (len(town.corridor.partners.store), len(town.corridor._alarms)) == (400, 10)
    town.advance(30)
    sent = [d for d in town.out if d.type == "nudge"]
    assert [d.partner_id for d in sent] == [f"p{number:03}" for number in range(400)]


@pytest.fixture
def few(monkeypatch):
    """Few go to the store at a time, and few alarms are known ahead."""
    monkeypatch.setattr(resting_module, "AHEAD", 3)
    monkeypatch.setattr(resting_module, "VAIN", 5)
    monkeypatch.setattr(partners_module, "STORED", 7)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.usefixtures("few")
def test_being_stored_at_any_moment_changes_no_decision(seed):
    decides_the_same(seed, InMemory())


def decides_the_same(seed, store):
    """A corridor whose partners go to the store at random moments, and one in which nobody does."""
    rnd, stream, never = random.Random(seed), entries(seed), Corridor(RULES)
    often, count, brought, begin, wanted, found = Corridor(RULES, Partners(RULES, store=store)), 0, 0, 0, [], []
    while begin < len(stream):
        end = begin + rnd.randrange(1, 60)
        before = len(often.partners.store)
        wanted += never.feed_all(stream[begin:end], NAMES)
        found += often.feed_all(stream[begin:end], NAMES)
        brought += before - len(often.partners.store)
        begin = end
        move(rnd, never, often)
        count = max(count, len(often.partners.store))
    wanted += never.advance(never.stream_time + 3 * 86_400)
    found += often.advance(often.stream_time + 3 * 86_400)
    assert (count > 10, brought > 100, len(wanted) > 10) == (True, True, True)
    assert found == wanted
    assert but_offsets(often) == but_offsets(never)


def but_offsets(corridor):
    """All of it, without when partners were written last: who makes room is written earlier."""
    states, *rest = told(corridor)
    return {who: {name: value for name, value in state.items() if name != "applied"} for who, state in states.items()}, rest


def move(rnd, never, often):
    """A commit now and then, and some go to rest and to the store."""
    if rnd.random() < 0.5:
        assert sorted(written(often)) == sorted(written(never))
    often.make_room(rnd.randrange(12))
    for _ in range(rnd.randrange(4)):
        often.store(rnd.choice((-1.0, 60.0, 900.0)))


def test_a_restart_with_all_of_them_stored_changes_no_decision():
    stream, whole = entries(1), Corridor(RULES)
    cut = len(stream) // 12
    whole.feed_all(stream[:cut], NAMES)
    restarted = stored(whole)
    wanted = whole.feed_all(stream[cut:], NAMES)
    assert len(wanted) > 5
    assert restarted.feed_all(stream[cut:], NAMES) == wanted
    assert told(restarted)[0] == told(whole)[0]


def test_the_earliest_alarms_come_first_and_those_of_one_moment_by_name():
    town, store = Town(rules(STUCK)), InMemory()
    for who in "cab":
        town.feed("arrived_at_restaurant", 0, partner=who)
    store.put({who: town.corridor.rules.dump(state) for who, state in town.corridor.partners.items()})
    assert store.alarms((START + 600, "a"), 1) == [(START + 600, "b")]
