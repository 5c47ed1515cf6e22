"""Each check finds what is wrong in its bad file, where it is, and nothing in its good one."""

from importlib.resources import files

import pytest

from rulebook.checks import CHECKS
from rulebook.checks.context import Context
from rulebook.errors import RuleErrors
from rulebook.loader import read_text

CONTEXT = Context(today="2026-03-02")


def found(check, which):
    name = f"{check.__name__.rpartition('.')[2]}.{which}.yaml"
    try:
        return read_text((files("rulebook.checks") / name).read_text(encoding="utf-8"), name, CONTEXT)[1]
    except RuleErrors as e:
        return list(e.faults)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.CODE)
def test_the_bad_file_shows_it(check):
    faults = [f for f in found(check, "bad") if f.code == check.CODE]
    assert faults
    assert all(f.severity is check.SEVERITY and f.message and f.help and f.where for f in faults)
    assert all(f.span.file.text[f.span.start : f.span.end].strip() for f in faults)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.CODE)
def test_the_good_file_does_not(check):
    assert [str(f) for f in found(check, "good") if f.code == check.CODE or f.code.startswith("E")] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.CODE)
def test_its_page_says_what_it_is_and_what_to_do(check):
    title, _, rest = (check.__doc__ or "").strip().partition("\n\n")
    assert title.endswith(".")
    assert len(rest) > 40


def test_codes_are_used_once():
    codes = [c.CODE for c in CHECKS]
    assert sorted(set(codes)) == sorted(codes)


SNOOZED = """version: 1
segments:
  all:
    when: count(order_rejected over 2h) >= 0 # allow W411 until {until}
  # allow W412 until {until}
  other: {{when: online}}
"""


def warnings(until, today="2026-03-02"):
    return [f.message for f in read_text(SNOOZED.format(until=until), context=Context(today=today))[1]]


def test_a_snoozed_warning_is_not_shown_until_its_day():
    assert warnings("2026-03-03") == []


def test_a_snooze_that_is_over_is_told():
    assert warnings("2026-03-02") == ["this is always true, once it is known (allowed until 2026-03-02)"]


def test_another_code_is_not_snoozed():
    assert warnings("2099-01-01", "2026-03-02") == []
    assert [f.code for f in read_text(SNOOZED.replace("W411", "W410").format(until="2099-01-01"))[1]] == ["W411"]


def test_errors_can_not_be_snoozed():
    with pytest.raises(RuleErrors, match="E410"):
        read_text("version: 1\nsegments:\n  odd:\n    when: tenure < 1d and tenure > 2d # allow E410 until 2099-01-01\n")
