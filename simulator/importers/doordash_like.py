"""A month of food deliveries in the Bay Area: placed, sent to the restaurant, driver at the restaurant, delivered, tip.

at_restaurant ▸ arrived_at_restaurant, delivered ▸ order_delivered, tip ▸ earning_posted; order_accepted is derived. The stamps are
"DD HH:MM:SS" without month or year and, as the hours of the day show, in UTC. docs/importers.md says how that was concluded.
"""

from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from simulator.errors import SourceError
from simulator.importers.calendar import days_in, months_from
from simulator.importers.derive import profiles, sessions
from simulator.importers.frames import Frame, TableSource, listed
from simulator.importers.report import Kind, Report
from simulator.importers.table import Table, read_table

NAME = "doordash_like"
TIME_ZONE = "America/Los_Angeles"
MONTH_BEFORE = (2015, 3)  # lunch at noon and dinner at six need daylight saving time, which April has
MONTHS_TRIED = 12
STAMP = r"^(\d\d) (\d\d):(\d\d):(\d\d)$"
PLACED, SENT, ARRIVED, DELIVERED = STAMPS = ("placed", "to_restaurant", "at_restaurant", "delivered")
HEADER = frozenset({*STAMPS, "driver_id", "restaurant_id", "consumer_id"})
COLUMNS = (*STAMPS, "driver_id", "restaurant_id", "consumer_id", "tip")
DAY = 86400.0
HALF_MONTH = 15 * DAY
LONG = 4 * 3600.0
DATE = "date: month and year chosen so that every day of month exists"
ACCEPTED_WHEN_SENT = "accepted when the order went to the restaurant"
ACCEPTED_AT_ARRIVAL = "accepted when the driver arrived (the order was sent to the restaurant later, or nobody knows when)"


@dataclass(frozen=True, slots=True)
class Month:
    """The month that the deliveries are put into, with its neighbours; starts in seconds since the epoch."""

    starts: tuple[float, float, float]

    @classmethod
    def of(cls, year: int, month: int) -> "Month":
        first = pd.Timestamp(year, month, 1, tz="UTC")
        before, after = (first + pd.DateOffset(months=away) for away in (-1, 1))
        return cls((before.timestamp(), first.timestamp(), after.timestamp()))

    def moments(self, clock: pd.Series, away: pd.Series) -> pd.Series:
        """Seconds since the epoch of `clock` (seconds since the 1st of a month) in the month `away` (-1, 0, 1) months off."""
        return clock + np.array(self.starts)[away.to_numpy() + 1]


def open_doordash_like(path: Path) -> TableSource:
    """The deliveries of one CSV file."""
    report = Report(NAME)
    table, times = _timed(read_table(path, COLUMNS, report), report)
    accepted = _accepted(table, times, report)
    arrived = _arrived(table, times, report)
    delivered = _delivered(table, times)
    steps = [*accepted, arrived, delivered]
    frames = [*steps, _tips(table, times, report), *sessions(NAME, steps, {}), profiles(NAME, steps, TIME_ZONE)]
    _note(report)
    return TableSource(NAME, frames, report)


def _clock(table: Table, column: str) -> pd.Series:
    """Seconds since the beginning of the month, NaN where the cell is empty or unreadable."""
    parts = table.rows[column].str.extract(STAMP).astype("float64")
    seconds = (parts[0] - 1) * DAY + parts[1] * 3600 + parts[2] * 60 + parts[3]
    return seconds.where(parts[0].between(1, 31) & (parts[1] < 24) & (parts[2] < 60) & (parts[3] < 60))


def _timed(table: Table, report: Report) -> tuple[Table, pd.DataFrame]:
    """The deliveries on one time line: seconds since the epoch of each stamp, and of the acceptance."""
    clocks = pd.DataFrame({column: _clock(table, column) for column in STAMPS})
    table = table.without(report, "delivered or placed is no moment (DD HH:MM:SS)", clocks[[DELIVERED, PLACED]].isna().any(axis=1))
    clocks = clocks.loc[table.rows.index]
    away = pd.DataFrame({column: _months_away(clocks[DELIVERED] - clocks[column]) for column in STAMPS})
    table.tell(report, Kind.repaired, "delivered 'before' it was placed: placed in the month before", away[PLACED] < 0)
    month = _month(clocks, away)
    times = pd.DataFrame({column: month.moments(clocks[column], away[column]) for column in STAMPS})
    return table, times.assign(accepted=_acceptance(times))


def _months_away(gap: pd.Series) -> pd.Series:
    """In which month a stamp lies, seen from its delivery: -1 the one before, 0 the same, 1 the one after."""
    return (gap > HALF_MONTH).astype(int) - (gap < -HALF_MONTH).astype(int)


def _month(clocks: pd.DataFrame, away: pd.DataFrame) -> Month:
    """The first month from April 2015 on that has all days of its own stamps, after one that has those of the month before."""
    days = clocks // DAY + 1
    needed, before = (float(np.nanmax(days.where(away == where, 1).to_numpy(), initial=1)) for where in (0, -1))
    for previous, month in islice(pairwise(months_from(*MONTH_BEFORE)), MONTHS_TRIED):
        if days_in(*previous) >= before and days_in(*month) >= needed:
            return Month.of(*month)
    raise SourceError("the days of month of the deliveries fit no two months that follow each other")


def _acceptance(times: pd.DataFrame) -> pd.Series:
    """The earlier of being sent to the restaurant and the driver's arrival there; NaN where neither lies before the delivery."""
    earliest = times[[SENT, ARRIVED]].min(axis=1)
    return earliest.where(earliest <= times[DELIVERED])


def _order_ids(table: Table) -> pd.Series:
    """No order number was recorded: driver, customer and moment of placement tell one order from another."""
    return table.rows["driver_id"] + "-" + table.rows["consumer_id"] + "-" + table.rows[PLACED].str.replace(r"\D", "", regex=True)


def _frame(table: Table, event_type: str, suffix: str, at: pd.Series, fields: dict[str, pd.Series], mark: str, *derived: str) -> Frame:
    """The events of the rows where `at` is known."""
    known = at.notna()
    order_id = _order_ids(table)[known]
    columns = {name: listed(column[known]) for name, column in fields.items()}
    return Frame(
        type=event_type,
        file=table.file,
        lines=table.rows.index[known].tolist(),
        occurred_at=at[known].to_numpy(),
        partner_id=("driver-" + table.rows["driver_id"][known]).tolist(),
        event_id=[f"{NAME}-{order}-{suffix}" for order in order_id],
        source=f"{NAME}; {mark} derived",
        fields={"order_id": order_id.tolist(), **columns},
        derived=(DATE, *derived),
    )


def _restaurant(table: Table) -> dict[str, pd.Series]:
    return {"restaurant": "restaurant-" + table.rows["restaurant_id"]}


def _accepted(table: Table, times: pd.DataFrame, report: Report) -> list[Frame]:
    known = times["accepted"].notna()
    when_sent = known & (times["accepted"] == times[SENT])
    table.tell(
        report, Kind.repaired, "sent to the restaurant after the driver arrived there: accepted at arrival", times[SENT] > times[ARRIVED]
    )
    table.tell(report, Kind.refused, "order_accepted: neither to_restaurant nor at_restaurant tells a moment before the delivery", ~known)
    table.tell(report, Kind.noticed, "over 4 h from acceptance to delivery", times[DELIVERED] - times["accepted"] > LONG)
    return [
        _frame(table, "order_accepted", "accepted", times["accepted"].where(where), _restaurant(table), "date and acceptance", reason)
        for where, reason in ((when_sent, ACCEPTED_WHEN_SENT), (known & ~when_sent, ACCEPTED_AT_ARRIVAL))
    ]


def _arrived(table: Table, times: pd.DataFrame, report: Report) -> Frame:
    table.tell(report, Kind.refused, "arrived_at_restaurant: at_restaurant is empty", times[ARRIVED].isna())
    late = times[ARRIVED] > times[DELIVERED]
    table.tell(report, Kind.refused, "arrived_at_restaurant: after the delivery", late)
    return _frame(table, "arrived_at_restaurant", "arrived", times[ARRIVED].where(~late), _restaurant(table), "date")


def _delivered(table: Table, times: pd.DataFrame) -> Frame:
    minutes = ((times[DELIVERED] - times["accepted"]) / 60).round(2)
    return _frame(table, "order_delivered", "delivered", times[DELIVERED], {"minutes": minutes}, "date")


def _tips(table: Table, times: pd.DataFrame, report: Report) -> Frame:
    tip = table.numbers("tip")
    table.tell(report, Kind.unused, "a tip of 0 or none", ~(tip > 0))
    fields = {"amount": tip, "currency": _always(table, "USD"), "kind": _always(table, "tip")}
    return _frame(table, "earning_posted", "tip", times[DELIVERED].where(tip > 0), fields, "date")


def _always(table: Table, value: str) -> pd.Series:
    return pd.Series(value, index=table.rows.index)


def _note(report: Report) -> None:
    report.notes += [
        "Stamps are read as UTC; month and year are derived. `minutes` runs from the derived acceptance to the delivery.",
        "Placement, region, order_total, discount and refund are the customer's or the company's and make no event; no pick-up was recorded.",
    ]
