"""The holes of messages: what is one, what its plural forms are, and what is said of braces that are none."""

from time import perf_counter

import pytest

from rulebook.errors import RuleErrors
from rulebook.holes import Hole, template
from rulebook.loader import read_text
from tests.training_rules.town import nudge


def test_a_plain_hole_is_one_name():
    assert template("Hello {first_name}!").parts == ("Hello ", Hole("first_name"), "!")


def test_a_plural_has_its_number_in_each_form():
    [plural] = template("{n, plural, one {# order} other {# orders}}").parts
    assert plural.forms == {"one": (Hole("n"), " order"), "other": (Hole("n"), " orders")}


def test_a_form_may_have_plain_holes():
    assert template("{n, plural, other {# at {place}}}").names() == ("n", "place")


def test_a_number_sign_outside_of_a_plural_is_itself():
    assert template("You are #1").parts == ("You are #1",)


def test_a_plural_is_as_long_as_its_longest_form():
    assert template("{n, plural, one {a} other {abcd}}!").longest() == 5


@pytest.mark.parametrize(("text", "said"), [
    ("Hi {first name}", "`{first name}` is no hole"),
    ("{n | order | orders}", "is no hole"),
    ("{}", "is no hole"),
    ("Hi {first_name", "a hole begins, and does not end"),
    ("Hi first_name}", "without its `{`"),
    ("{n, plurals, other {#}}", "after a comma a hole has `plural`"),
    ("{n, plural,}", "ends too early"),
    ("{n, plural, one # order}", "without its braces"),
    ("{n, plural, other {# orders", "does not end"),
    ("{n, plural, other {a} other {b}}", "twice"),
    ("{n, plural, other {{m, plural, other {#}}}}", "stands within a form"),
])  # fmt: skip
def test_what_is_no_hole_is_told(text, said):
    [problem] = template(text).problems
    assert said in problem.message
    assert problem.help


def test_every_problem_of_a_text_is_told_and_the_rest_is_read():
    read = template("{first name} and {n | a} of {zone}")
    assert len(read.problems) == 2
    assert read.names() == ("zone",)


@pytest.mark.parametrize("text", ["{" * 100_000, "}" * 100_000, "{n, plural, one {" * 20_000, "{n,plural,other{#}}" * 5_000, "{a b}" * 20_000])
def test_a_hostile_text_is_read_at_once(text):
    began = perf_counter()
    template(text)
    assert perf_counter() - began < 1


def faults(texts, args="{n: orders_delivered_today}"):
    text = f"version: 1\nnudges:\n{nudge(send='m', args=args)}messages:\n  m: {texts}\n"
    try:
        return [f"{f.message} | {f.help}" for f in read_text(text)[1]]
    except RuleErrors as e:
        return [f"{f.message} | {f.help}" for f in e.faults]


def test_a_form_that_is_misspelled_is_told_with_the_right_one():
    found = faults('{en: {title: T, body: "{n, plural, ones {# order} other {# orders}}"}}')
    assert any("`ones` is no plural form" in f and "did you mean `one`?" in f for f in found)


def test_a_form_that_the_language_does_not_have_is_told():
    assert any("`few` is never used in en" in f for f in faults('{en: {title: T, body: "{n, plural, few {#} other {#}}"}}'))


def test_the_same_form_is_right_where_the_language_has_it():
    assert not any("few" in f for f in faults('{en: {title: T, body: "{n}"}, ru: {title: T, body: "{n, plural, few {#} other {#}}"}}'))


def test_a_plural_without_other_is_told():
    assert any("no form `other`" in f for f in faults('{en: {title: T, body: "{n, plural, one {# order}}"}}'))


def test_a_plural_of_a_name_is_told():
    assert any("needs a number, and gets a text" in f for f in faults('{en: {title: T, body: "{n, plural, other {#}}"}}', "{n: city}"))


def test_a_hole_within_a_form_has_to_be_filled():
    assert any("a hole `{place}` that nothing fills" in f for f in faults('{en: {title: T, body: "{n, plural, other {# at {place}}}"}}'))
