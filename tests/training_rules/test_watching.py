"""One partner replayed with eyes open: the same decisions as in the corridor of all, and the reasons beside them."""

from random import Random

import pytest

from events.structs import STRUCTS, Forget
from rulebook.loader import read_text
from rulebook.model import Happens
from tests.reference.agreement import drawn, told
from tests.training_rules.town import START, Town, nudge, rules
from training_rules import Corridor, EngineOptions, compile_rules
from training_rules.watching import Watched

SHARED = ("seats", "budget")  # what others take is not in the replay of one


@pytest.mark.parametrize("seed", range(60))
def test_the_replay_of_one_partner_decides_what_the_corridor_of_all_decides(seed):
    text, line = drawn(Random(seed))
    compiled = compile_rules(read_text(text)[0], EngineOptions(season="1"))
    corridor, watched, out = Corridor(compiled), Watched(compiled, "p"), []
    for event in told(line):
        out += corridor.feed(event)
        watched.feed(event)
    out += corridor.advance(line.end)
    watched.advance(line.end)
    if any(o.type == "decision" and o.reason in SHARED for o in out) or any(n.seats or n.offer for n in compiled.ruleset.nudges.values()):
        return
    mine = [o for o in out if o.partner_id == "p"]
    assert [d.decision for d in watched.decided] == [o for o in mine if o.type == "decision"]
    assert [d.nudge for d in watched.decided if d.nudge] == [o for o in mine if o.type == "nudge"]
    assert list(watched.moves) == [o for o in mine if o.type == "segment_transition"]


@pytest.mark.parametrize("seed", range(60))
def test_a_where_is_true_for_exactly_the_events_that_matched(seed):
    text, line = drawn(Random(seed))
    compiled = compile_rules(read_text(text)[0], EngineOptions(season="1"))
    once = {n.name for n in compiled.ruleset.nudges.values() if isinstance(n.trigger, Happens) and n.trigger.times == 1 and not n.trigger.without}
    watched, said = Watched(compiled, "p"), {name: set() for name in once}
    for event in told(line):
        watched.feed(event)
        for name in once:
            said[name] |= {seen.event_id for seen in watched.seen(name, 0) if seen.clause is None or seen.clause.truth is True}
    watched.advance(line.end)
    for name in once:
        if compiled.ruleset.nudges[name].trigger.step.event in STRUCTS:
            assert said[name] == {d.decision.evidence["events"][0] for d in watched.decided if d.decision.rule == name and d.decision.verdict not in ("cleared", "not_cleared")}


RULES = "nudges:\n" + nudge(trigger="{happens: rating_received, where: stars <= 2}", cooldown="1h", if_="count(rating_received over 1d) >= 2")


def watched_town(*stars):
    """A partner rated at minutes 1, 2, ..."""
    compiled = rules(RULES)
    town, watched = Town(compiled), Watched(compiled, "p")
    for minute, given in enumerate(stars, 1):
        watched.feed(town.event("rating_received", minute, stars=given))
    return watched


def test_each_decision_has_the_if_as_it_was_then():
    watched = watched_town(1, 1, 1)
    assert [(str(d.decision.verdict), d.condition.truth, d.condition.readings[0].value) for d in watched.decided] == [
        ("hold", False, 1), ("send", True, 2), ("hold", True, 3),
    ]  # fmt: skip


def test_each_hold_has_all_its_gates():
    assert [[str(g.reason) for g in d.gates] for d in watched_town(1, 1, 1).decided] == [["condition"], [], ["cooldown"]]


def test_the_last_events_of_a_step_are_kept_with_what_their_where_came_to():
    assert [(seen.at, seen.clause.truth) for seen in watched_town(1, 5).seen("n", 0)] == [(START + 60, True), (START + 120, False)]


def test_of_one_who_was_erased_nothing_from_before_is_shown():
    watched = watched_town(1, 1)
    watched.feed(Forget(START + 600, "p"))
    assert (list(watched.decided), watched.seen("n", 0), watched.events, watched.state) == ([], (), 0, None)


def test_an_event_of_another_partner_moves_time_on():
    compiled = rules("nudges:\n" + nudge(trigger="{happens: order_accepted, without: order_picked_up, for: 10m}"))
    town, watched = Town(compiled), Watched(compiled, "p")
    watched.feed(town.event("order_accepted", 1))
    watched.feed(town.event("logged_in", 20, partner="q"))
    assert [d.decision.decided_at for d in watched.decided] == [START + 11 * 60]
