"""A rule that never triggered is told with what its events had instead."""

import pytest

from analysis.untriggered import MOST_WORDS, Untriggered, Values
from tests.training_rules.town import Town, nudge, rules


def told(trigger, *events, more="", **keys):
    compiled = rules(more + "nudges:\n" + nudge("n", trigger=trigger, **keys))
    town, waiting = Town(compiled), Untriggered(compiled.ruleset)
    for minute, (kind, fields) in enumerate(events):
        waiting.take(town.event(kind, minute, **fields))
    return waiting.lines()["n"]


FAR, BUSY, NONE = ("order_rejected", {"reason": "far"}), ("order_rejected", {"reason": "busy"}), ("order_rejected", {})
ASKS = '{happens: order_rejected, where: reason == "distance"}'


def test_a_word_that_never_came_is_told_with_those_that_came():
    assert told(ASKS, FAR, BUSY, FAR, NONE) == "order_rejected came 4 times; order_rejected.reason was never `distance`: it was far (2), busy (1), missing (1)"


def test_a_rare_rule_is_told_with_the_count_of_its_word_first():
    events = [*[("order_rejected", {"reason": f"r{i % 8}"}) for i in range(80)], ("order_rejected", {"reason": "distance"})]
    assert told(ASKS, *events).startswith("order_rejected came 81 times; order_rejected.reason was distance (1), r0 (10), r1 (10)")


def test_words_beyond_the_commonest_are_counted():
    assert told(ASKS, *[("order_rejected", {"reason": f"r{i}"}) for i in range(9)]).endswith(", 3 more")


def test_an_event_that_never_came_is_told():
    assert told(ASKS, ("logged_in", {})) == "order_rejected never came"


def test_one_event_is_one_time():
    assert told(ASKS, FAR).startswith("order_rejected came 1 time;")


def test_numbers_are_told_by_their_bounds():
    rides = [("order_delivered", {"minutes": minutes}) for minutes in (12, 30.5, 20)]
    assert told("{happens: order_delivered, where: minutes > 45}", *rides).endswith("order_delivered.minutes was from 12 to 30.5")


@pytest.mark.parametrize(
    "trigger",
    ['{holds: count(order_rejected where reason == "distance" over 2h) > 3}', "{enters: refusing}", "{happens: refused, times: 2, within: 1h}"],
)
def test_windows_segments_and_patterns_are_looked_into(trigger):
    more = f'segments:\n  refusing: {{when: count(order_rejected where reason == "distance" over 2h) > 3}}\npatterns:\n  refused: {ASKS}\n'
    assert "order_rejected.reason was never `distance`: it was far (1)" in told(trigger, FAR, more=more)


def test_what_is_known_of_the_partner_is_not_looked_at():
    assert told("{happens: logged_in, where: tenure < 3d}", ("logged_in", {})) == "logged_in came 1 time"


def test_a_rule_that_is_off_is_told_as_such():
    assert told("{happens: logged_in}", ("logged_in", {}), mode='"off"') == "its mode is off"


def test_a_rule_that_triggered_is_not_looked_at_any_more():
    compiled = rules("nudges:\n" + nudge("n", trigger=ASKS))
    town, waiting = Town(compiled), Untriggered(compiled.ruleset)
    waiting.triggered("n")
    waiting.take(town.event("order_rejected", 0, reason="far"))
    assert (waiting.lines(), waiting.values["order_rejected", "reason"]) == ({}, Values(words={"distance": 0}))


def test_what_is_kept_is_bounded_and_what_is_asked_for_is_counted_all_the_same():
    values = Values()
    values.asked(["last"])
    for word in (*map(str, range(2 * MOST_WORDS)), "last"):
        values.take(word)
    assert (len(values.words), values.words["last"]) == (MOST_WORDS, 1)
