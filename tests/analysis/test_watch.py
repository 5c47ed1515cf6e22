"""What a watcher has seen: nudges and holds once each, and whether what hurt was cleared, apart from the holds."""

from analysis.watch import Seen, Watch
from streams.settings import load


def decision(number, verdict, reason=None):
    return {"type": "decision", "decision_id": str(number), "verdict": verdict, "reason": reason}


def seen(*values):
    found = Seen()
    for value in values:
        found.take(value, 1.0)
    return found


def test_a_hold_counts_once_under_its_reason():
    assert seen(decision(1, "hold", "cap"), decision(1, "hold", "cap"), decision(2, "ghost", "holdout")).holds == {"cap": 1, "holdout": 1}


def test_what_was_cleared_is_no_hold():
    found = seen(decision(1, "send"), decision(2, "cleared"), decision(3, "not_cleared"))
    assert (found.holds, found.episodes) == ({}, {"cleared": 1, "not_cleared": 1})


def test_a_nudge_that_comes_again_counts_once():
    nudge = {"type": "nudge", "nudge_id": "n", "rule": "r"}
    found = seen(nudge, nudge)
    assert (found.nudges, found.first_nudge_at) == ({"r": 1}, 1.0)


def test_the_features_of_an_erased_partner_end_no_watch():
    watch = Watch(load())
    watch._take([None, b'{"type": "nudge", "nudge_id": "n", "rule": "r"}'])
    assert watch.seen.nudges == {"r": 1}
