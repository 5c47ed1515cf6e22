"""Events as columns, until the moment they are drawn: one by one in the order of time, checked against the contract, as bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
import pandas as pd
from pydantic import BaseModel, ValidationError

from events import FAMILIES
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

    def _chosen(self, cut: Cut) -> tuple[Column, Column, Column]:
        """Frame number, row in it and time of each event of the cut (its limit apart), in the order of time and of life."""
        if not self._frames:
            return np.empty(0, int), np.empty(0, int), np.empty(0)
        sizes = [len(frame.occurred_at) for frame in self._frames]
        times = np.concatenate([frame.occurred_at for frame in self._frames])
        numbers = np.repeat(np.arange(len(sizes)), sizes)
        rows = np.concatenate([np.arange(size) for size in sizes])
        ranks = np.array([ORDER_OF_LIFE.index(frame.type) for frame in self._frames])[numbers]
        order = np.lexsort((rows, ranks, times))
        order = order[(times[order] >= cut.begin) & (times[order] < cut.until)]
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
            self._report.add(Kind.refused, reason, 1, [f"{self._frame.file}:{self._frame.lines[row]}"])
            return None
        self._count()
        return Record(self._family, str(event["partner_id"]).encode(), msgspec.json.encode(event), event["occurred_at"])

    def _fault(self, event: dict[str, Any]) -> str | None:
        if event["event_id"] in self._seen:
            return f"{self._frame.type} of the same order and step told before"
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
