"""The rules that are shipped: complete, tested, and with tests that notice every small change."""

import pytest

from rulebook.loader import load_files
from streams.settings import CATALOG
from training_rules.mutants import mutants, noticed
from training_rules.timelines import read_timelines, run_tests

RULES, WARNINGS = load_files(CATALOG)
LANGUAGES = {"en", "hi", "kn"}
FILES = sorted({n.span.file.path for n in (*RULES.nudges.values(), *RULES.segments.values())})


def test_nothing_in_the_catalogue_is_warned_of():
    assert WARNINGS == []


def test_every_test_of_the_catalogue_passes():
    assert [r.story() for r in run_tests(RULES) if not r.passed] == []


@pytest.mark.parametrize("nudge", RULES.nudges.values(), ids=lambda n: n.name)
def test_a_rule_says_why_it_is_there_and_when_it_has_done_its_work(nudge):
    assert nudge.hypothesis
    assert nudge.goal
    assert nudge.clears


@pytest.mark.parametrize("message", RULES.messages.values(), ids=lambda m: m.name)
def test_a_message_is_there_in_every_language(message):
    assert set(message.texts) == LANGUAGES


@pytest.mark.parametrize("module", RULES.modules.values(), ids=lambda m: m.name)
def test_a_module_has_a_title_in_every_language(module):
    assert set(module.titles) == LANGUAGES


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.rsplit("/", 1)[-1].removesuffix(".yaml"))
def test_a_small_change_is_noticed_by_a_test(file):
    timelines = read_timelines(RULES)
    assert [f"{m.definition}: {m.change}" for m in mutants(RULES) if m.span.file.path == file and not noticed(m, timelines)] == []
