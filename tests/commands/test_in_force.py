"""Which rules a verb goes by that reads from Kafka."""

from pathlib import Path

import pytest

from commands.in_force import NOTHING_PUSHED, library
from streams.changes import change, publish
from streams.settings import load
from tests.training_rules.town import MESSAGES, START, nudge


@pytest.fixture
def named(tmp_path):
    """A file of rules."""
    path = Path(tmp_path / "a.yaml")
    path.write_text("version: 1\nnudges:\n" + nudge("named") + MESSAGES, encoding="utf-8")
    return path


def names(found):
    return [rule.name for rule in found.begins()[0].rules]


def test_rules_that_are_named_decide_and_no_broker_is_asked(named):
    assert names(library(load(brokers="127.0.0.1:1", rules=[named]), [named])) == ["named"]


def test_without_any_those_decide_that_were_put_in_force(settings, named):
    files = {"b.yaml": "version: 1\nnudges:\n" + nudge("pushed") + MESSAGES}
    publish(settings, change("v", files, START))
    assert names(library(settings.model_copy(update={"rules": [named]}), None)) == ["pushed"]


def test_where_none_ever_were_the_files_of_the_workers_do_and_it_is_said(settings, named, capsys):
    assert names(library(settings.model_copy(update={"rules": [named]}), None)) == ["named"]
    assert NOTHING_PUSHED in capsys.readouterr().err
