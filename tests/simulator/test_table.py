import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.errors import SourceError
from simulator.importers.report import Kind, Report
from simulator.importers.table import header_of, read_table


def test_a_row_keeps_the_line_it_ends_on(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('x,y\n1,"two\nlines"\n\n3,4\n')
    assert read_table(path, ["x"], Report("a")).rows.index.tolist() == [3, 5]


def test_a_row_with_too_few_cells_is_refused_with_its_place(tmp_path: Path) -> None:
    path, report = tmp_path / "a.csv", Report("a")
    path.write_text("x,y\n1\n3,4\n")
    read_table(path, ["x"], report)
    assert report.as_dict()["refused"] == {"a row without 2 cells": {"count": 1, "examples": ["a.csv:2"]}}


def test_a_missing_column_is_said_in_one_sentence(table: Callable[..., Path]) -> None:
    with pytest.raises(SourceError, match=r"a\.csv lacks the column z$"):
        read_table(table("a.csv", [{"x": 1}]), ["x", "z"], Report("a"))


def test_a_packed_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "packed.csv"
    path.write_bytes(gzip.compress(b"x,y\n1,2\n"))
    assert header_of(path) == ["x", "y"]


def test_a_torn_packed_file_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "torn.csv.gz"
    path.write_bytes(gzip.compress(b"x\n" + b"123456789\n" * 100_000)[:-50])
    with pytest.raises(SourceError, match="cannot be read"):
        read_table(path, ["x"], Report("torn"))


@pytest.mark.parametrize("text", ["nan", "", "inf", "-Infinity", "12a"])
def test_what_is_no_finite_number_is_missing(table: Callable[..., Path], text: str) -> None:
    numbers = read_table(table("a.csv", [{"x": text, "y": 1}]), ["x"], Report("a")).numbers("x")
    assert numbers.isna().all()


def test_reasons_are_counted_and_only_a_few_places_are_kept() -> None:
    report = Report("a")
    for line in range(10):
        report.add(Kind.refused, "bad", 1, [f"a.csv:{line}"])
    assert report.as_dict()["refused"] == {"bad": {"count": 10, "examples": ["a.csv:0", "a.csv:1", "a.csv:2"]}}
