"""Reading a CSV file into columns of text, with the line of each row, so that every finding can say where."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd

from simulator.errors import SourceError
from simulator.importers.report import EXAMPLES, Kind, Report

GZIP_MAGIC = b"\x1f\x8b"
Pick = Callable[[list[str]], tuple[str, ...]]


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked when it is gzip (told by its first bytes, not by its name)."""
    try:
        packed = path.is_file() and _packed(path)  # a pipe can't be read twice
        return cast(IO[bytes], gzip.open(path, "rb") if packed else path.open("rb", buffering=1 << 20))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error


def _packed(path: Path) -> bool:
    with path.open("rb") as raw:
        return raw.read(2) == GZIP_MAGIC


def open_text(path: Path) -> IO[str]:
    return io.TextIOWrapper(open_bytes(path), encoding="utf-8-sig", errors="replace", newline="")


def header_of(path: Path) -> list[str]:
    """The first row of a CSV file; empty when the file is."""
    with open_text(path) as text:
        return [name.strip() for name in next(csv.reader(text), [])]


@dataclass(frozen=True, slots=True)
class Table:
    """Some columns of a CSV file as text, indexed by line number (1 is the header), and where it came from."""

    file: str
    rows: pd.DataFrame

    def places(self, lines: pd.Index) -> Iterator[str]:
        return (f"{self.file}:{line}" for line in lines[:EXAMPLES])

    def tell(self, report: Report, kind: Kind, reason: str, where: pd.Series) -> None:
        """Report `reason` for the rows where `where` (boolean, by line) holds."""
        lines = where.index[where.to_numpy(dtype=bool)]
        report.add(kind, reason, len(lines), self.places(lines))

    def without(self, report: Report, reason: str, where: pd.Series) -> "Table":
        """This table less the rows where `where` holds, which are refused for `reason`."""
        self.tell(report, Kind.refused, reason, where)
        return Table(self.file, self.rows[~where])

    def numbers(self, column: str) -> pd.Series:
        """A column as floats; text that is no number (also "nan") becomes NaN."""
        numbers = pd.to_numeric(self.rows[column], errors="coerce").astype("float64")
        return numbers.where(numbers.abs() != float("inf"))


def read_table(path: Path, columns: Sequence[str], report: Report) -> Table:
    """The named columns of `path`; rows with too few or too many cells are refused.

    Raises SourceError when the file has no such column or cannot be read.
    """
    with open_text(path) as text:
        try:
            reader = csv.reader(text)
            pick, width = _picker(path, next(reader, []), columns)
            lines, cells = _cells(path, reader, pick, width, report)
        except (csv.Error, EOFError, OSError) as error:
            raise SourceError(f"{path} cannot be read: {error}") from error
    rows = pd.DataFrame(cells, columns=list(columns), index=pd.Index(lines, dtype="int64"), dtype="str")
    return Table(path.name, rows.apply(lambda column: column.str.strip()))


def _picker(path: Path, header: list[str], columns: Sequence[str]) -> tuple[Pick, int]:
    """What takes the wanted cells out of a row, and how many cells a row has."""
    names = [name.strip() for name in header]
    missing = [column for column in columns if column not in names]
    if missing:
        raise SourceError(f"{path} lacks the column {', '.join(missing)}")
    places = [names.index(column) for column in columns]
    return (lambda row: tuple([row[place] for place in places])), len(names)


def _cells(path: Path, reader: Any, pick: Pick, width: int, report: Report) -> tuple[list[int], list[tuple[str, ...]]]:
    """The lines and wanted cells of the rows that `reader` (of csv) has left."""
    lines, cells = [], []
    for row in reader:
        if not row:
            continue
        report.rows_read[path.name] += 1
        if len(row) == width:
            lines.append(reader.line_num)
            cells.append(pick(row))
        else:
            report.add(Kind.refused, f"a row without {width} cells", 1, [f"{path.name}:{reader.line_num}"])
    return lines, cells
