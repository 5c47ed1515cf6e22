"""Amounts are compared in the currency that a rule names."""

import pytest

from events.structs import STRUCTS
from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from tests.training_rules.town import MESSAGES, START, Town, nudge, rules


def posted(town, minute, amount, currency):
    event = {"event_id": f"p{minute}", "partner_id": "p", "occurred_at": START + minute * 60}
    return town.put(STRUCTS["earning_posted"](**event, amount=amount, currency=currency, kind="order"))


def moves(when, *amounts):
    """Moves in and out of a segment as amounts are posted, one a minute."""
    town = Town(rules(f"segments:\n  s: {{when: {when}}}\n"))
    for minute, (amount, currency) in enumerate(amounts, 1):
        posted(town, minute, amount, currency)
    return [(transition, minute) for _, transition, minute in town.moves()]


RUPEES_THEN_DOLLARS = ((150.0, "INR"), (60.0, "USD"), (60.0, "USD"))


@pytest.mark.parametrize("amount", ["earnings_today", "sum(earning_posted.amount over 2h)", 'sum(earning_posted.amount where kind == "order" over life)'])
def test_rupees_are_no_dollars(amount):
    assert moves(f"{amount} > 100 USD", *RUPEES_THEN_DOLLARS) == [("entered", 3)]
    assert moves(f"{amount} > 100 INR", *RUPEES_THEN_DOLLARS) == [("entered", 1)]


def test_a_metric_counts_the_currency_that_it_is_compared_in():
    text = "metrics:\n  earned: {value: sum(earning_posted.amount)}\nsegments:\n  s: {when: earned(2h) > 100 USD}\n"
    town = Town(rules(text))
    for minute, (amount, currency) in enumerate(RUPEES_THEN_DOLLARS, 1):
        posted(town, minute, amount, currency)
    assert town.moves() == [("s", "entered", 3)]


def test_an_amount_without_a_currency_in_the_rule_is_the_sum_of_all():
    assert moves("earnings_today > 200", *RUPEES_THEN_DOLLARS) == [("entered", 2)]


def offers(where, **fields):
    """Whether an offer with these fields brings a nudge."""
    town = Town(rules("nudges:\n" + nudge(trigger=f"{{happens: order_offered, where: '{where}'}}")))
    town.feed("order_offered", 1, **fields)
    return bool(town.sent())


@pytest.mark.parametrize(("where", "currency", "sent"), [
    ("pay < 40 INR", "INR", True),
    ("pay < 40 INR", None, True),
    ("pay < 40 INR", "USD", False),
    ("not pay >= 40 INR", "USD", False),
    ("pay in (30 INR | 31 INR)", "USD", False),
    ("pay < 40", "USD", True),
])  # fmt: skip
def test_an_amount_in_another_currency_is_unknown(where, currency, sent):
    assert offers(where, pay=30.0, currency=currency) is sent


def test_rules_that_ask_in_two_currencies_of_one_event_do_not_share_their_question():
    text = "nudges:\n" + "".join(nudge(f"n{n}{c}", f"{{happens: order_offered, where: pay < {n} {c}}}", priority=n) for n in (40, 50) for c in ("INR", "USD"))
    town = Town(rules(text))
    town.feed("order_offered", 1, pay=45.0, currency="USD")
    assert town.sent() == [("n50USD", 1)]


def test_the_evidence_is_in_the_currency_that_was_asked_for():
    town = Town(rules("segments:\n  s: {when: earnings_today > 100 USD}\n"))
    for minute, (amount, currency) in enumerate(RUPEES_THEN_DOLLARS, 1):
        out = posted(town, minute, amount, currency)
    assert out[0].facts["earnings_today"]["value"] == 120.0


def codes(when):
    try:
        return [f.code for f in read_text(f"version: 1\nsegments:\n  s: {{when: {when}}}\n" + MESSAGES)[1]]
    except RuleErrors as e:
        return [f.code for f in e.faults]


def test_bounds_in_two_currencies_do_not_exclude_each_other():
    assert "E410" not in codes("earnings_today > 500 USD and earnings_today < 40 INR")
    assert "E410" in codes("earnings_today > 500 INR and earnings_today < 40 INR")


@pytest.mark.parametrize("when", ["earnings_today > 500 USD + 40 INR", "earnings_today in (40 INR | 50 USD)"])
def test_two_currencies_in_one_comparison_are_refused(when):
    assert "E301" in codes(when)
