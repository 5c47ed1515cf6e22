"""Small recordings written by hand, beside the real ones."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from simulator.importers import Cut, Source, open_source
from tests.recordings import recording

__all__ = ["decoded", "drawn", "lines", "recording", "table"]

Rows = Sequence[dict[str, object]]


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str, Rows], Path]:
    """Writes rows as a CSV file of a name, with the header of the first row."""

    def write(name: str, rows: Rows) -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as text:
            writer = csv.DictWriter(text, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes lines as a file."""

    def write(*content: str) -> Path:
        path = tmp_path / "events.ndjson"
        path.write_text("".join(f"{line}\n" for line in content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def drawn() -> Callable[..., list[dict[str, object]]]:
    """All events of a path or an opened source as dictionaries, in the order drawn."""

    def draw(source: Source | Path, cut: Cut | None = None) -> list[dict[str, object]]:
        opened = open_source(source) if isinstance(source, Path) else source
        return list(decoded(opened, cut or Cut()))

    return draw


def decoded(source: Source, cut: Cut) -> Iterator[dict[str, object]]:
    return (json.loads(record.value) for record in source.events(cut))
