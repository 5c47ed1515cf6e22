"""A worker's partitions tell whom rules reached, at moments of stream time, where a rule could pause itself."""

import asyncio

from streams.crowd.herd import Herd
from streams.crowd.records import Sketched, decode
from tests.training_rules.town import START, Town, nudge, rules


def told(herd, town, *minutes):
    """What is told when time comes to each of some minutes."""

    async def run():
        herd.listener(town.corridor, None)
        found = []
        for minute in minutes:
            town.advance(minute)
            while herd._surveys:
                herd._survey()
            found.append([decode(raw) for raw in herd.take_told()])
        return found

    return asyncio.run(run())


def town(**keys):
    found = Town(rules("nudges:\n" + nudge("a", **keys)))
    found.feed("order_rejected", 0)
    return found


def test_whom_rules_reached_is_told_when_its_moment_has_come():
    ((watched,),) = told(Herd("crowd", 0, 0, guards_every=60), town(), 1)
    assert (watched.at, watched.active, watched.rules["a"].reached) == (START + 60, 1, 1)


def test_cohorts_are_surveyed_when_time_passes_over_several_of_their_moments_in_one_go():
    ranked = Town(rules(
        "metrics:\n  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 1}\n"
        "nudges:\n" + nudge("a", trigger="{holds: cohort_pct(acc(2h) by city) < 25%}")
    ))  # fmt: skip
    ranked.feed("logged_in", 0)
    several = told(Herd("crowd", 10, 60, at_once=True), ranked, 0.5, 1.75, 2, 5.25)
    assert [sum(isinstance(record, Sketched) for record in records) for records in several] == [0, 1, 1, 1]


def test_after_much_work_moments_are_passed_over():
    herd, several = Herd("crowd", 0, 0, guards_every=60), town()
    assert len(told(herd, several, 1)[0]) == 1
    herd._spared_until += 3600
    assert told(herd, several, 2) == [[]]


def test_where_no_rule_sends_nothing_is_told_and_nobody_is_asked_to_put_it_together():
    herd = Herd("crowd", 0, 0, guards_every=60)
    assert told(herd, town(mode="shadow"), 1, 2) == [[], []]
    assert not herd.wanted.is_set()


def test_in_a_replay_nothing_is_told():
    assert told(Herd("crowd", 0, 0), town(), 1, 2) == [[], []]


def test_of_a_partition_that_is_taken_away_meanwhile_nothing_is_told():
    async def run():
        herd, several = Herd("crowd", 0, 0, guards_every=60), town()
        herd.listener(several.corridor, None)
        several.advance(1)
        several.corridor.close()
        while herd._surveys:
            herd._survey()
        return herd.take_told()

    assert asyncio.run(run()) == []
