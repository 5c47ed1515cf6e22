"""A soak of seconds, whole: two workers under load, one of them killed, and what came of it held to the same stream through the core."""

import pytest

from tests.faults.soak import report
from tests.faults.soak.run import Asked, soak
from tests.faults.stream import RULES

ASKED = Asked(seconds=10.0, rate=2000.0, kill_every=5.0, seed=1, partners=800, speed=90.0, compaction_lag=60.0, views=False, rules=(RULES,), swaps=4)


@pytest.mark.kafka
@pytest.mark.timeout(180)
def test_a_short_soak_in_which_rules_change_and_a_worker_is_killed_comes_out_clean(tmp_path):
    """Each decision has the version that the core says, and what did not change goes on counting."""
    found = soak(ASKED, tmp_path)
    assert (found["notes"], report.clean(found), found["ended_with"]) == ([], True, 0)
    assert (found["swaps"], found["versions"], found["kills"] >= 1, found["events"]) == (4, 4, True, 20_000)
    assert set(found["wanted"]) == {"nudges", "decisions", "segment.transitions"}
    assert all(found["found"][topic] >= count > 0 for topic, count in found["wanted"].items())
