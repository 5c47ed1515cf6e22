"""What the partner reads: holes filled by unit, plural and language."""

from math import inf, nan

import pytest

from events.structs import STRUCTS
from rulebook.spelling import prepare
from tests.training_rules.town import START, Town, nudge, rules
from training_rules.messages import missing_hole


def sent(text, args, language="en", before=(), metrics=""):
    """The body of a nudge that a delivered order brings, after the events `before`."""
    definitions = f"{metrics}nudges:\n{nudge(trigger='{happens: order_delivered}', send='m', args=args)}messages:\n  m: {text}\n"
    town = Town(rules(definitions))
    town.feed("profile_updated", 0, language=language, joined_on="2026-02-18", first_name="Asha")
    for minute, (event, fields) in enumerate(before, 1):
        town.put(made(event, minute, fields))
    return [o.body for o in town.feed("order_delivered", 5, distance_km=3.14159) if o.type == "nudge"]


def made(event, minute, fields):
    order = {"order_id": f"o{minute}"} if "order_id" in STRUCTS[event].__struct_fields__ else {}
    return STRUCTS[event](event_id=f"before-{minute}", partner_id="p", occurred_at=START + minute * 60, **order, **fields)


EARNED = ("earning_posted", {"amount": 12345.0, "currency": "INR", "kind": "order"})
ONE = '{en: {title: T, body: "{x}"}, hi: {title: T, body: "{x}"}}'


@pytest.mark.parametrize(("arg", "text"), [
    ("earnings_today", "12345"), ("tenure", "12 days"), ("online_today", "4 min"), ("acc(2h)", "33 %"), ("local_time()", "10:05"), ("distance_km", "3.1 km"),
    ("orders_delivered_today", "1"), ("12 - orders_delivered_today", "11"), ("40 INR", "₹40"), ("first_name", "Asha"),
])  # fmt: skip
def test_each_reference_is_spelled_by_its_unit(arg, text):
    before = [("logged_in", {}), EARNED, ("order_accepted", {}), ("order_rejected", {}), ("order_rejected", {})]
    metrics = "metrics:\n  acc: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}}\n"
    assert sent(ONE, f"{{x: {arg}}}", before=before, metrics=metrics) == [text]


def test_a_number_is_spelled_in_the_language_of_the_text():
    assert sent(ONE, "{x: tenure}", language="hi") == ["12 दिन"]


PLURAL = '{en: {title: T, body: "{n, plural, =3 {a hat trick} one {# order} other {# orders}} today"}}'


@pytest.mark.parametrize(("count", "text"), [(1, "1 order today"), (2, "2 orders today"), (3, "a hat trick today")])
def test_a_plural_takes_the_form_of_its_number(count, text):
    before = [("order_delivered", {})] * (count - 1)
    assert sent(PLURAL, "{n: orders_delivered_today}", before=before) == [text]


def test_a_plural_without_a_value_holds_the_nudge():
    assert sent(PLURAL, "{n: rating}") == []


def test_a_value_without_bounds_holds_the_nudge():
    assert sent(ONE, f"{{x: distance_km{' * 999999999999999' * 25}}}") == []


def test_languages_are_read_before_events_flow():
    prepare.cache_clear()
    rules("nudges:\n" + nudge(args="{days: tenure}") + "messages:\n  text:\n    en: {title: Hello, body: '{days} with us'}\n    hi: {title: Hello, body: '{days}'}\n    kn: {title: Hello, body: '{days}'}\n")
    assert prepare.cache_info().currsize == 3


@pytest.mark.parametrize("value", [1e15, -(10**40), inf, nan, None])
def test_what_no_language_spells_is_missing(value):
    assert missing_hole(["n"], {"n": value}) == "n"
