"""Many events handed on in one go come out as one by one."""

import random

from events import FAMILIES
from events.decode import Decoder
from events.structs import STRUCTS
from simulator.city import City
from streams.settings import CATALOG
from tests.training_rules.town import START
from training_rules import Corridor, Partners, load_rules
from training_rules.snapshots import plain

RULES = load_rules(CATALOG)
NAMES = list(FAMILIES)


def entries(seed):
    """A few hours of the city, with some events late, some twice, and some offsets read again."""
    decoders, rnd = {name: Decoder(name).decode for name in FAMILIES}, random.Random(seed)
    found = []
    for offset, record in enumerate(City(25, start=1_772_418_600.0, hours=4.0, seed=seed).events()):
        event = decoders[record.family](record.value, record.key)
        found.append((event.occurred_at, NAMES.index(record.family), offset, event))
    for at in rnd.sample(range(1, len(found)), len(found) // 20):
        found[at - 1], found[at] = found[at], found[at - 1]
    return found + found[-30:]


def told(corridor):
    return {who: plain(state, RULES) for who, state in corridor.partners.items()}, corridor.stream_time, corridor.dirty


def test_what_is_handed_on_together_is_decided_as_one_by_one():
    for seed in (1, 2):
        stream, alone, together, wanted, found = entries(seed), Corridor(RULES), Corridor(RULES), [], []
        for _, source, offset, event in stream:
            wanted += alone.feed(event, NAMES[source], offset)
        for at in range(0, len(stream), 97):
            found += together.feed_all(stream[at : at + 97], NAMES)
        assert len(wanted) > 10
        assert found == wanted
        assert told(together) == told(alone)


def rated(offset, who="p", minute=0):
    return STRUCTS["rating_received"](event_id=f"e{offset}", partner_id=who, occurred_at=START + minute * 60, order_id=f"o{offset}", stars=5)


def test_a_state_is_written_with_all_that_was_handed_on_of_whomever_it_was():
    corridor = Corridor(RULES)
    corridor.feed(rated(3), "ratings", 3)
    corridor.feed(rated(4, "q"), "ratings", 4)
    corridor.write("p")
    assert corridor.partners["p"].applied == {"ratings": 4}


def test_states_that_are_written_together_share_their_offsets():
    corridor = Corridor(RULES)
    corridor.feed_all([(START, 0, 3, rated(3)), (START, 0, 4, rated(4, "q"))], ["ratings"])
    for who in ("p", "q"):
        corridor.write(who)
    assert corridor.partners["p"].applied is corridor.partners["q"].applied


def test_what_a_torn_flush_had_applied_stays_applied_though_its_records_are_still_to_come():
    first = Corridor(RULES)
    first.feed(rated(7), "ratings", 7)
    first.feed(rated(2), "orders", 2)
    again = Corridor(RULES, Partners(RULES, resting={"p": first.write("p")}))
    again.feed(rated(1, "q"), "ratings", 1)
    again.partners.get("p")
    again.write("p")
    assert again.partners["p"].applied == {"ratings": 7, "orders": 2}


def test_a_record_that_was_handed_on_already_is_passed_over():
    corridor = Corridor(RULES)
    corridor.feed(rated(3), "ratings", 3)
    corridor.feed_all([(START, 0, 3, rated(3, "q")), (START, 0, 4, rated(4, "r"))], ["ratings"])
    assert sorted(corridor.partners) == ["p", "r"]
