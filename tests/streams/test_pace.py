"""Not more often than every so many seconds."""

from streams.pace import Pace


def test_a_name_that_did_not_speak_lately_goes_through() -> None:
    assert Pace(10.0).due(["p"], 0.0) == ["p"]


def test_a_name_that_spoke_lately_waits() -> None:
    pace = Pace(10.0)
    pace.due(["p"], 0.0)
    assert pace.due(["p"], 9.9) == []


def test_the_last_change_is_shown_when_the_rest_is_over() -> None:
    pace = Pace(10.0)
    pace.due(["p"], 0.0)
    pace.due(["p"], 5.0)
    assert pace.due([], 10.0) == ["p"]


def test_a_name_that_did_not_change_again_is_forgotten() -> None:
    pace = Pace(10.0)
    pace.due(["p"], 0.0)
    assert pace.due([], 10.0) == []
    assert pace._resting == {}


def test_a_name_that_changes_as_its_rest_ends_is_shown_once() -> None:
    pace = Pace(10.0)
    pace.due(["p"], 0.0)
    assert pace.due(["p"], 10.0) == ["p"]


def test_with_no_pace_every_change_is_shown() -> None:
    pace = Pace(0.0)
    pace.due(["p"], 0.0)
    assert pace.due(["p"], 0.0) == ["p"]
