"""`nudgeline rules`: what needs no Kafka."""

from pathlib import Path

import pytest

from commands.rules import inside


@pytest.mark.parametrize(
    ("name", "place"), [("rules/a.yaml", "rules/a.yaml"), ("a.yaml", "a.yaml"), ("/etc/rules/a.yaml", "etc/rules/a.yaml"), ("../../a.yaml", "a.yaml"), ("./x/../a.yaml", "x/a.yaml")]
)
def test_files_of_a_set_stay_below_the_folder_that_they_are_written_to(name, place):
    assert inside(name) == Path(place)
