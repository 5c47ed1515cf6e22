"""The guide shows what its reader will see, and the page of names is what the names are."""

import re
from pathlib import Path

import pytest

from analysis.backtest import backtest
from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from rulebook.names_page import page
from simulator.city import City
from simulator.importers import decoded
from training_rules import compile_rules
from training_rules.mutants import mutants, noticed
from training_rules.timelines import read_timelines

START = 1_772_418_600.0  # what `simulate --out` begins with: Monday 2026-03-02, 08:00 in Kolkata
DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "guide.md").read_text(encoding="utf-8")
RULES, TESTED, LIVE = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def told(word):
    """The answer on the page that begins with a word."""
    return re.search(rf"```text\n({word}.*?)```", GUIDE, re.DOTALL)[1].strip()


def test_the_mistake_of_the_guide_is_answered_as_it_says():
    with pytest.raises(RuleErrors) as refused:
        read_text(RULES.replace("minutes >", "minuets >"), "rules/slow_trips.yaml")
    assert str(refused.value.faults[0]) == told("error")


def test_the_wrong_word_of_the_guide_is_warned_of_as_it_says():
    _, warnings = read_text(RULES.replace('"bicycle"', '"bicicle"'), "rules/slow_trips.yaml")
    assert [str(w) for w in warnings] == [told("warning")]


def test_nothing_in_the_rule_of_the_guide_is_warned_of():
    assert read_text(RULES)[1] == []


@pytest.mark.parametrize("other", [TESTED, LIVE])
def test_the_guide_changes_one_rule_from_step_to_step(other):
    first, later = (read_text("version: 1\n" + text.removeprefix("version: 1\n"))[0].nudges["slow_trips"] for text in (RULES, other))
    assert [str(x) for x in (first.trigger.step.where, first.condition, first.cooldown, first.max, first.best_of)] == [
        str(x) for x in (later.trigger.step.where, later.condition, later.cooldown, later.max, later.best_of)
    ]


def test_what_the_tests_of_the_guide_do_not_notice_is_what_it_asks_its_reader_for():
    rules, _ = read_text("version: 1\n" + TESTED)
    timelines = read_timelines(rules)
    missed = [m.change.replace("`", "") for m in mutants(rules) if not noticed(m, timelines)]
    assert "tenure < 90d becomes tenure < 180d" in missed
    assert [change for change in missed if "tenure" not in change] == []


@pytest.fixture(scope="module")
def yesterday():
    return list(decoded(City(200, start=START, hours=4, seed=1)))


def test_the_invented_day_gives_what_the_guide_says(yesterday):
    _, untriggered = backtest(compile_rules(read_text(RULES)[0]), yesterday)
    assert "".join(f"{rule} never triggered: {why}" for rule, why in untriggered.items()) == told("slow_trips never")


def test_with_20_minutes_there_is_one_and_it_is_held(yesterday):
    tally, _ = backtest(compile_rules(read_text(RULES.replace("minutes > 45", "minutes > 20"))[0]), yesterday)
    assert tally.decisions == {("slow_trips", "hold", "condition"): 1}


def test_the_page_of_names_is_what_the_names_are():
    assert (DOCS / "names.md").read_text(encoding="utf-8") == page(), "`make docs` writes it anew"
