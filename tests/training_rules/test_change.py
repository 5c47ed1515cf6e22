"""One rule set takes another's place between two events: what is defined as it was lives on, what is new is unknown until it is full."""

import random
from math import inf, nextafter

import pytest

from events import FAMILIES
from events.decode import Decoder
from rulebook.loader import load_texts, paused_in, read_text
from simulator.city import City
from streams.settings import CATALOG
from tests.training_rules.town import MESSAGES, START, Town, nudge, rules
from training_rules import Corridor, EngineOptions, Partners, compile_rules
from training_rules.rules import Rules

MINUTE = 60.0


def text(body):
    return "version: 1\n" + body + MESSAGES


def after(before: Rules, body: str, minute: float) -> Rules:
    """Rules compiled to take the place of others."""
    options = EngineOptions(everyone=True, begun=before.succeeded(START + minute * MINUTE))
    return compile_rules(read_text(text(body))[0], options)


class Changing(Town):
    def change(self, body, minute):
        self.advance(minute)
        self.corridor.change(after(self.corridor.rules, body, minute))


def counted(times=3, window="30m", name="n"):
    return "nudges:\n" + nudge(name, trigger="{happens: order_rejected}", if_=f"count(order_rejected over {window}) >= {times}")


def fewer(window="30m"):
    return "nudges:\n" + nudge(trigger="{happens: order_accepted}", if_=f"count(order_rejected over {window}) < 1")


def test_a_window_that_is_defined_as_it_was_keeps_its_count():
    town = Changing(rules(counted(3)))
    town.feed("order_rejected", 0)
    town.feed("order_rejected", 1)
    town.change(counted(3, name="other"), 2)
    town.feed("order_rejected", 3)
    assert town.sent() == [("other", 3.0)]


def test_a_new_window_is_unknown_until_it_is_full():
    town = Changing(rules("nudges:\n" + nudge("old", trigger="{happens: logged_in}")))
    town.feed("order_accepted", 0)
    town.change(fewer("30m"), 10)
    town.feed("order_accepted", 39.9)
    town.feed("order_accepted", 40)
    assert town.sent() == [("n", 40.0)]


def test_a_window_that_is_made_longer_is_unknown_until_what_was_forgotten_would_have_left():
    """Twenty minutes were kept; the thirtieth is whole ten minutes after the change."""
    town = Changing(rules(fewer("20m")))
    town.feed("order_accepted", 0)
    town.change(fewer("30m"), 60)
    town.feed("order_accepted", 69.9)
    town.feed("order_accepted", 70)
    assert [minute for _, minute in town.sent()] == [0.0, 70.0]


def test_a_window_that_is_made_shorter_is_full_at_once():
    town = Changing(rules(fewer("30m")))
    town.feed("order_accepted", 0)
    town.change(fewer("10m"), 60)
    town.feed("order_accepted", 60.1)
    assert [minute for _, minute in town.sent()] == [0.0, 60.1]


@pytest.mark.parametrize(
    ("window", "full_at"),
    [("today", 60 * 14 + 1), ("last 2", 25), ("session", 25)],
)
def test_a_new_window_that_does_not_slide_is_full_when_it_began_or_filled_after_the_change(window, full_at):
    what = f"avg(rating_received.stars over {window}) < 3"
    town = Changing(rules("nudges:\n" + nudge("old", trigger="{happens: logged_out}")))
    town.feed("logged_in", 0)
    town.feed("rating_received", 5, stars=1)
    town.change("nudges:\n" + nudge(trigger="{happens: rating_received}", if_=what), 10)
    town.feed("rating_received", 15, stars=1)
    if window == "session":
        town.feed("logged_out", 20)
        town.feed("logged_in", 21)
    for minute in (25, 31, 60 * 14 + 1):
        town.feed("rating_received", minute, stars=1)
    assert town.sent()[0] == ("n", full_at)


def test_what_counts_over_a_life_is_known_of_those_who_join_after_the_change():
    town = Changing(rules("nudges:\n" + nudge("old", trigger="{happens: logged_out}")))
    for partner, joined in (("old", "2026-01-01"), ("new", "2026-03-03")):
        town.feed("profile_updated", 0, partner, joined_on=joined)
    town.change("nudges:\n" + nudge(trigger="{happens: order_rejected}", if_="count(order_rejected over life) >= 1"), 10)
    town.feed("order_rejected", 60 * 24, "old")
    town.feed("order_rejected", 60 * 24, "new")
    assert [o.partner_id for o in town.out if o.type == "nudge"] == ["new"]


def test_a_ratio_is_unknown_as_long_as_one_of_its_counts():
    ratio = "metrics:\n  refused: {ratio: {of: order_rejected, to: [order_rejected, order_accepted]}, min_samples: 1}\n"
    town = Changing(rules(counted()))
    town.change(ratio + "nudges:\n" + nudge(trigger="{happens: order_rejected}", if_="refused(30m) > 50%"), 10)
    town.feed("order_rejected", 39)
    town.feed("order_rejected", 40)
    assert town.sent() == [("n", 40.0)]


def test_a_segment_that_is_new_is_looked_at_with_the_partners_next_event_whatever_it_is():
    town = Changing(rules(counted()))
    town.feed("profile_updated", 0, joined_on="2026-03-01")
    town.change("segments:\n  fresh: {when: tenure < 30d}\n", 10)
    town.feed("position", 11, lat=12.9, lon=77.5)
    assert town.moves() == [("fresh", "entered", 11.0)]


def test_a_timer_that_wakes_a_partner_after_the_change_looks_at_what_is_new():
    held = "  wait: {happens: order_accepted, without: order_delivered, for: 30m}\n"
    town = Changing(rules("patterns:\n" + held))
    town.feed("profile_updated", 0, joined_on="2026-03-01")
    town.feed("order_accepted", 0)
    town.change("patterns:\n" + held + "segments:\n  fresh: {when: tenure < 30d}\n", 10)
    town.advance(31)
    assert town.moves() == [("fresh", "entered", 30.0)]


def test_a_pending_wait_of_an_unchanged_rule_goes_on():
    waiting = nudge("stuck", trigger="{happens: arrived_at_restaurant, without: order_picked_up, for: 15m, same: order_id}")
    town = Changing(rules("nudges:\n" + waiting))
    town.feed("arrived_at_restaurant", 0)
    town.change("nudges:\n" + waiting + nudge("new"), 10)
    town.advance(20)
    assert town.sent() == [("stuck", 15.0)]


def test_a_pending_wait_of_a_rule_that_changed_is_gone():
    waiting = "nudges:\n" + nudge("stuck", trigger="{happens: arrived_at_restaurant, without: order_picked_up, for: %s, same: order_id}")
    town = Changing(rules(waiting % "15m"))
    town.feed("arrived_at_restaurant", 0)
    town.change(waiting % "20m", 10)
    town.advance(60)
    assert town.sent() == []


def test_a_cooldown_outlives_a_change_of_the_rules_trigger():
    town = Changing(rules("nudges:\n" + nudge(cooldown="1h")))
    town.feed("order_rejected", 0)
    town.change("nudges:\n" + nudge(trigger="{happens: order_accepted}", cooldown="1h"), 10)
    town.feed("order_accepted", 30)
    assert town.decisions()[-1][:3] == ("n", "hold", "cooldown")


def test_what_was_taken_out_and_put_back_begins_anew():
    town = Changing(rules(counted(2)))
    town.feed("order_rejected", 0)
    town.change("nudges:\n" + nudge("old", trigger="{happens: logged_out}"), 1)
    town.change(counted(2), 2)
    town.feed("order_rejected", 3)
    assert town.sent() == []


def test_what_was_taken_out_and_put_back_begins_anew_for_who_rested_meanwhile_too():
    twice = "nudges:\n" + nudge(trigger="{happens: order_rejected, times: 2, within: 1h}")
    first = rules(twice)
    town = Town(first)
    town.feed("order_rejected", 0)
    resting = {who: first.dump(state) for who, state in town.corridor.partners.items()}
    town = Changing(first)
    town.corridor = Corridor(first, Partners(first, resting=resting), START)
    town.change("nudges:\n" + nudge("old", trigger="{happens: logged_out}"), 0.5)
    town.change(twice, 1)
    town.feed("order_rejected", 2)
    assert town.sent() == []
    town.feed("order_rejected", 3)
    assert town.sent() == [("n", 3.0)]


def test_who_rested_through_a_change_is_looked_at_by_what_is_new():
    first = rules(counted())
    town = Changing(first)
    town.feed("profile_updated", 0, joined_on="2026-03-01")
    town.corridor = Corridor(first, Partners(first, resting={who: first.dump(state) for who, state in town.corridor.partners.items()}), START)
    town.change("segments:\n  fresh: {when: tenure < 30d}\n", 10)
    town.feed("position", 11, lat=12.9, lon=77.5)
    assert town.moves() == [("fresh", "entered", 11.0)]


def test_seats_of_a_rule_that_had_none_are_those_that_its_sends_still_hold():
    town = Changing(rules("nudges:\n" + nudge(cooldown="1h")))
    town.feed("order_rejected", 0, "a")
    town.feed("order_rejected", 1, "b")
    town.change("nudges:\n" + nudge(cooldown="1h", seats="3"), 10)
    for partner in ("c", "d"):
        town.feed("order_rejected", 20, partner)
    assert [(o.partner_id, o.reason) for o in town.out if o.type == "decision"][2:] == [("c", None), ("d", "seats")]


def test_stream_time_is_past_the_change():
    town = Changing(rules(counted()))
    town.change(counted(), 10)
    assert town.corridor.stream_time == nextafter(START + 600, inf)


def test_a_rule_that_is_paused_is_held_and_goes_on_counting():
    ruleset, _ = read_text(text(counted(2)))
    town = Town(compile_rules(paused_in(ruleset, ["n"]), EngineOptions(everyone=True)))
    town.feed("order_rejected", 0)
    town.corridor.change(compile_rules(ruleset, EngineOptions(everyone=True, begun=town.corridor.rules.succeeded(START + 60))))
    town.feed("order_rejected", 2)
    assert [d[1:3] for d in town.decisions()] == [("hold", "mode_off"), ("send", None)]


def test_pausing_makes_another_version_and_pausing_nothing_does_not():
    ruleset, _ = read_text(text(counted()))
    assert paused_in(ruleset, ["n"]).version != ruleset.version
    assert paused_in(ruleset, ["unknown"]) is ruleset


# -- awake or at rest: nobody can tell


FILES = {path.name: path.read_text(encoding="utf-8") for folder in CATALOG for path in sorted(folder.rglob("*.yaml"))}


def without(*names):
    return {name: body for name, body in FILES.items() if not any(n in body for n in names)}


#: What runs, what takes its place – a third of the rules is left out, thresholds and windows are others –, and the first again.
CHANGED = {name: body.replace("over 2h", "over 3h").replace("(2h)", "(3h)").replace("for: 15m", "for: 10m").replace("15m", "12m") for name, body in FILES.items()}
SETS = (FILES, CHANGED, FILES)
NAMES = list(FAMILIES)


def compiled(files, begun=None):
    ruleset, _ = load_texts(files)
    return compile_rules(ruleset, EngineOptions(everyone=True) if begun is None else EngineOptions(everyone=True, begun=begun))


def stream(seed):
    decoders = {name: Decoder(name).decode for name in FAMILIES}
    found = [(r.family, decoders[r.family](r.value, r.key)) for r in City(60, start=1_772_418_600.0, hours=6.0, seed=seed).events()]
    rnd = random.Random(seed)
    for at in rnd.sample(range(1, len(found)), len(found) // 20):
        found[at - 1], found[at] = found[at], found[at - 1]
    return found


def told(seed, *, rest):
    """What is said over two changes, with some minutes between them; `rest`: whoever is awake goes to rest again and again."""
    events, corridor, out, rnd = stream(seed), Corridor(compiled(SETS[0])), [], random.Random(seed)
    changes = {len(events) // 2: SETS[1], len(events) // 2 + 300: SETS[2]}
    for at, (family, event) in enumerate(events):
        if at in changes:
            corridor.change(compiled(changes[at], corridor.rules.succeeded(corridor.stream_time)))
        out += corridor.feed(event, family, at)
        if rest and rnd.random() < 0.01:
            states = corridor.partners.resting | {who: corridor.rules.dump(state) for who, state in corridor.partners.awake.items()}
            corridor = Corridor(corridor.rules, Partners(corridor.rules, resting=states), corridor.stream_time)
    return [repr(o) for o in out if o.type != "features"]


@pytest.mark.parametrize("seed", [1, 2])
def test_partners_who_go_through_bytes_are_told_the_same_as_those_who_are_awake_all_along(seed):
    awake = told(seed, rest=False)
    assert told(seed, rest=True) == awake
    assert len(awake) > 30
