"""A short slice of `make faults`: kills come out clean, and two broken protocols do not."""

from functools import partial

import pytest

from tests.faults.__main__ import side_by_side, tried
from tests.faults.ground import Ground
from tests.faults.prove import PROOFS
from tests.faults.run import Undisturbed, run

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
KILLS, PROVED, SEED = ("killed", "killed after changelog"), ("offsets first", "no applied offsets"), 77


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What came of it, by name; on one Kafka, two at a time."""
    folder = tmp_path_factory.mktemp("faults")
    given = {"folder": folder, "undisturbed": Undisturbed(folder)}
    jobs = [partial(run, name, SEED, **given) for name in KILLS] + [partial(tried, PROOFS[name], SEED, **given) for name in PROVED]
    with Ground(folder / "ground", 2) as ground:
        return dict(zip((*KILLS, *PROVED), side_by_side(ground, jobs), strict=True))


@pytest.mark.parametrize("kind", KILLS)
def test_a_killed_worker_loses_and_doubles_nothing(found, kind):
    came = found[kind]
    assert (came.lost, came.doubled, came.notes) == (0, 0, [])
    assert came.lives > 1, "nobody was killed"
    assert came.recovered_s


@pytest.mark.parametrize(("proof", "red"), [("offsets first", "lost"), ("no applied offsets", "doubled")])
def test_a_protocol_without_one_of_its_steps_is_seen(found, proof, red):
    assert found[proof][red] > 0
