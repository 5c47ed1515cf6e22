"""Many rules on one event decide what each of them alone would, in the order in which they stand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training_rules.town import Town, nudge, rules

FAR = [f"distance_km {op} {c}km" for op in ("<", "<=", ">", ">=") for c in (1, 2, 3)]
WHY = [f'reason == "{r}"' for r in ("a", "b", "c", "d", "e", "f")]
TRIGGERS = ("{{happens: order_rejected{}}}", "{{happens: order_rejected{}, times: 2, in_a_row: true}}", "{{happens: order_rejected{}, times: 2, within: 10m}}",
            "{{happens: order_rejected{}, without: logged_out, for: 3m}}", "{{happens: order_rejected{}, without: order_rejected, for: 3m}}", "{{sequence: [{{happens: order_rejected{}}}, {{happens: logged_in}}], within: 5m}}")  # fmt: skip
OFTEN = [f"count({event} over {w}m) {op} {c}" for event in ("order_rejected", "logged_in") for w in (1, 2, 5) for op in ("<", "<=", ">", ">=") for c in (1, 2)]
GUARDS = st.tuples(*(st.sampled_from(["", *asked]) for asked in (FAR, WHY, OFTEN, ["online"], ["pay > 20 INR", "pay != 20 INR"]))).map(lambda parts: " and ".join(filter(None, parts)))
RULES = st.lists(st.tuples(st.sampled_from(TRIGGERS), GUARDS), min_size=2, max_size=12)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["order_rejected"] * 4 + ["logged_in", "logged_out"]), st.integers(-1, 3), st.sampled_from([None, 1.0, 2.0, 2.5]), st.sampled_from([None, "a", "c", "f"]),
        st.sampled_from([None, 20.0, 30.0]),
    ), min_size=4, max_size=15,
)  # fmt: skip


def text(found, **keys):
    body = [nudge(f"n{i:02}", trigger.format(f", where: '{guard}'" if guard else ""), mode="shadow", **keys) for i, (trigger, guard) in found]
    return "nudges:\n" + "".join(body)


def matches(compiled, events):
    town, minute = Town(compiled), 0.0
    for number, (kind, gap, km, reason, pay) in enumerate(events):
        minute += gap
        fields = {"distance_km": km, "reason": reason, "pay": pay} if kind == "order_rejected" else {}
        town.feed(kind, minute, event_id=f"e{number}", **{k: v for k, v in fields.items() if v is not None})
    town.advance(minute + 60)
    return [(o.decided_at, o.rule, tuple(o.evidence["events"])) for o in town.out if o.type == "decision" and "events" in o.evidence]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(RULES, EVENTS)
def test_rules_on_one_event_match_as_each_of_them_alone(found, events):
    together = matches(rules(text(list(enumerate(found)))), events)
    alone = [m for i, rule in enumerate(found) for m in matches(rules(text([(i, rule)])), events)]
    assert sorted(together) == sorted(alone)


def test_matches_of_one_event_come_in_the_order_of_their_rules():
    found = list(enumerate([(TRIGGERS[0], guard) for guard in ("distance_km > 1km", "online", 'reason == "a"', "distance_km > 0.5km", 'reason == "a" and online', "distance_km > 2km")]))
    town = Town(rules(text(found)))
    town.feed("logged_in", 0)
    town.feed("order_rejected", 1, distance_km=3.0, reason="a")
    assert [rule for rule, *_ in town.decisions()] == [f"n{i:02}" for i in range(6)]


def test_a_threshold_that_many_rules_share_is_read_once():
    source = rules(text(list(enumerate([(TRIGGERS[0], f"rating < {n}") for n in (2, 3, 4)])))).source
    handler = source[source.index("def on_order_rejected") :].partition("\ndef ")[0]
    assert handler.count("average(") == 1


def test_counts_over_windows_of_any_length_read_one_element():
    source = rules(text(list(enumerate([(TRIGGERS[0], f"count(logged_in over {hours}h) > 2") for hours in (1, 3, 9)])))).source
    handler = source[source.index("def on_order_rejected") :].partition("\ndef ")[0]
    assert handler.count("w[-3]") == 1
    assert "alive(" not in handler


@pytest.mark.parametrize(("asked", "fire"), [("< 2", [0, 1, 20]), ("<= 2", [0, 1, 2, 20]), ("> 2", [3]), (">= 2", [2, 3]), ("== 2", [2]), ("2 <", [3]), (">= 1.5", [2, 3]), ("> 0.5", [1, 2, 3]), (">= 0", [0, 1, 2, 3, 20])])
def test_a_count_against_a_constant_is_what_counting_says(asked, fire):
    count = "count(logged_in over 10m)"
    where = f"2 < {count}" if asked == "2 <" else f"{count} {asked}"
    town = Town(rules(text([(0, (TRIGGERS[0], where))])))
    for minute in (0, 1, 2, 3, 20):  # before each but the first of them a log-in more, ten minutes and more before the last none
        if 0 < minute < 20:
            town.feed("logged_in", minute)
        town.feed("order_rejected", minute)
    assert [minute for _, _, _, minute in town.decisions()] == fire


def test_more_thresholds_than_python_nests_are_fine():
    found = [(TRIGGERS[0], f"distance_km > {n / 10}km") for n in range(150)]
    town = Town(rules(text(list(enumerate(found)))))
    town.feed("order_rejected", 1, distance_km=9.95)
    assert len(town.decisions()) == 100


@pytest.mark.parametrize("others", [
    ["{happens: rating_received, where: stars <= 2, without: [rating_received, order_delivered], for: 20m}"],
    ["{happens: rating_received, where: stars <= 2}", "{happens: rating_received, where: stars <= 1}"],
], ids=["a wait as well", "two that wait for nothing"])  # fmt: skip
def test_an_event_does_not_end_the_wait_that_it_opens_whoever_asks_the_same(others):
    town = Town(rules("nudges:\n" + nudge("a", "{happens: rating_received, where: stars <= 2, without: rating_received, for: 10m}") + "".join(nudge(f"b{i}", t, mode="shadow") for i, t in enumerate(others))))
    town.feed("rating_received", 1, stars=1)
    town.advance(60)
    assert ("a", "send", None, 11) in town.decisions()
