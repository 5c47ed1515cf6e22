"""Events to a file, one JSON object a line, gzipped where the file's name says so; the same events make the same bytes."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from simulator.importers import Record

TOLD_EVERY = 5_000


def write_events(path: Path, records: Iterable[Record], told: Callable[[int], None]) -> int:
    """Write all events and return how many; `told` hears the number now and then. The file appears when it is whole. Raises OSError."""
    count = 0
    with _whole(path) as out:
        for count, record in enumerate(records, 1):
            out.write(record.value + b"\n")
            if count % TOLD_EVERY == 0:
                told(count)
    told(count)
    return count


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when everything is written, and is removed when something goes wrong before."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as raw:
            if path.suffix == ".gz":  # neither a time nor a name in the header, or equal events would make unequal files
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield raw
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
