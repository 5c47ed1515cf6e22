"""What a rule keeps of a partner at most is known before it runs, and a state that grows beyond its ceiling is cut where most lies."""

import msgspec
import pytest

from events import FAMILIES
from events.decode import Decoder
from simulator.city import City
from streams.settings import CATALOG
from tests.training_rules.town import Town, nudge, rules
from training_rules import Corridor, load_rules
from training_rules.bounds import Growth, kept, spelled
from training_rules.ceiling import cut
from training_rules.snapshots import plain

CATALOGUE = load_rules(CATALOG)
COUNTED = "nudges:\n" + nudge("busy", trigger="{holds: count(order_rejected over 2h) >= 1000000}")


def by_name(compiled):
    return {what.name: what for what in kept(compiled)}


def test_every_slot_of_the_catalogue_has_a_bound():
    assert {slot.key for slot in CATALOGUE.slots} == {key for what in kept(CATALOGUE) for key in what.slots}


def test_no_slot_that_has_a_bound_is_ever_larger():
    corridor, decoders = Corridor(CATALOGUE), {name: Decoder(name).decode for name in FAMILIES}
    for record in City(40, start=1_772_418_600.0, hours=4.0, seed=3).events():
        corridor.feed(decoders[record.family](record.value, record.key))
    bounds = {key: bound for what in kept(CATALOGUE) for key, bound in what.slots.items()}
    looked = 0
    for state in corridor.partners.values():
        for slot, value in zip(CATALOGUE.slots, state.slots, strict=True):
            if value is not None and not bounds[slot.key].grows:
                looked += 1
                assert len(msgspec.msgpack.encode(value)) <= bounds[slot.key].most + 6, (slot.key, value)
    assert looked > 300


@pytest.mark.parametrize(
    ("trigger", "grows"),
    [
        ("{holds: count(order_rejected over 2h) > 3}", [Growth(9, "order_rejected", 7200.0)]),
        ("{holds: count(order_rejected over 30d) > 3}", []),
        ("{happens: order_rejected, times: 3, within: 1h}", []),
        ("{happens: order_rejected, times: 3, in_a_row: true}", [Growth(142, "order_rejected", 120.0), Growth(9, "order_rejected", 120.0)]),
    ],
)
def test_what_grows_with_events_is_told_apart(trigger, grows):
    assert by_name(rules("nudges:\n" + nudge(trigger=trigger)))["nudge n"].grows == grows


def test_more_partial_matches_need_more():
    few, many = (by_name(rules("nudges:\n" + nudge(trigger=f"{{happens: order_rejected, times: {n}, within: 1h}}")))["nudge n"].most for n in (2, 20))
    assert few < many


def wild(town, count, partner="p"):
    """10,000 rejections a second."""
    for number in range(count):
        town.feed("order_rejected", number / 600_000, partner=partner)


def counted(town):
    """How many rejections each partner's window holds."""
    return {s.partner_id: len(s.slots[next(x.number for x in town.corridor.rules.slots if x.key.startswith("times:"))]) for s in town.corridor.partners.values()}


def test_a_state_over_its_ceiling_loses_its_oldest_elements_and_counts_them():
    town = Town(rules(COUNTED))
    wild(town, 20_000)
    state = town.corridor.partners["p"]
    before, in_house, held = state.dropped, town.corridor.house.dropped, counted(town)["p"] + len(state.recent)
    raw, dropped, largest = cut(state, town.corridor.rules, 32_768)
    assert len(raw) <= 32_768
    assert dropped == held - counted(town)["p"] - len(state.recent) > 10_000
    assert (state.dropped - before, town.corridor.house.dropped - in_house) == (dropped, dropped)
    assert largest[0][0] == "window count(order_rejected)"


def test_what_is_left_are_the_newest_elements():
    town = Town(rules(COUNTED))
    wild(town, 20_000)
    state = town.corridor.partners["p"]
    window = next(v for x, v in zip(town.corridor.rules.slots, state.slots, strict=True) if x.key.startswith("times:"))
    newest = window[-100:]
    cut(state, town.corridor.rules, 32_768)
    assert window[-100:] == newest
    assert "e20000" in state.recent


def test_a_state_that_was_cut_goes_on():
    town = Town(rules("nudges:\n" + nudge(trigger="{happens: order_rejected, times: 3, in_a_row: true}", if_="count(order_rejected over 2h) > 3")))
    wild(town, 8000)
    cut(town.corridor.partners["p"], town.corridor.rules, 4096)
    sent = len(town.sent())
    for minute in (1, 2, 3):
        town.feed("order_rejected", minute)
    assert len(town.sent()) == sent + 1


@pytest.mark.parametrize(
    "trigger",
    [
        "{sequence: [{happens: order_accepted}, {happens: order_rejected, where: reason == 'x'}], within: 1h}",
        "{sequence: [{happens: order_accepted}, {happens: order_rejected}], within: 1h}",
        "{happens: order_accepted, without: order_rejected, for: 15m}",
        "{happens: order_rejected, times: 3, in_a_row: true, same: order_id}",
        "{holds: p90(order_rejected.distance_km over 7d) > 3km}",
        "{holds: min(order_rejected.distance_km over 1d) > 3km}",
        "{holds: distinct(order_rejected.order_id over life) > 300000}",
    ],
)
def test_whatever_a_rule_holds_of_a_flood_is_cut(trigger):
    town = Town(rules("nudges:\n" + nudge(trigger=trigger)))
    for number in range(6000):
        town.feed("order_rejected", number / 600_000, distance_km=number / 6000)
    state = town.corridor.partners["p"]
    raw, _, _ = cut(state, town.corridor.rules, 8192)
    assert len(raw) <= 8192
    again = town.corridor.rules.load(raw)
    assert plain(again, town.corridor.rules) == plain(state, town.corridor.rules)
    town.feed("order_rejected", 5)


def test_what_is_bounded_and_small_is_spared():
    town = Town(rules(COUNTED + nudge("silent", trigger="{happens: order_accepted, without: order_picked_up, for: 15m, same: order_id}")))
    town.feed("order_accepted", 0, order_id="o")
    wild(town, 5000)
    before = [v for x, v in zip(town.corridor.rules.slots, town.corridor.partners["p"].slots, strict=True) if x.key.startswith("wait:")]
    cut(town.corridor.partners["p"], town.corridor.rules, 4096)
    assert [v for x, v in zip(town.corridor.rules.slots, town.corridor.partners["p"].slots, strict=True) if x.key.startswith("wait:")] == before != [None]


@pytest.mark.parametrize(
    ("key", "said"),
    [("times:count(position)", "window count(position)"), ("wait:nudge:stuck:happens x", "nudge stuck"), ("ends:logged_out:", "logged_out of the last minutes"), ("shadows:tip", "trial of tip")],
)
def test_slots_are_spelled_for_people(key, said):
    assert spelled(key) == said


def test_a_rule_keeps_nothing_of_one_whose_name_goes_on():
    compiled = rules("nudges:\n" + nudge("tip", mode="shadow") + nudge("tip_two", mode="shadow"))
    assert [sorted(k for k in of.slots if k.startswith("s")) for of in kept(compiled)] == [[f"sends:{name}", f"shadows:{name}"] for name in ("tip", "tip_two")]
