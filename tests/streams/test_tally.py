"""The statistics of several workers read as those of one."""

import json

from streams.tally import Tally, last_line, summed

ONE = {"events": 10, "applied": 8, "nudges": {"a": 1}, "lag": 3, "partners": 5, "rss_mb": 50.5, "cpu_s": 1.25, "partitions": {"0": {"lag": 3}}, "partitioners": {}}
OTHER = {"events": 1, "applied": 1, "nudges": {"a": 1, "b": 4}, "lag": 0, "partners": 2, "rss_mb": 40, "cpu_s": 0.5, "partitions": {"1": {"lag": 0}}, "partitioners": {}}


def test_counts_add_up_by_name():
    found = summed([ONE, OTHER])
    assert (found["events"], found["applied"], found["nudges"], found["cpu_s"], found["rss_mb"]) == (11, 9, {"a": 2, "b": 4}, 1.75, 90.5)


def test_partitions_of_all_are_shown():
    assert summed([ONE, OTHER])["partitions"] == {"0": {"lag": 3}, "1": {"lag": 0}}


def test_of_one_that_died_counts_what_it_did_and_not_where_it_stood():
    found = summed([OTHER], [ONE])
    assert (found["events"], found["lag"], found["partners"], found["partitions"]) == (11, 0, 2, {"1": {"lag": 0}})


def test_before_anybody_wrote_there_is_nothing_to_add(tmp_path):
    assert Tally(tmp_path / "stats", 2).write(workers=0)["events"] == 0


def test_a_worker_that_was_started_again_goes_on_counting(tmp_path):
    tally = Tally(tmp_path / "stats", 1)
    tally.born(1)
    _append(tally.file(1), ONE)
    tally.born(1)
    assert tally.write()["applied"] == 8
    _append(tally.file(1), OTHER)
    assert tally.write()["applied"] == 9
    assert last_line(tmp_path / "stats")["nudges"] == {"a": 2, "b": 4}


def test_a_worker_whose_file_was_moved_away_counts_as_it_did(tmp_path):
    tally = Tally(tmp_path / "stats", 1)
    _append(tally.file(1), ONE)
    tally.write()
    tally.file(1).rename(tmp_path / "rotated")
    assert tally.write()["applied"] == 8


def test_a_line_that_is_not_whole_yet_is_not_read(tmp_path):
    (tmp_path / "stats").write_text(json.dumps(ONE) + "\n" + json.dumps(OTHER)[:20])
    assert last_line(tmp_path / "stats") == ONE


def _append(file, line):
    import time

    with file.open("a") as f:
        f.write(json.dumps({"at": time.time(), **line}) + "\n")
