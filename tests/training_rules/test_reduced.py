"""Values and moments as a timeline spells them."""

import pytest
import yaml

from rulebook.units import duration
from training_rules.reduced import moment, spelled


@pytest.mark.parametrize(("seconds", "text"), [(0, "0m"), (60, "1m"), (3600, "1h"), (5400, "90m"), (61, "61s"), (0.25, "0.25s"), (86_400.5, "86400.5s")])
def test_a_moment_is_told_exactly(seconds, text):
    assert moment(seconds) == text
    assert duration(text) == seconds


@pytest.mark.parametrize("value", ["MTR", "a: b", "no", "12", "it's {x}", 'say "x"', "पास", "null", "200d", "- x", "x #y", ""])
def test_texts_are_read_again_as_they_were(value):
    assert yaml.safe_load(spelled({"k": value})) == {"k": value}


@pytest.mark.parametrize("value", [1, 1.5, 12.9352, 1e-7, 1e9, True, ["a", "b"]])
def test_numbers_flags_and_lists_are_read_again_as_they_were(value):
    assert yaml.safe_load(spelled({"k": value})) == {"k": value}
