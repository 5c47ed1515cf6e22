"""Topics for analysts: columns of the contract, moments as time stamps, and bad records in nobody's way."""

import json

import pandas as pd
import pytest

from analysis.errors import TapError
from analysis.taps import Tapped, Wanted, frame, full_name, schema, write_parquet
from streams.settings import load

DECISION = {"type": "decision", "partner_id": "p", "rule": "r", "verdict": "hold", "reason": "cap", "decided_at": 1_772_445_600.5, "evidence": {"x": 1}}


def tapped(offset=0, text="", **fields):
    return Tapped("decisions", 1, offset, 1_772_445_601.0, "p", None if text else DECISION | fields, text)


def test_moments_are_utc_time_stamps_and_mappings_json_text():
    row = frame([tapped()], "decisions").iloc[0]
    assert row["decided_at"] == pd.Timestamp("2026-03-02T10:00:00.5Z")
    assert json.loads(row["evidence"]) == {"x": 1}
    assert (row["kafka_partition"], row["kafka_offset"]) == (1, 0)


def test_a_frame_of_nothing_has_its_columns():
    assert list(frame([], "nudges").columns) == [f.name for f in schema("nudges")]


def test_a_family_has_the_columns_of_all_its_events():
    assert {"order_id", "reason", "minutes", "occurred_at"} <= set(schema("orders").names)


def test_a_moment_written_as_text_is_a_time_stamp_too():
    event = Tapped("t", 0, 0, 0.0, "p", {"type": "logged_in", "occurred_at": "2026-03-02T15:30:00+05:30"})
    assert frame([event], "session").iloc[0]["occurred_at"] == pd.Timestamp("2026-03-02T10:00:00Z")


def test_records_that_are_no_objects_are_left_out_of_frames():
    assert len(frame([tapped(), tapped(text="nonsense")], "decisions")) == 1


def test_a_value_that_does_not_fit_its_column_is_none():
    assert frame([Tapped("t", 0, 0, 0.0, "p", {"stars": "five", "type": "rating_received"})], "ratings").iloc[0].isna()["stars"]


@pytest.mark.parametrize(("name", "fields", "column", "shown"), [
    ("ratings", {"type": "rating_received", "stars": 10**20}, "stars", None), ("ratings", {"type": "rating_received", "stars": 3.5}, "stars", None),
    ("gps", {"type": "position", "lat": 2**53 + 1}, "lat", float(2**53)), ("gps", {"type": "position", "lat": 10**400}, "lat", None),
    ("orders", {"type": "order_offered", "order_id": "\ud800"}, "order_id", "\\ud800"),
])  # fmt: skip
def test_what_no_column_holds_ends_no_table(name, fields, column, shown, tmp_path):
    records = [Tapped("t", 0, 0, 0.0, "p", fields)]
    found = frame(records, name).iloc[0][column]
    assert pd.isna(found) if shown is None else found == shown
    assert write_parquet(records, name, tmp_path / "t.parquet") == 1


def test_parquet_is_read_back_as_the_frame_is_over_several_row_groups(tmp_path):
    found = [tapped(n, rule=f"r{n}") for n in range(25)]
    assert write_parquet(found, "decisions", tmp_path / "d.parquet", row_group=10) == 25
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "d.parquet"), frame(found, "decisions"))


def test_parquet_of_nothing_is_a_file_with_columns(tmp_path):
    assert write_parquet([], "nudges", tmp_path / "n.parquet") == 0
    assert "body" in pd.read_parquet(tmp_path / "n.parquet").columns


def test_parquet_has_its_name_only_when_it_is_complete(tmp_path):
    def broken():
        yield tapped()
        raise TapError("gone")

    with pytest.raises(TapError):
        write_parquet(broken(), "decisions", tmp_path / "d.parquet", row_group=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "full"), [("nudges", "x.nudges"), ("orders", "x.partner.orders"), ("partner.orders", "x.partner.orders"), ("x.nudges", "x.nudges")])
def test_topics_are_known_by_each_of_their_names(name, full):
    assert full_name(load(topic_prefix="x."), name) == full


def test_an_unknown_topic_is_told_with_those_that_are():
    with pytest.raises(TapError, match=r"no topic is called 'nudge'.*nudges.*orders"):
        full_name(load(), "nudge")


@pytest.mark.parametrize(("fields", "takes"), [({"rule": "r"}, True), ({"rule": "s"}, False), ({"decided_at": "1772445600.5"}, True), ({"no": "x"}, False)])
def test_records_are_chosen_by_the_values_of_their_fields(fields, takes):
    assert Wanted(fields=fields).takes(tapped()) is takes
