"""Telling what a path holds by what is in its files, not by how they are called."""

import codecs
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

from simulator.errors import SourceError
from simulator.importers import doordash_like, lade, liverpool_bus, sendy
from simulator.importers.frames import Source
from simulator.importers.ndjson import NdjsonSource
from simulator.importers.table import header_of, open_bytes

KNOWN = "sendy, doordash_like, liverpool_bus, lade, or a file of events, one JSON object a line"
BOM = codecs.BOM_UTF8
LOOKED_AT = 100  # lines, of which the first may be damaged
HEADERS: Mapping[str, frozenset[str]] = {
    "sendy orders": sendy.ORDER_HEADER,
    "sendy riders": sendy.RIDER_HEADER,
    "doordash_like": doordash_like.HEADER,
    "liverpool_bus": liverpool_bus.HEADER,
    "lade": lade.HEADER,
}
SINGLE: Mapping[str, Callable[[Path], Source]] = {
    "doordash_like": doordash_like.open_doordash_like,
    "liverpool_bus": liverpool_bus.open_liverpool_bus,
    "lade": lade.open_lade,
}


def open_source(path: str | Path) -> Source:
    """The recording at `path`: a folder of one known data set, one of its CSV files, or a file of events; plain or gzip. A pipe holds events; `-` is standard input.

    Raises SourceError when there is nothing, nothing known, or more than one data set.
    """
    path = Path("/dev/stdin") if str(path) == "-" else Path(path)
    if path.is_dir():
        return _open_folder(path)
    if not path.exists():
        raise SourceError(f"{path} does not exist")
    if not path.is_file() or _holds_events(path):
        return NdjsonSource(path)
    return _open_tables({table_kind(path): [path]}, path)


def table_kind(path: Path) -> str | None:
    """What a CSV file is, by its header; None when that is unknown."""
    names = set(header_of(path))
    return next((kind for kind, header in HEADERS.items() if header <= names), None)


def _open_folder(folder: Path) -> Source:
    found: dict[str | None, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().endswith((".csv", ".csv.gz")):
            found.setdefault(table_kind(path), []).append(path)
    found.pop(None, None)
    return _open_tables(found, folder)


def _open_tables(found: Mapping[str | None, list[Path]], where: Path) -> Source:
    doubled = [paths for paths in found.values() if len(paths) > 1]
    if doubled:
        raise SourceError(f"{where} holds the same kind of table twice: {', '.join(path.name for path in doubled[0])}; name one file")
    tables = {kind: paths[0] for kind, paths in found.items()}
    if tables.keys() & {"sendy orders", "sendy riders"}:
        return _open_sendy(tables, where)
    if len(tables) > 1:
        raise SourceError(f"{where} holds more than one data set ({', '.join(map(str, tables))}); name one file")
    for kind, path in tables.items():
        if kind is not None:
            return SINGLE[kind](path)
    raise SourceError(f"{where} holds no recording that is known here: {KNOWN}")


def _open_sendy(tables: Mapping[str | None, Path], where: Path) -> Source:
    if tables.keys() - {"sendy orders", "sendy riders"}:
        raise SourceError(f"{where} holds more than one data set ({', '.join(map(str, tables))}); name one file")
    if "sendy orders" not in tables:
        raise SourceError(f"{where} holds riders without orders, which tell no time; give the folder with Train.csv in it")
    return sendy.open_sendy(tables["sendy orders"], tables.get("sendy riders"))


def _holds_events(path: Path) -> bool:
    """Whether one of the first lines with anything on it is a JSON object, alone or behind a key and a TAB. Raises SourceError when there is none."""
    with open_bytes(path) as lines:
        first = list(islice((line for line in iter(lambda: lines.readline(1 << 16), b"") if line.removeprefix(BOM).strip()), LOOKED_AT))
    if not first:
        raise SourceError(f"{path} is empty")
    return any(_is_object(line.removeprefix(BOM)) for line in first)


def _is_object(line: bytes) -> bool:
    before, tab, behind = line.partition(b"\t")
    return (behind if tab else before).lstrip().startswith(b"{")
