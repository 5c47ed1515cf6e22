"""What is told of a partner at a moment: which rules concern them, and everything that decides about those."""

import pytest

from tests.training_rules.town import START, Town, nudge, rules
from training_rules.explaining import UnknownRule, explain, with_words
from training_rules.watching import Watched

TEXTS = 'messages:\n  text: {en: {title: Hello, body: "{first_name}, a nudge."}, hi: {title: Namaste, body: "{first_name}, suno."}}\n'


def told(text, *events, minute=30, names=(), since=float("-inf"), also=()):
    """The explanation at a minute, after events `(name, minute, fields)`."""
    compiled = rules(text)
    town, watched = Town(compiled), Watched(compiled, "p")
    for kind, at, fields in events:
        watched.feed(town.event(kind, at, **fields))
    watched.advance(START + minute * 60)
    return explain(watched, START + minute * 60, names, since, also)


TWO = "nudges:\n" + nudge("a", trigger="{happens: order_rejected, times: 2, within: 1h}") + nudge("b", trigger="{happens: feature_used}", priority="20")


def test_rules_that_triggered_or_have_begun_concern_a_partner_and_others_do_not():
    used = ("feature_used", 2, {"feature": "map"})
    assert [r.name for r in told(TWO, ("order_rejected", 1, {})).rules] == ["a"]
    assert [r.name for r in told(TWO, used).rules] == ["b"]
    assert [r.name for r in told(TWO, ("logged_in", 1, {})).rules] == []


def test_a_rule_that_is_asked_for_is_shown_whether_it_concerns_them_or_not():
    assert [r.name for r in told(TWO, ("logged_in", 1, {}), names=["b"]).rules] == ["b"]
    assert [r.name for r in told(TWO, ("logged_in", 1, {}), also={"a"}).rules] == ["a"]


@pytest.mark.parametrize(("name", "said"), [("aa", "did you mean `a`?"), ("zzz", "one of: a, b")])
def test_a_rule_that_there_is_not_is_refused(name, said):
    with pytest.raises(UnknownRule, match="no rule is called") as refusal:
        told(TWO, ("logged_in", 1, {}), names=[name])
    assert said in str(refusal.value)


def test_a_rule_that_is_off_is_refused_as_such():
    with pytest.raises(UnknownRule, match="mode: off"):
        told(TWO + nudge("c", mode="off"), ("logged_in", 1, {}), names=["c"])


def test_decisions_are_shown_from_a_moment_on():
    events = [("feature_used", minute, {"feature": "map"}) for minute in (1, 20)]
    [rule] = told(TWO, *events, since=START + 600).rules
    assert [d.decision.decided_at for d in rule.decisions] == [START + 1200]
    assert rule.sends == (START + 60, START + 1200)[-len(rule.sends) :]


def test_what_a_trial_would_have_sent_is_shown_apart_from_what_was_sent():
    [rule] = told("nudges:\n" + nudge("a", mode="shadow", cooldown="1h"), ("order_rejected", 1, {})).rules
    assert (rule.sends, rule.shadows) == ((), (START + 60,))


SEGMENT = "segments:\n  s: {enter: {when: online and not on_order, for: 1h}}\n  t: {when: segment.s}\nnudges:\n" + nudge(trigger="{enters: t}")


def test_segments_are_shown_with_both_edges_and_those_that_they_read():
    [rule] = told(SEGMENT, ("logged_in", 10, {}), names=["n"]).rules
    assert [(s.name, s.member, s.enter.truth, s.exit.truth) for s in rule.segments] == [("t", False, False, True), ("s", False, True, False)]
    assert (rule.segments[1].moving.since, rule.segments[1].moving.due) == (START + 600, START + 600 + 3600)


def test_patterns_are_shown_with_what_is_open_of_them():
    text = "patterns:\n  quick: {sequence: [{happens: order_accepted}, {happens: order_cancelled}], within: 1h, same: order_id}\nnudges:\n"
    [rule] = told(text + nudge(trigger="{happens: quick, times: 2, within: 1d}"), ("order_accepted", 1, {"order_id": "a"})).rules
    assert [(p.name, [(o.have, o.need, o.key) for o in p.opened]) for p in rule.patterns] == [("quick", [(1, 2, "a")])]


def test_a_trigger_is_told_as_a_rule_file_says_it():
    [rule] = told(TWO, ("order_rejected", 1, {})).rules
    assert rule.trigger.text == "happens: order_rejected, times: 2, within: 1h"


NAMED = "nudges:\n" + nudge(trigger="{happens: order_rejected}", send="text", cooldown="1h") + TEXTS


def test_the_partner_is_told_what_they_read_and_the_kind_of_reason_in_their_language():
    profile = ("profile_updated", 0, {"first_name": "Asha", "language": "hi"})
    words = told(NAMED, profile, ("order_rejected", 1, {})).rules[0].words
    assert (words.language, words.title, words.body, words.why) == ("hi", "Namaste", "Asha, suno.", "आपके हाल के ऑर्डर के कारण।")


def test_of_what_was_not_sent_the_partner_is_told_no_text():
    words = told(NAMED, ("order_rejected", 1, {})).rules[0].words
    assert (words.why, words.title, words.body) == ("Because of your recent orders.", "", "")


def test_gates_that_would_hold_now_are_told_with_the_end_of_each():
    profile = ("profile_updated", 0, {"first_name": "Asha"})
    [rule] = told(NAMED, profile, ("order_rejected", 1, {})).rules
    assert [(str(g.reason), g.opens_at) for g in rule.gates] == [("cooldown", START + 60 + 3600)]


def test_the_words_of_what_was_really_sent_stand_above_those_of_the_rules():
    sent = {"rule": "n", "language": "kn", "reason": "because", "title": "a", "body": "b", "decided_at": START}
    found = with_words(told(NAMED, ("order_rejected", 1, {})), [sent, sent | {"title": "later", "decided_at": START + 9000}])
    words = found.rules[0].words
    assert (words.language, words.why, words.title, words.body) == ("kn", "because", "a", "b")
