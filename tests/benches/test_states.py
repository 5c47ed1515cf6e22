"""Many partners made quickly are partners; what is measured of them is measured of all. No test looks at a time."""

import pytest

from benches import recovery, scaling, timers, workers, yardstick
from benches.states import Crowd, Day
from simulator.sender import positive_hash
from streams.settings import CATALOG
from training_rules import load_rules


@pytest.fixture(scope="module")
def rules():
    return load_rules(CATALOG)


@pytest.fixture(scope="module")
def day(rules):
    return Day.lived(rules, 0.3, partners=20)


def test_a_crowd_is_restored_whole_each_under_a_name_of_its_own(rules, day):
    restored = Crowd(rules, day).restored(300)
    assert {rules.load(raw).partner_id for raw in restored.states()} == {f"p{n}" for n in range(300)}
    assert restored.stream_time == day.end


def test_a_day_is_the_same_from_its_file(day, tmp_path):
    day.write(tmp_path / "day")
    assert Day.read(tmp_path / "day") == day


def test_memory_is_measured_by_a_process_for_each_size():
    found = scaling.measure([200, 100], 0.2)
    assert [row["partners"] for row in found["sizes"]] == [100, 200]
    assert 0 < found["changelog_bytes"] < 5_000


def test_the_slope_is_between_the_two_largest_sizes():
    rows = [{"partners": 1, "cold_bytes": 9_999}, {"partners": 10, "cold_bytes": 150}, {"partners": 20, "cold_bytes": 125}]
    assert scaling.slope(rows, "cold_bytes") == 100


def test_every_timer_that_was_set_fires_once():
    assert timers.measure(200)["fired"] == 200


def test_rules_without_a_wait_set_no_timer():
    corridor = timers._known(timers._rules(timers.NO_WAIT), 5)
    timers._arrivals(corridor, 5)
    assert corridor.next_due == float("inf")


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_a_partner_is_probed_in_each_partition(partitions):
    assert [positive_hash(who.encode()) % partitions for who in recovery.probed(partitions)] == list(range(partitions))


def test_the_probe_stands_beside_the_catalogue():
    assert "bench_probe" in {rule.name for rule in load_rules(recovery.RULES).rules}


def test_workers_are_compared_by_their_medians():
    one, two = {"wall_s": 10.0, "events_per_s": 100, "events_per_cpu_s": 90, "rss_mb": 5.0}, {"wall_s": 6.0, "events_per_s": 170, "events_per_cpu_s": 85, "rss_mb": 9.0}
    rows = workers.compared({1: [one], 2: [two, two]})
    assert [(row["workers"], row["ratio"]) for row in rows] == [(1, 1.0), (2, 1.7)]


def test_the_yardstick_shows_the_run_that_was_wrong():
    run = {"wall_s": 1.0, "cpu_s": 2.0, "events_per_s": 3, "events_per_cpu_s": 4, "rss_mb": 5.0, "right": True, "counts": {"Y2": 1}, "digest": "00"}
    found = yardstick.summary([run, run | {"right": False, "digest": "ff", "wall_s": 3.0}, run])
    assert (found["right"], found["digest"], found["wall_s"]) == (False, "ff", 1.0)
