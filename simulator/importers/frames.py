"""Events as columns, until the moment they are drawn: one by one in the order of time, checked against the contract, as bytes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
import pandas as pd
from pydantic import BaseModel, ValidationError

from events import FAMILIES
from events.decode import AnyDecoder
from simulator.importers.cut import WHOLE, Cut, shifted
from simulator.importers.report import Kind, Report

# The order in which events of the same moment are told: who the partner is and where, what they did, good-bye.
ORDER_OF_LIFE = (
    "profile_updated",
    "logged_in",
    "position",
    "order_accepted",
    "arrived_at_restaurant",
    "order_picked_up",
    "order_delivered",
    "earning_posted",
    "logged_out",
)


Column = np.ndarray[Any, Any]
Place = Callable[[str], int | None]
"""The number of a partner's part, None for one whose events are not wanted."""

PROFILE = "profile_updated"
SLICE = 500  # events handed on together


class Record(NamedTuple):
    """An event on its way to Kafka: its family, key and value as bytes, and when it happened (seconds since the epoch)."""

    family: str
    key: bytes
    value: bytes
    occurred_at: float


class Source(Protocol):
    """A recording: draw its events once, then read its report."""

    name: str
    report: Report

    def events(self, cut: Cut = WHOLE) -> Iterator[Record]:
        """The events in the order of time; the report is complete when the last was drawn."""
        ...

    def span(self, cut: Cut = WHOLE) -> tuple[float, float] | None:
        """First and last recorded time of the cut, None when it holds no event."""
        ...

    @property
    def done(self) -> float:
        """The share drawn so far, 0 to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """Events of one type as columns of equal length; a None among `fields` leaves that field out of its event.

    `occurred_at` in seconds since the epoch; `lines` are those of `file` that the events come from; `source` is the mark that
    every event bears, `derived` the reasons for which the report counts it.
    """

    type: str
    file: str
    lines: Sequence[int]
    occurred_at: Column
    partner_id: Sequence[str]
    event_id: Sequence[str]
    source: str
    fields: Mapping[str, Sequence[Any]]
    derived: tuple[str, ...] = ()

    def columns(self) -> list[tuple[str, Sequence[Any]]]:
        """The columns that differ from event to event, by field name, as Python values."""
        named = {"event_id": self.event_id, "partner_id": self.partner_id, "occurred_at": self.occurred_at.tolist(), **self.fields}
        return list(named.items())


def listed(column: pd.Series) -> list[object]:
    """A column as Python values, with None for what is missing."""
    return column.astype(object).where(column.notna(), None).tolist()


class TableSource:
    """Events made of tables that fit into memory; `frames` in any order."""

    def __init__(self, name: str, frames: Sequence[Frame], report: Report) -> None:
        self.name = name
        self.report = report
        self._frames = [frame for frame in frames if len(frame.occurred_at)]
        self._drawn, self._wanted = 0, 0
        self._prepared: tuple[Cut, Column, Column, Column] | None = None

    def __len__(self) -> int:
        return sum(len(frame.occurred_at) for frame in self._frames)

    @property
    def done(self) -> float:
        return self._drawn / self._wanted if self._wanted else 0.0

    def span(self, cut: Cut = WHOLE) -> tuple[float, float] | None:
        _, _, times = self._chosen(cut)
        wanted = times[: cut.limit]
        return (float(wanted[0]), float(wanted[-1])) if len(wanted) else None

    def events(self, cut: Cut = WHOLE) -> Iterator[Record]:
        numbers, rows, times = self._chosen(cut)
        self.report.add(Kind.unused, "events outside --from and --until", len(self) - len(times))
        self._drawn, self._wanted = 0, min(len(times), cut.limit or len(times))
        seen: set[object] = set()
        drawers = [Drawer(frame, self.report, cut.shift, seen) for frame in self._frames]
        for number, row in zip(numbers.tolist(), rows.tolist(), strict=True):
            if cut.limit is not None and self._drawn >= cut.limit:
                return
            record = drawers[number].draw(row)
            if record is not None:
                self._drawn += 1
                yield record

    def prepare(self, cut: Cut = WHOLE) -> None:
        """Put the events of the cut in order, once for all who take a part of them."""
        numbers, rows, times = self._chosen(cut, known=True)
        ids = (self._frames[n].event_id[row] for n, row in zip(numbers.tolist(), rows.tolist(), strict=True))
        self._prepared = cut, numbers, rows, _repeated(ids, len(times))

    def parted(self, place: Place, cut: Cut = WHOLE) -> Iterator[tuple[int, list[Any]]]:
        """The events of some partners, by the number that `place` gives for each: see `simulator.importers.parted`. The cut's limit and shift are not
        for this."""
        if self._prepared is None or self._prepared[0] != cut:
            self.prepare(cut)
        assert self._prepared is not None
        _, numbers, rows, repeated = self._prepared
        self._drawn, self._wanted = 0, len(rows)
        drawers = [Drawer(frame, self.report, 0.0, set()) for frame in self._frames]
        partners, held = [frame.partner_id for frame in self._frames], dict[int, list[Any]]()
        for number, row, again in zip(numbers.tolist(), rows.tolist(), repeated.tolist(), strict=True):
            self._drawn += 1
            part = place(partners[number][row])
            if part is None or (event := drawers[number].struct(row, again=again)) is None:
                continue
            events = held.setdefault(part, [])
            events.append(event)
            if len(events) == SLICE:
                yield part, held.pop(part)
        yield from sorted(held.items())

    def _chosen(self, cut: Cut, *, known: bool = False) -> tuple[Column, Column, Column]:
        """Frame number, row in it and time of each event of the cut (its limit apart), in the order of time and of life. `known`: profiles from before too."""
        if not self._frames:
            return np.empty(0, int), np.empty(0, int), np.empty(0)
        sizes = [len(frame.occurred_at) for frame in self._frames]
        times = np.concatenate([frame.occurred_at for frame in self._frames])
        numbers = np.repeat(np.arange(len(sizes)), sizes)
        rows = np.concatenate([np.arange(size) for size in sizes])
        ranks = np.array([ORDER_OF_LIFE.index(frame.type) for frame in self._frames])[numbers]
        order = np.lexsort((rows, ranks, times))
        wanted = (times >= cut.begin) & (times < cut.until)
        if known:
            wanted |= (times < cut.begin) & np.array([frame.type == PROFILE for frame in self._frames])[numbers]
        order = order[wanted[order]]
        return numbers[order], rows[order], times[order]


class Drawer:
    """Draws the events of one frame by row: built only then, checked against the contract, counted, encoded."""

    __slots__ = ("_columns", "_family", "_fixed", "_frame", "_model", "_report", "_seen", "_shift")

    def __init__(self, frame: Frame, report: Report, shift: float, seen: set[object]) -> None:
        self._frame, self._report, self._shift, self._seen = frame, report, shift, seen
        self._family, self._model = family_and_model(frame.type)
        self._fixed = {"type": frame.type, "source": frame.source}
        self._columns = frame.columns()

    def draw(self, row: int) -> Record | None:
        """The event of a row, None when it is refused."""
        event: dict[str, Any] = self._fixed | {name: column[row] for name, column in self._columns if column[row] is not None}
        if self._shift:
            event = shifted(event, self._shift)
        reason = self._fault(event)
        if reason is not None:
            self._refuse(row, reason)
            return None
        self._count()
        return Record(self._family, str(event["partner_id"]).encode(), msgspec.json.encode(event), event["occurred_at"])

    def struct(self, row: int, *, again: bool) -> Any | None:
        """The same, not shifted, as a struct of `events.structs`: by a shorter way than through bytes. `again`: its id came before."""
        event: dict[str, Any] = {name: column[row] for name, column in self._columns if column[row] is not None}
        event["source"] = self._frame.source
        if again:
            self._refuse(row, self._told_before)
            return None
        try:
            found = _convert(self._frame.type, event)
        except (msgspec.ValidationError, ValueError, TypeError) as error:
            reason = self._fault(self._fixed | event) or f"{self._frame.type} against the contract: {error}"
            self._refuse(row, reason)
            return None
        self._count()
        return found

    def _refuse(self, row: int, reason: str) -> None:
        self._report.add(Kind.refused, reason, 1, [f"{self._frame.file}:{self._frame.lines[row]}"])

    @property
    def _told_before(self) -> str:
        return f"{self._frame.type} of the same order and step told before"

    def _fault(self, event: dict[str, Any]) -> str | None:
        if event["event_id"] in self._seen:
            return self._told_before
        self._seen.add(event["event_id"])
        try:
            self._model.model_validate(event)
        except ValidationError as error:
            return f"{self._frame.type} against the contract: {first_fault(error)}"
        return None

    def _count(self) -> None:
        self._report.events[self._frame.type] += 1
        for reason in self._frame.derived:
            self._report.add(Kind.derived, reason)


_convert = AnyDecoder().convert


def _repeated(ids: Iterator[str], size: int) -> Column:
    """Of each id in turn whether it came before."""
    seen: set[str] = set()
    again = np.zeros(size, bool)
    for at, event_id in enumerate(ids):
        if event_id in seen:
            again[at] = True
        seen.add(event_id)
    return again


def first_fault(error: ValidationError) -> str:
    """The first fault without the value, so that equal faults count as one reason."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"


def family_and_model(event_type: str) -> tuple[str, type[BaseModel]]:
    """The family that `event_type` belongs to, and its pydantic model."""
    return _BY_TYPE[event_type]


_BY_TYPE: dict[str, tuple[str, type[BaseModel]]] = {
    model.name: (family.name, model) for family in FAMILIES.values() for model in family.models
}
