"""A file of events, one a line, alone or behind its key and a TAB: read as a stream, so that its length does not matter."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from math import inf
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

import msgspec

from events import FAMILIES
from events.decode import AnyDecoder, Decoder
from events.errors import BadEvent, DeadLetterReason
from simulator.errors import SourceError
from simulator.importers.cut import WHOLE, Cut, shifted
from simulator.importers.frames import Place, Record
from simulator.importers.report import Kind, Report
from simulator.importers.table import open_bytes

TAB = b"\t"
BLOCK = 1 << 18  # bytes that are looked at together
LONGEST_LINE = 1 << 24  # bytes; a longer one is no event, and is not read into memory as a whole


class Head(msgspec.Struct):
    """What must be known of an event before its family's decoder is chosen."""

    type: str
    partner_id: str = ""


class Whose(msgspec.Struct, gc=False):
    """What must be known of an event before it is known whether it is wanted."""

    partner_id: str = ""


class NdjsonSource:
    """Events in the order of the file, which should be that of time; each is decoded before it is handed on, and bad ones are refused."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.report = Report(path.name)
        self._path = path
        self._size = max(path.stat().st_size, 1)
        self._raw: IO[bytes] | None = None

    @property
    def done(self) -> float:
        """The share of the file's (packed) bytes that was read; 0 of a pipe, whose end nobody knows."""
        if self._raw is None or self._raw.closed:
            return 0.0 if self._raw is None else 1.0
        if not self._path.is_file():
            return 0.0
        packed = getattr(self._raw, "fileobj", self._raw)
        return min(1.0, packed.tell() / self._size)

    @property
    def lasts(self) -> bool:
        """Whether it can be read more than once: no pipe."""
        return self._path.is_file()

    def span(self, cut: Cut = WHOLE) -> tuple[float, float] | None:
        """First and last time of the cut's readable events, by reading the whole file once. Raises SourceError for a pipe."""
        if not self._path.is_file():
            raise SourceError(f"{self._path} can be read once only; write it to a file first")
        first, last = inf, -inf
        for record in NdjsonSource(self._path).events(replace(cut, shift=0.0)):
            first, last = min(first, record.occurred_at), max(last, record.occurred_at)
        return (first, last) if first <= last else None

    def events(self, cut: Cut = WHOLE) -> Iterator[Record]:
        records = (record for record, _ in self.decoded(cut))
        return records if not cut.shift else (_moved(record, cut.shift) for record in records)

    def decoded(self, cut: Cut = WHOLE) -> Iterator[tuple[Record, Any]]:
        """The events of the cut beside their structs (see `events.structs`), as recorded: not shifted."""
        return islice(self._decoded(cut), cut.limit)

    def _decoded(self, cut: Cut) -> Iterator[tuple[Record, Any]]:
        """The readable events of the cut. One long loop on purpose: at a million lines each call in it takes its time."""
        read_head = msgspec.json.Decoder(Head).decode
        readers = {kind: (family.name, Decoder(family.name).decode) for family in FAMILIES.values() for kind in family.types}
        made, latest, number = self.report.events, -inf, 0
        try:
            for number, line in enumerate(self._lines(), 1):
                key, tab, value = line.partition(TAB)
                try:
                    head = read_head(value if tab else line)
                    if not tab:
                        key, value = head.partner_id.encode(), line
                    family, decode = readers[head.type]
                    event = decode(value, key)
                except (BadEvent, msgspec.DecodeError, KeyError, UnicodeDecodeError) as error:
                    self._refuse(number, line, error)
                    continue
                at = event.occurred_at
                if at < latest:
                    self._late(number)
                latest = max(at, latest)
                if not cut.begin <= at < cut.until:
                    self.report.add(Kind.unused, "events outside --from and --until")
                    continue
                made[head.type] += 1
                yield Record(family, key, value, at), event
        finally:
            self.report.rows_read[self._path.name] = number

    def parted(self, place: Place, cut: Cut = WHOLE) -> Iterator[tuple[int, list[Any]]]:
        """The readable events of some partners, by the number that `place` gives for each: see `simulator.importers.parted`. Shares nothing with other
        readers of the same file, so that several can each take their part. The cut's limit and shift are not for this."""
        decoder, number = AnyDecoder(), 0
        try:
            for block in self._blocks():
                lines = block.split(b"\n")
                yield from self._block(lines, number, place, decoder)
                number += len(lines)
        finally:
            self.report.rows_read[self._path.name] = number

    def _block(self, lines: list[bytes], number: int, place: Place, decoder: AnyDecoder) -> Iterator[tuple[int, list[Any]]]:
        """All at once where all lines are events, and one by one where they are not."""
        try:
            mine: dict[int, list[bytes]] = {}
            for line, whose in zip(lines, _whose(b"\n".join(lines)), strict=True):
                if (part := place(whose.partner_id)) is not None:
                    mine.setdefault(part, []).append(line)
            found = {part: decoder.decode_all(mine[part]) for part in sorted(mine)}
        except (msgspec.DecodeError, ValueError, TypeError, IndexError, RecursionError):
            found = self._one_by_one(lines, number, place)
        for part, events in found.items():
            self.report.events.update(map(_TYPE, events))
            yield part, events

    def _one_by_one(self, lines: list[bytes], number: int, place: Place) -> dict[int, list[Any]]:
        """The same for lines of which some are no events; a line of which nobody can say whose it is belongs to the partner without a name."""
        found: dict[int, list[Any]] = {}
        for at, line in enumerate(lines, number + 1):
            key, tab, value = line.partition(TAB)
            head = _head_or_none(value if tab else line)
            if (part := place(head.partner_id if head else "")) is None:
                continue
            try:
                if head is None:
                    head = _head(value if tab else line)
                event = _readers()[head.type](value if tab else line, key if tab else head.partner_id.encode())
            except (BadEvent, msgspec.DecodeError, KeyError, UnicodeDecodeError) as error:
                self._refuse(at, line, error)
            else:
                found.setdefault(part, []).append(event)
        return dict(sorted(found.items()))

    def _blocks(self) -> Iterator[bytes]:
        """The file by whole lines, some thousands at a time; the last line break is taken off. A line too long to be an event comes in pieces."""
        rest, first = b"", True
        with open_bytes(self._path) as self._raw:
            try:
                while chunk := self._raw.read(BLOCK):
                    text = (rest + chunk).removeprefix(codecs.BOM_UTF8 if first else b"")
                    whole, newline, rest = text.rpartition(b"\n")
                    first = False
                    if newline:
                        yield whole.replace(b"\r\n", b"\n").removesuffix(b"\r") if b"\r" in whole else whole
                    elif len(rest) >= LONGEST_LINE:
                        yield rest
                        rest = b""
            except (EOFError, OSError) as error:
                raise SourceError(f"{self._path} cannot be read: {error}") from error
        if rest:
            yield rest.removesuffix(b"\r")

    def _lines(self) -> Iterator[bytes]:
        """The lines of the file without their ends; raises SourceError where the file is damaged."""
        with open_bytes(self._path) as self._raw:
            try:
                line = self._raw.readline(LONGEST_LINE).removeprefix(codecs.BOM_UTF8)
                while line:
                    yield line.rstrip(b"\r\n")
                    line = self._raw.readline(LONGEST_LINE)
            except (EOFError, OSError) as error:
                raise SourceError(f"{self._path} cannot be read: {error}") from error

    def _refuse(self, number: int, line: bytes, error: Exception) -> None:
        if not line.strip():
            self.report.add(Kind.unused, "an empty line")
            return
        reason, detail = _why(error)
        self.report.add(Kind.refused, reason, 1, [f"{self._path.name}:{number} {detail}".rstrip()])

    def _late(self, number: int) -> None:
        self.report.add(Kind.noticed, "an event that happened before one of an earlier line", 1, [f"{self._path.name}:{number}"])


_head = msgspec.json.Decoder(Head).decode
_whose = msgspec.json.Decoder(Whose).decode_lines
_TYPE = attrgetter("type")


@cache
def _readers() -> dict[str, Callable[[bytes, bytes], Any]]:
    """Decodes a record, by its event type."""
    return {kind: Decoder(family.name).decode for family in FAMILIES.values() for kind in family.types}


def _head_or_none(value: bytes) -> Head | None:
    try:
        return _head(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _why(error: Exception) -> tuple[str, str]:
    """The reason under which a line is counted, and what is said of this one."""
    if isinstance(error, BadEvent):
        return str(error.reason), error.detail
    if isinstance(error, KeyError):
        return str(DeadLetterReason.UNKNOWN_TYPE), f"`{error.args[0]}`"
    if isinstance(error, msgspec.ValidationError):
        return str(DeadLetterReason.INVALID_EVENT), str(error)
    return str(DeadLetterReason.NOT_JSON), str(error)


def _moved(record: Record, seconds: float) -> Record:
    event = shifted(msgspec.json.decode(record.value), seconds)
    return Record(record.family, record.key, msgspec.json.encode(event), event["occurred_at"])
