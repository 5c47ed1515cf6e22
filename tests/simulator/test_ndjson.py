import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.errors import SourceError
from simulator.importers import Cut, Kind, Source, open_source

Lines = Callable[..., Path]
T0 = 1_700_000_000


def event(number: int, at: object = None, **more: object) -> str:
    content = {"type": "logged_in", "event_id": f"e{number}", "partner_id": "p", "occurred_at": T0 + number if at is None else at, **more}
    return json.dumps(content)


def ids(source: Source, cut: Cut | None = None) -> list[str]:
    return [json.loads(record.value)["event_id"] for record in source.events(cut or Cut())]


def test_a_line_goes_out_byte_by_byte_as_it_came_in(lines: Lines) -> None:
    (record,) = open_source(lines("p\t" + event(1))).events()
    assert (record.family, record.key, record.value) == ("session", b"p", event(1).encode())


def test_a_line_without_a_key_is_keyed_by_its_partner(lines: Lines) -> None:
    (record,) = open_source(lines(event(1))).events()
    assert record.key == b"p"


def test_a_packed_file_reads_the_same(lines: Lines, tmp_path: Path) -> None:
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(lines(event(1), event(2)).read_bytes()))
    assert ids(open_source(packed)) == ["e1", "e2"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not_json"),
        ("[]", "invalid_event"),
        ('{"type":"logged_in","event_id":"e","partner_id":"p"}', "invalid_event"),
        ('{"type":"waved","event_id":"e","partner_id":"p","occurred_at":1}', "unknown_type"),
        ("q\t" + event(5), "key_mismatch"),
        (event(5, partner_id=""), "invalid_event"),
        (event(5, battery=101), "invalid_event"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_those_around_it_go_on(lines: Lines, line: str, reason: str) -> None:
    source = open_source(lines(event(1), line, event(2)))
    assert ids(source) == ["e1", "e2"]
    assert [(str(found), finding.examples[0].split()[0]) for found, finding in source.report.findings[Kind.refused].items()] == [
        (reason, "events.ndjson:2")
    ]


def test_every_line_is_counted(lines: Lines) -> None:
    source = open_source(lines(event(1), "", "{", event(2)))
    ids(source)
    assert source.report.rows_read == {"events.ndjson": 4}
    assert source.report.events == {"logged_in": 2}


def test_an_event_earlier_than_the_line_above_is_noticed_and_kept(lines: Lines) -> None:
    source = open_source(lines(event(2), event(1)))
    assert ids(source) == ["e2", "e1"]
    assert source.report.total(Kind.noticed) == 1


@pytest.mark.parametrize(
    ("cut", "expected"),
    [(Cut(begin=T0 + 2), ["e2", "e3"]), (Cut(until=T0 + 2), ["e1"]), (Cut(limit=2), ["e1", "e2"]), (Cut(begin=T0 + 2, limit=1), ["e2"])],
)
def test_a_cut_takes_a_part(lines: Lines, cut: Cut, expected: list[str]) -> None:
    assert ids(open_source(lines(event(1), event(2), event(3))), cut) == expected


def test_the_span_tells_first_and_last_without_touching_the_report(lines: Lines) -> None:
    source = open_source(lines(event(1), event(3, "2023-11-14T22:13:23Z"), "{"))
    assert source.span() == (T0 + 1, T0 + 3)
    assert source.report.events == {}


def test_a_shift_moves_and_marks_every_event(lines: Lines) -> None:
    (record,) = open_source(lines(event(1))).events(Cut(shift=9.0))
    assert json.loads(record.value) == {**json.loads(event(1)), "occurred_at": T0 + 10, "source": "shifted"}
    assert record.occurred_at == T0 + 10


def test_a_torn_file_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "torn.gz"
    path.write_bytes(gzip.compress(b"".join(event(n).encode() + b"\n" for n in range(20_000)))[:-100])
    with pytest.raises(SourceError, match="cannot be read"):
        ids(open_source(path))


def test_the_share_done_ends_at_one(lines: Lines) -> None:
    source = open_source(lines(event(1), event(2)))
    ids(source)
    assert source.done == 1.0
