"""What stands before a partner's state in the changelog: who wrote it, so that a worker paused past its session cannot overwrite its successor.

A record begins with the term (8 bytes): a state's in the room that it leaves for that. The term grows with every change of ownership: an era in the high half, the consumer group's generation
in the low half. The era grows when the group's own counting began anew (the group was deleted, or expired while nobody was there).
The record under `MARK` closes a flush: `term + stream time`, and what the listeners to broadcasts keep (msgpack, by topic) where there is any. States after the last mark belong to a flush that was torn.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

#: The key of the closing record; no partner's id: it is not UTF-8.
MARK = b"\xff"
#: The key of the record that says which source topics the states were made from: `term + JSON`, ids in Kafka by name.
SOURCES = b"\xfe"
CONTROL = frozenset({MARK, SOURCES})

_TERM, _MARK = struct.Struct(">Q"), struct.Struct(">Qd")
_pack_term, _read_term = _TERM.pack, _TERM.unpack_from
HEADER = _TERM.size


class Mark(NamedTuple):
    """The end of a whole flush: who wrote it, the partition's stream time (s since the epoch) at that moment, and what was kept beside the states."""

    term: int
    stream_time: float
    kept: bytes = b""


def next_term(highest: int, generation: int) -> int:
    """The term of a new owner in group generation `generation`, given the highest term found in the changelog (0: none)."""
    era, last = highest >> 32, highest & 0xFFFFFFFF
    return (era + (generation < last)) << 32 | generation


def signed(term: int, state: bytes) -> bytes:
    """The changelog's record of a partner."""
    return _pack_term(term) + state[HEADER:]


def sealed(term: int, said: bytes) -> bytes:
    """The changelog's record of something else."""
    return _pack_term(term) + said


def term_of(header: bytes) -> int:
    """The term that a record begins with."""
    term: int = _read_term(header)[0]
    return term


def mark(term: int, stream_time: float, kept: bytes = b"") -> bytes:
    """The value of the closing record."""
    return _MARK.pack(term, stream_time) + kept


def read_mark(value: bytes) -> Mark:
    """The closing record again."""
    return Mark(*_MARK.unpack_from(value), value[_MARK.size :])
