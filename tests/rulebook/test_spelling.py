"""Values as people read them, by unit and language."""

import pytest

from rulebook.spelling import categories, category, spelled
from rulebook.units import DAY, HOUR, Unit


@pytest.mark.parametrize(("value", "unit", "language", "text"), [
    (12 * DAY + 5 * HOUR, Unit.DURATION, "en", "12 days"),
    (DAY, Unit.DURATION, "en", "1 day"),
    (300, Unit.DURATION, "en", "5 min"),
    (5400.0, Unit.DURATION, "en", "1 hr 30 min"),
    (2 * HOUR, Unit.DURATION, "en", "2 hr"),
    (45, Unit.DURATION, "en", "45 sec"),
    (-300, Unit.DURATION, "en", "-5 min"),
    (12 * DAY, Unit.DURATION, "hi", "12 दिन"),
    (12 * DAY, Unit.DURATION, "kn", "12 ದಿನಗಳು"),
    (1 / 3, Unit.RATIO, "en", "33 %"),
    (1 / 3, Unit.RATIO, "de", "33 %"),
    (36_300.0, Unit.CLOCK, "en", "10:05"),
    (12_345.0, Unit.MONEY, "en", "12345"),
    (12.5, Unit.MONEY, "de", "12,50"),
    (0.7, Unit.DISTANCE, "en", "0.7 km"),
    (3.14159, Unit.DISTANCE, "de", "3,1 km"),
    (25.0, Unit.NUMBER, "en", "25"),
    (1e7, Unit.NUMBER, "hi", "10000000"),
    (4.3333, Unit.NUMBER, "en", "4.33"),
    (4.5, Unit.NUMBER, "fr", "4,5"),
    ("Koramangala", Unit.TEXT, "en", "Koramangala"),
])  # fmt: skip
def test_a_value_is_spelled_by_what_it_measures(value, unit, language, text):
    assert spelled(value, unit, language) == text


@pytest.mark.parametrize(("value", "text"), [(40, "₹40"), (12_345.0, "₹12,345"), (40.5, "₹40.50")])
def test_money_has_its_currency_where_that_is_known(value, text):
    assert spelled(value, Unit.MONEY, "en", "INR") == text


def test_a_language_that_nobody_knows_is_spelled_as_english():
    assert spelled(300, Unit.DURATION, "zzz") == "5 min"


def test_the_plural_category_is_that_of_the_number_as_it_is_shown():
    assert [category(n, "en") for n in (1, 1.0, 1.5, 0, 2)] == ["one", "one", "other", "other", "other"]


def test_each_language_has_categories_of_its_own():
    assert [categories(language) for language in ("en", "ru", "ja")] == [("one", "other"), ("one", "few", "many", "other"), ("other",)]
