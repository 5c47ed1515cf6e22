"""Many events handed on in one go come out as one by one."""

import random

from events import FAMILIES
from events.decode import Decoder
from simulator.city import City
from streams.settings import CATALOG
from training_rules import Corridor, load_rules
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
