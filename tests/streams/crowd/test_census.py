"""In memory: partitions count whom a rule reached, it is paused for all of them, and after it is resumed counts begin anew."""

from rulebook.loader import load_texts
from streams.changes import change
from streams.crowd.census import SLICE, Census, asked
from streams.crowd.guards import Guards
from streams.halting import resumed
from tests.training_rules.town import MESSAGES, START, Town, nudge
from training_rules import Corridor, EngineOptions, House, compile_rules

FILES = {"a.yaml": "version: 1\nnudges:\n" + nudge("runaway") + nudge("calm", "{happens: order_accepted}", priority="20") + "policy: {max_share: 20% per 1h, guard: {min_partners: 20}}\n" + MESSAGES}
PARTITIONS, PARTNERS = 2, 20


def compiled(paused=()):
    return compile_rules(load_texts(FILES, paused=paused)[0], EngineOptions(everyone=True))


def towns():
    found = [Town(compiled()) for _ in range(PARTITIONS)]
    for number, town in enumerate(found):
        town.corridor = Corridor(compiled(), house=House(number, PARTITIONS))
    return found


def all_do(several, kind, minute, partners=PARTNERS, **fields):
    return [town.feed(kind, minute, f"p{n}", **fields) for town in several for n in range(partners)]


def count(corridor, minute):
    census = Census(corridor, START + minute * 60)
    while (found := census.go_on()) is None:
        pass
    return found


def judge(several, guards, minute):
    for town in several:
        guards.put(count(town.corridor, minute), START + minute * 60)
    return guards.trips()


def verdicts(decided):
    return [(o.rule, str(o.verdict), o.reason and str(o.reason)) for outputs in decided for o in outputs if o.type == "decision"]


def test_a_runaway_rule_is_paused_and_others_go_on_and_it_is_resumed_with_new_counts():
    several, guards = towns(), Guards()
    all_do(several, "feature_used", 0, feature="map")
    all_do(several, "order_rejected", 1, PARTNERS // 2)
    (trip,) = judge(several, guards, 2)
    assert (trip.rule, trip.guard, trip.partners, trip.of) == ("runaway", "max_share", PARTNERS, PARTNERS * PARTITIONS)

    changes = [change("v", FILES, START), change("w", FILES, START + 180, paused=["runaway"]), change("v", FILES, START + 360)]
    for town in several:
        town.corridor.change(compiled(["runaway"]))
    assert verdicts(all_do(several, "order_rejected", 4, 1)) == [("runaway", "hold", "mode_off")] * PARTITIONS
    assert verdicts(all_do(several, "order_accepted", 5, 1)) == [("calm", "send", None)] * PARTITIONS
    assert judge(several, guards, 5.5) == []

    for town in several:
        town.corridor.change(compiled())
        town.corridor.house.live_since = resumed(changes)
    assert verdicts(all_do(several, "order_rejected", 7, 1)) == [("runaway", "send", None)] * PARTITIONS
    assert judge(several, guards, 8) == []
    all_do(several, "order_rejected", 9, PARTNERS // 2)
    assert [t.rule for t in judge(several, guards, 10)] == ["runaway"]


def test_a_partner_at_rest_is_counted_without_being_woken():
    (town, _) = towns()
    all_do([town], "order_rejected", 1)
    partners = town.corridor.partners
    for who in list(partners.awake):
        partners.lay(who, town.corridor.rules.dump(partners.awake[who]))
    found = count(town.corridor, 2)
    assert (found.active, found.rules["runaway"].reached, len(partners.awake)) == (PARTNERS, PARTNERS, 0)


def test_many_partners_are_counted_in_slices():
    (town, _) = towns()
    all_do([town], "order_rejected", 1, SLICE + 1)
    census = Census(town.corridor, START + 120)
    assert census.go_on() is None
    assert census.go_on().active == SLICE + 1


def test_when_rules_change_a_count_begins_anew():
    (town, _) = towns()
    all_do([town], "order_rejected", 1, SLICE + 1)
    census = Census(town.corridor, START + 120)
    census.go_on()
    town.corridor.change(compiled(["runaway"]))
    assert census.go_on() is None
    found = census.go_on()
    assert (found.version, found.active, found.rules) == (town.corridor.rules.version, SLICE + 1, {})


def test_a_set_in_which_nothing_sends_is_not_counted():
    assert not asked(Corridor(compiled(["runaway", "calm"])))
    assert asked(Corridor(compiled()))


def test_a_partner_in_the_store_is_counted_without_being_woken():
    (town, _) = towns()
    all_do([town], "order_rejected", 1)
    partners = town.corridor.partners
    partners.store.put({who: town.corridor.rules.dump(state) for who, state in partners.awake.items()})
    partners.awake.clear()
    found = count(town.corridor, 2)
    assert (found.active, found.rules["runaway"].reached, len(partners.awake)) == (PARTNERS, PARTNERS, 0)
