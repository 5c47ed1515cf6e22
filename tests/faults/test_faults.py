"""A short slice of `make faults`: two kinds come out clean, and two broken protocols do not."""

import pytest

from tests.faults.__main__ import campaign, tried
from tests.faults.ground import Ground
from tests.faults.prove import PROOFS
from tests.faults.run import Undisturbed

pytestmark = pytest.mark.kafka


@pytest.mark.timeout(120)
def test_kills_at_random_and_in_a_commit_lose_and_double_nothing(tmp_path):
    runs = campaign([("killed", 77), ("killed after changelog", 77)], tmp_path, lanes=2)
    assert [(r.kind, r.lost, r.doubled, r.notes) for r in runs] == [("killed", 0, 0, []), ("killed after changelog", 0, 0, [])]
    assert all(r.lives > 1 and r.recovered_s for r in runs), "nobody was killed"


@pytest.mark.timeout(120)
def test_a_protocol_without_one_of_its_steps_is_seen(tmp_path):
    with Ground(tmp_path / "ground", 1) as ground:
        undisturbed = Undisturbed(tmp_path)
        seen = {name: tried(PROOFS[name], 77, ground.lanes[0], tmp_path, undisturbed) for name in ("offsets first", "no applied offsets")}
    assert seen["offsets first"]["lost"] > 0
    assert seen["no applied offsets"]["doubled"] > 0
