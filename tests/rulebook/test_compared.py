"""What a condition puts beside constants is found wherever it stands, and unusual words among it are told."""

import pytest

from rulebook.checks import unusual_word
from rulebook.checks.context import Context
from rulebook.compared import compared
from rulebook.loader import read_text
from rulebook.scope import Scope

METRIC = 'metrics:\n  refused: {value: count(order_rejected where reason == "fra")}\n'


def rule_set(when):
    return read_text(f"version: 1\n{METRIC}segments:\n  s:\n    when: {when}\n", "r.yaml", Context(today="2026-03-02"))


def unusual(when):
    return [(f.span.file.text[f.span.start : f.span.end], f.help) for f in rule_set(when)[1] if f.code == unusual_word.CODE]


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ('count(order_rejected where reason == "far" over 2h) > 3', [("order_rejected", "reason", "far")]),
        ('count(order_rejected where not ("far" == reason or pay > 3) over 2h) > 3', [("order_rejected", "reason", "far"), ("order_rejected", "pay", 3.0)]),
        ("count(order_rejected where reason in (far | busy) over 2h) > 3", [("order_rejected", "reason", "far"), ("order_rejected", "reason", "busy")]),
        ("last(order_delivered.minutes over life) < 30", [("order_delivered", "minutes", 30.0)]),
        ("rating < 3", [("rating_received", "stars", 3.0)]),
        ("not used(stacking)", [("feature_used", "feature", "stacking")]),
        ("refused(2h) > 2", [("order_rejected", "reason", "fra")]),
        ('vehicle == "bicycle"', [("", "vehicle", "bicycle")]),
        ("count(order_rejected over 2h) * 2 > count(order_accepted over 2h)", []),
    ],
)
def test_a_field_beside_a_constant_is_found(when, found):
    rules, _ = rule_set(when)
    assert [(c.event, c.field, c.literal.value) for c in compared(rules.segments["s"].enter.when, Scope(rules))] == found


@pytest.mark.parametrize(
    ("when", "word"),
    [
        ('count(order_rejected where reason == "distance" over 2h) > 3', '"distance"'),
        ("count(order_rejected where reason in (far | fra) over 2h) > 3", "fra"),
        ('last(order_rejected.reason over life) == "distance"', '"distance"'),
        ("used(stackin)", "stackin"),
        ('vehicle == "boat"', '"boat"'),
        ("refused(2h) > 2 and refused(4h) > 3", '"fra"'),
    ],
)
def test_an_unusual_word_is_told_at_its_place_and_once(when, word):
    assert [text for text, _ in unusual(when)] == [word]


def test_a_word_that_is_spelled_like_a_usual_one_is_proposed_beside_the_list():
    assert unusual("used(stackin)")[0][1].startswith("did you mean `stacking`? usually it is one of: route_planner, stacking")


@pytest.mark.parametrize("when", ['city == "Nowhere"', 'zone_demand == "high"', "used(stacking)", 'count(order_cancelled where by == "partner" over 2h) > 1'])
def test_fields_without_usual_words_and_usual_words_are_no_matter(when):
    assert unusual(when) == []


def test_a_word_of_the_company_s_own_can_be_allowed():
    assert unusual('vehicle == "boat" # allow W417 until 2026-12-01') == []
