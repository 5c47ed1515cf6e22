"""Every code has its page section, and its example shows it."""

import re
from pathlib import Path

import pytest

import rulebook
from rulebook.checks import CHECKS
from rulebook.codes import CODES
from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from rulebook.reference import reference
from training_rules.timelines import read_timelines

SOURCES = [*Path(rulebook.__file__).parent.glob("*.py"), Path(rulebook.__file__).parents[1] / "training_rules" / "timelines.py"]


def codes_in(text):
    try:
        rules, warnings = read_text(text)
        read_timelines(rules)
    except RuleErrors as e:
        return [f.code for f in e.faults]
    return [f.code for f in warnings]


@pytest.mark.parametrize("entry", [c for c in CODES if c.code not in ("E241", "W291")], ids=lambda c: c.code)
def test_the_example_shows_the_code(entry):
    assert entry.code in codes_in(entry.bad)


def test_two_definitions_of_one_name_are_found_over_files(tmp_path):
    from rulebook.loader import load_files

    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("version: 1\npolicy: {caps: [1 per 20m]}\n")
    with pytest.raises(RuleErrors, match="E241"):
        load_files([tmp_path])


def test_every_code_of_the_source_has_an_entry():
    used = {code for path in SOURCES if path.name != "codes.py" for code in re.findall(r'"([EW]\d{3})"', path.read_text(encoding="utf-8"))}
    assert used - {c.code for c in CODES} == set()
    assert {c.code for c in CODES} - used == set()


def test_codes_of_reading_and_of_checks_are_different():
    assert not {c.code for c in CODES} & {c.CODE for c in CHECKS}


def test_the_page_of_checks_is_what_the_checks_say():
    page = Path(rulebook.__file__).parents[1] / "docs" / "checks.md"
    assert page.read_text(encoding="utf-8") == reference(), "`make docs` writes it anew"
