"""In-file tests: what is given stands for what it names, and whatever can't be compared is refused."""

import pytest

from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from tests.training_rules.town import MESSAGES, nudge
from training_rules.timelines import read_timelines, run_tests

SEGMENT = """metrics:
  acc: {{ratio: {{of: order_accepted, to: [order_accepted, order_rejected]}}}}
  stars: {{value: avg(rating_received.stars)}}
places:
  hubs: [{{name: A, at: [12.9, 77.6]}}]
segments:
  s: {{when: {when}}}
"""
NUDGES = "segments:\n  s: {when: online}\nnudges:\n" + nudge("n", "{happens: order_accepted}", cooldown="1h") + nudge("w", mode="shadow")


def passes(rules, given="{}", expect="{enters: s}", partner="{}", event="logged_in: {}"):
    """Whether a test passes that expects something after one event."""
    test = f"tests:\n  - name: t\n    partner: {partner}\n    given: {given}\n    timeline:\n      - {{at: 1m, {event}}}\n      - {{at: 1m, expect: {expect}}}\n"
    ruleset = read_text("version: 1\n" + rules + test + MESSAGES)[0]
    [result] = run_tests(ruleset, read_timelines(ruleset))
    return result.passed


def refused(*args, **kwargs):
    """The faults of a test, as text."""
    with pytest.raises(RuleErrors) as refusal:
        passes(*args, **kwargs)
    return str(refusal.value)


@pytest.mark.parametrize(("when", "given"), [
    ("rating < 3", "{rating: 2}"),
    ("orders_delivered_today >= 20", "{orders_delivered_today: 25}"),
    ("orders_accepted_today == 7", "{orders_accepted_today: 7}"),
    ("modules_completed > 2", "{modules_completed: 3}"),
    ("completed(m1)", '{"completed(m1)": true}'),
    ("not used(heat_map)", '{"used(heat_map)": false}'),
    ("acc(2h) < 50%", '{"acc(2h)": 10%}'),
    ("stars(7d) < 3", '{"stars(7d)": 2}'),
    ("count(order_rejected over 2h) > 4", '{"count(order_rejected over 2h)": 5}'),
    ("tenure > 30d", "{tenure: 31d}"),
    ("local_time() > 17:00", '{"local_time()": 17:30}'),
    ("distance_to(hubs) < 1km", '{"distance_to(hubs)": 0.5km}'),
    ('zone == "north"', "{zone: north}"),
    ('nearest(hubs) == "A"', """{"nearest(hubs)": '"A"'}"""),
])  # fmt: skip
def test_what_is_given_stands_for_what_it_names(when, given):
    rules = SEGMENT.format(when=f"'{when} and online'")
    assert passes(rules, given)
    if not when.startswith("not"):
        assert not passes(rules)


@pytest.mark.parametrize(("given", "said"), [
    ("{nonsense: 5}", "unknown field `nonsense`"),
    ('{"distance_to(x)": 1km}', "unknown places `x`"),
    ('{"distance_to(hubs)": 500m}', "a distance is given as a duration"),
    ("{rating: 2d}", "a number is given as a duration"),
    ("{online: 3}", "a true/false is given as a number"),
    ("{rating: speed}", "`given` sets a reference to a value"),
    ('{"rating > 3": true}', "`rating > 3` is no reference"),
    ('{"acc(3h)": 10%}', "no rule reads `acc(3h)`"),
    ("{rating: 3}", "no rule reads `rating`"),
    ("{rating: [1]}", "`given` sets a reference to a value"),
])  # fmt: skip
def test_what_can_not_be_given_is_refused(given, said):
    assert said in refused(SEGMENT.format(when="online"), given)


@pytest.mark.parametrize("expect", [
    "{nudge: n, lang: en}", "{nudge: n, says: A nudge}",
])  # fmt: skip
def test_what_a_nudge_says_is_compared(expect):
    assert passes(NUDGES, expect=expect, event="order_accepted: {}")
    wrong = expect.replace("lang: en", "lang: hi").replace("A nudge", "Another")
    assert not passes(NUDGES, expect=wrong, event="order_accepted: {}")


@pytest.mark.parametrize("expect", [
    "{enters: s, says: x}", "{enters: s, why: cooldown}", "{enters: s, lang: en}", "{shadow: w, says: x}", "{shadow: w, lang: en}", "{shadow: w, why: cooldown}",
    "{nudge: n, why: cooldown}", "{held: n, lang: en}", "{held: n, says: x}",
])  # fmt: skip
def test_a_detail_that_has_no_meaning_there_is_refused(expect):
    assert "E256" in refused(NUDGES, expect=expect)


def test_a_reason_that_is_none_is_refused_with_the_one_that_was_meant():
    assert "did you mean `cooldown`?" in refused(NUDGES, expect="{held: n, why: coldown}")


@pytest.mark.parametrize(("partner", "said"), [
    ("{tenur: 12d}", "did you mean `tenure`?"),
    ("{colour: red}", "unknown key `colour`"),
    ("{tenure: soon}", "`tenure: soon`: a duration"),
    ("{zone_demand: lo}", "did you mean `low`?"),
    ("{city: [blr]}", "`city` takes a single value"),
    ("{consent: maybe}", "can't be read"),
    ("{joined_on: yesterday}", "can't be read"),
])  # fmt: skip
def test_a_partner_that_can_not_be_is_refused(partner, said):
    assert said in refused(NUDGES, partner=partner)


def test_a_field_of_an_event_is_a_value_and_no_mapping():
    assert "`zone` takes a value, or a list of values" in refused(NUDGES, event="logged_in: {zone: {name: x}}")


STUCK = "nudges:\n" + nudge("n", "{happens: arrived_at_restaurant, without: order_picked_up, for: 15m, same: order_id}")
RIDING = "nudges:\n" + nudge("n") + "policy: {never_while: riding}\n"


def story(rules, *lines):
    """What is wrong with a test of several lines; empty where it passes."""
    test = "tests:\n  - name: t\n    timeline:\n" + "".join(f"      - {{{line}}}\n" for line in lines)
    ruleset = read_text("version: 1\n" + rules + test + MESSAGES)[0]
    [result] = run_tests(ruleset, read_timelines(ruleset))
    return "; ".join(row.wrong for row in result.rows if row.wrong)


@pytest.mark.parametrize(("late", "wrong"), [("90s", ""), ("30s", "recalled: n did not come as it was expected")])
def test_an_event_that_comes_late_takes_back_what_it_disproves(late, wrong):
    lines = ["at: 0m, arrived_at_restaurant: {order_id: o}", "at: 15m, expect: {nudge: n}", f"at: 16m, late: {late}, order_picked_up: {{order_id: o}}"]
    assert story(STUCK, *lines, "at: 16m, expect: {recalled: n}") == wrong.replace(" as it was expected", "")


def test_late_says_nothing_of_an_expectation():
    with pytest.raises(RuleErrors, match="`late` says how long after it happened an event comes"):
        story(STUCK, "at: 16m, late: 90s, expect: nothing")


@pytest.mark.parametrize(("last", "wrong"), [("{nudge: n}", ""), ("nothing", "nudge: n was not expected")])
def test_what_waited_is_expected_after_drop_off(last, wrong):
    lines = ["at: 0m, order_accepted: {order_id: o}", "at: 1m, order_rejected: {}", "at: 1m, expect: {held: n, why: not_safe_now}", "at: 9m, order_delivered: {order_id: o}"]
    assert story(RIDING, *lines, f"at: 9m, expect: {last}") == wrong
