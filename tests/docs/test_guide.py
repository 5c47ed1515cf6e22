"""The guide shows what its reader will see, and the page of names is what the names are."""

import re
from pathlib import Path

import pytest

from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from rulebook.names_page import page

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "guide.md").read_text(encoding="utf-8")


def test_the_mistake_of_the_guide_is_answered_as_it_says():
    rule = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[1]
    answer = re.search(r"```text\n(error.*?)```", GUIDE, re.DOTALL)[1]
    with pytest.raises(RuleErrors) as refused:
        read_text(rule.replace("minutes >", "minuets >"), "rules/slow_trips.yaml")
    assert str(refused.value.faults[0]).strip() == answer.strip()


def test_the_page_of_names_is_what_the_names_are():
    assert (DOCS / "names.md").read_text(encoding="utf-8") == page(), "`make docs` writes it anew"
