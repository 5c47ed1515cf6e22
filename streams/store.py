"""Partners who were not heard of for long, in a file: SQLite, one for each partition of a worker.

The file is no truth, it is made anew from the changelog at each start. So it has no journal, nothing is synchronised, one transaction stays open for
hours, and it has no name: it is unlinked as soon as it is there, and the system frees it when the process ends, however it ends.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import inf
from pathlib import Path

from streams.errors import StoreFault
from training_rules.snapshots import peek
from training_rules.storing import Alarm

#: Of the file, in memory, for each partition (KiB); and bytes of one page: six states of the shipped catalogue, or more.
CACHE, PAGE = 2048, 8192
#: Partners put away, after which the memory that they took is given back to the system: some 30 MB.
GONE = 25_000
#: Rows read at a time by those who look at all.
ROWS = 500

_SCHEMA = f"""
PRAGMA page_size = {PAGE};
PRAGMA cache_size = -{CACHE};
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA secure_delete = ON;
CREATE TABLE partners (number INTEGER PRIMARY KEY, partner_id TEXT NOT NULL UNIQUE, due REAL, state BLOB NOT NULL);
CREATE INDEX dues ON partners (due, partner_id) WHERE due IS NOT NULL;
"""
_PUT = "INSERT INTO partners (partner_id, due, state) VALUES (?, ?, ?)"
_GET = "SELECT state FROM partners WHERE partner_id = ?"
_TAKE = "DELETE FROM partners WHERE partner_id = ? RETURNING state"
_ROWS = "SELECT number, partner_id, state FROM partners WHERE number > ? ORDER BY number LIMIT ?"
_IDS = "SELECT number, partner_id FROM partners WHERE number > ? ORDER BY number LIMIT ?"
_ALARMS = "SELECT due, partner_id FROM partners WHERE due IS NOT NULL AND (due, partner_id) > (?, ?) ORDER BY due, partner_id LIMIT ?"


class FileStore:
    """A `training_rules.storing.Store` in a file of `folder`, which is made if it is not there. Raises StoreFault."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count, self._gone = folder, 0, 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(".sqlite", "partners-", folder)
        except OSError as e:
            raise StoreFault(_said(folder, e)) from None
        os.close(handle)
        try:
            self._db = self._opened(name)
        finally:
            Path(name).unlink()

    def _opened(self, name: str) -> sqlite3.Connection:
        with self._told():
            db = sqlite3.connect(name, isolation_level=None)
            db.executescript(_SCHEMA)
            db.execute("BEGIN")
            return db

    @property
    def disk_bytes(self) -> int:
        """How large the file is, or is to be when all is written out."""
        pages: int = self._db.execute("PRAGMA page_count").fetchone()[0]
        return pages * PAGE

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as e:
            raise StoreFault(_said(self._folder, e)) from e

    def __len__(self) -> int:
        return self._count

    def put(self, states: Mapping[str, bytes]) -> None:
        rows = ((who, None if (due := peek(raw)[0]) == inf else due, raw) for who, raw in states.items())
        with self._told():
            self._db.executemany(_PUT, rows)
        self._count, self._gone = self._count + len(states), self._gone + len(states)
        if self._gone >= GONE:
            self._gone = 0
            _give_back()

    def get(self, partner_id: str) -> bytes | None:
        return self._one(_GET, partner_id)

    def take(self, partner_id: str) -> bytes | None:
        raw = self._one(_TAKE, partner_id)
        self._count -= raw is not None
        return raw

    def _one(self, sql: str, partner_id: str) -> bytes | None:
        if not self._count:
            return None
        try:
            rows = self._db.execute(sql, (partner_id,)).fetchall()
        except sqlite3.Error as e:
            raise StoreFault(_said(self._folder, e)) from e
        return rows[0][0] if rows else None

    def drop(self, partner_id: str) -> None:
        """What is deleted is overwritten with zeros (secure_delete); in the file, not in the pages that are held of it only."""
        self.take(partner_id)
        with self._told():
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")

    def ids(self) -> Iterator[str]:
        return (who for _, who in self._pages(_IDS))

    def items(self) -> Iterator[tuple[str, bytes]]:
        return ((who, raw) for _, who, raw in self._pages(_ROWS))

    def _pages(self, sql: str) -> Iterator[tuple[int, ...]]:
        last = 0
        while self._count:
            with self._told():
                rows = self._db.execute(sql, (last, ROWS)).fetchall()
            yield from rows
            if len(rows) < ROWS:
                return
            last = rows[-1][0]

    def alarms(self, after: Alarm, most: int) -> list[Alarm]:
        if not self._count:
            return []
        with self._told():
            return self._db.execute(_ALARMS, (*after, most)).fetchall()

    def close(self) -> None:
        self._db.close()
        self._count = 0


def _give_back() -> None:
    """Let the system have what is free: malloc keeps it, hundreds of MB after a start. Elsewhere than on glibc there is no such call."""
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def _said(folder: Path, error: Exception) -> str:
    return (
        f"partners not heard of for long can't be kept in a file of {folder}: {error}; make room there, or name another folder by NUDGELINE_DATA_DIR, "
        "or keep them in memory by NUDGELINE_STORE_AFTER=0"
    )
