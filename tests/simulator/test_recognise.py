import gzip
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from simulator.errors import SourceError
from simulator.importers import open_source
from simulator.importers.doordash_like import COLUMNS as DOORDASH
from simulator.importers.lade import COLUMNS as LADE
from simulator.importers.liverpool_bus import COLUMNS as PINGS
from simulator.importers.sendy import COLUMNS as SENDY

Write = Callable[..., Path]
LIVERPOOL = (*PINGS, "trip_id")
RIDER = {"Rider Id": "Rider_Id_9", "No_Of_Orders": 3, "Age": 10, "Average_Rating": 14, "No_of_Ratings": 2}


def row(columns: Iterable[str]) -> dict[str, object]:
    """A row of empty cells."""
    return dict.fromkeys(columns, "")


@pytest.mark.parametrize(("columns", "name"), [(DOORDASH, "doordash_like"), (LADE, "lade"), (LIVERPOOL, "liverpool_bus")])
def test_a_table_is_known_by_its_header_not_by_its_name(table: Write, columns: Sequence[str], name: str) -> None:
    assert open_source(table("whatever.csv", [row(columns)])).name == name


def test_a_folder_is_known_by_what_is_in_it(table: Write) -> None:
    table("notes.csv", [{"a": 1}])
    assert open_source(table("bus.csv", [row(LIVERPOOL)]).parent).name == "liverpool_bus"


def test_a_packed_table_is_known_too(table: Write, tmp_path: Path) -> None:
    plain = table("bus.csv", [row(LIVERPOOL)])
    packed = tmp_path / "bus.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert open_source(packed).name == "liverpool_bus"


@pytest.mark.parametrize("line", ['{"type":"x"}', 'key\t{"type":"x"}', '\n\n{"type":"x"}'])
def test_a_file_of_json_objects_is_a_file_of_events(lines: Callable[..., Path], line: str) -> None:
    assert open_source(lines(line)).name == "events.ndjson"


def test_two_data_sets_in_one_folder_are_refused_with_their_names(table: Write) -> None:
    table("bus.csv", [row(LIVERPOOL)])
    with pytest.raises(SourceError, match=r"more than one data set \(liverpool_bus, lade\)"):
        open_source(table("parcels.csv", [row(LADE)]).parent)


def test_the_same_table_twice_is_refused(table: Write) -> None:
    table("a.csv", [row(LADE)])
    with pytest.raises(SourceError, match=r"twice: a\.csv, b\.csv"):
        open_source(table("b.csv", [row(LADE)]).parent)


def test_riders_alone_are_refused(table: Write) -> None:
    with pytest.raises(SourceError, match="riders without orders"):
        open_source(table("Riders.csv", [RIDER]))


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "\x00\x01"])
def test_what_is_unknown_is_refused_with_what_is_known(tmp_path: Path, content: str) -> None:
    path = tmp_path / "unknown.csv"
    path.write_text(content)
    with pytest.raises(SourceError, match="no recording that is known here: sendy, doordash_like"):
        open_source(path)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        open_source(tmp_path / "nothing")


@pytest.mark.parametrize("columns", [DOORDASH, LADE, LIVERPOOL, SENDY], ids=["doordash_like", "lade", "liverpool_bus", "sendy"])
def test_a_recording_without_a_row_makes_no_event(tmp_path: Path, columns: Sequence[str]) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(",".join(columns) + "\n")
    assert list(open_source(path).events()) == []


@pytest.mark.parametrize("first", [b"\xef\xbb\xbf", b"not an event\n", b"\xff\xfe\n\n"])
def test_a_file_of_events_may_begin_badly(tmp_path: Path, first: bytes) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(first + b'{"type": "logged_in", "event_id": "1", "partner_id": "p", "occurred_at": 1772418600}\n')
    assert len(list(open_source(path).events())) == 1


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_text("")
    with pytest.raises(SourceError, match="is empty"):
        open_source(tmp_path / "events.ndjson")


def test_a_pipe_can_not_be_read_twice(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="once only"):
        open_source(tmp_path / "pipe").span()
