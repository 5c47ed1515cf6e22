"""Sendy: motorbike deliveries in Nairobi, six time stamps an order, with day of month and weekday but no month or year.

Confirmation ▸ order_accepted, Arrival at Pickup ▸ arrived_at_restaurant, Pickup ▸ order_picked_up, Arrival at Destination ▸
order_delivered. The coordinates are those of the two places, so a `position` there and then is derived. docs/importers.md says more.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from simulator.importers.calendar import fitting_days
from simulator.importers.derive import epoch, first_midnight, sessions
from simulator.importers.frames import Frame, TableSource, listed
from simulator.importers.report import Kind, Report
from simulator.importers.table import Table, read_table

NAME = "sendy"
TIME_ZONE = "Africa/Nairobi"
FIRST_YEAR = 2018
CLOCK = "%I:%M:%S %p"
PLACEMENT = "Placement"
ACCEPTED, ARRIVED, PICKED_UP, DELIVERED = STEPS = ("Confirmation", "Arrival at Pickup", "Pickup", "Arrival at Destination")
TYPES = {ACCEPTED: "order_accepted", ARRIVED: "arrived_at_restaurant", PICKED_UP: "order_picked_up", DELIVERED: "order_delivered"}
SUFFIXES = {ACCEPTED: "accepted", ARRIVED: "arrived", PICKED_UP: "picked_up", DELIVERED: "delivered"}
PLACES = {ARRIVED: ("Pickup Lat", "Pickup Long", "at_pickup"), DELIVERED: ("Destination Lat", "Destination Long", "at_dropoff")}
ORDER_HEADER = frozenset({"Order No", "Rider Id", "Confirmation - Time", "Arrival at Destination - Time"})
RIDER_HEADER = frozenset({"Rider Id", "No_Of_Orders", "Age", "Average_Rating"})
ORDER, RIDER, DISTANCE = "Order No", "Rider Id", "Distance (KM)"
LONGEST_AGE = 36500  # days; more is a slip of the pen, not a rider


def day_column(step: str) -> str:
    return f"{step} - Day of Month"


def weekday_column(step: str) -> str:
    return f"{step} - Weekday (Mo = 1)"


def clock_column(step: str) -> str:
    return f"{step} - Time"


COLUMNS = (
    *(ORDER, RIDER, DISTANCE, *(name for lat, lon, _ in PLACES.values() for name in (lat, lon))),
    *(column(step) for step in (PLACEMENT, *STEPS) for column in (day_column, weekday_column, clock_column)),
)


def open_sendy(orders: Path, riders: Path | None) -> TableSource:
    """The orders of `Train.csv` and, where it is given, the riders of `Riders.csv`."""
    report = Report(NAME)
    table, times = _timed(read_table(orders, COLUMNS, report), report)
    _notice(table, times, report)
    steps = [_step(table, times, step) for step in STEPS]
    frames = [*steps, *(_position(table, times, step) for step in PLACES), *sessions(NAME, steps, {"vehicle": "bike"})]
    frames.append(_profiles(table, riders, first_midnight(steps, TIME_ZONE), report))
    _note(report)
    return TableSource(NAME, frames, report)


def _timed(table: Table, report: Report) -> tuple[Table, pd.DataFrame]:
    """The orders whose steps have a place on one time line, and the seconds since the epoch of each step of theirs."""
    dates = _first_dates(table)
    table = table.without(report, "no month has that day of month on that weekday", dates.isna())
    local = pd.DataFrame({step: _local(table, step, dates[table.rows.index]) for step in (PLACEMENT, *STEPS)})
    unread = local[list(STEPS)].isna().any(axis=1)
    table = table.without(report, "a step whose clock time, day of month or weekday does not fit the others", unread)
    times = pd.DataFrame({step: epoch(local[step][~unread], TIME_ZONE) for step in local})
    backwards = (times[list(STEPS)].diff(axis=1) < 0).any(axis=1)
    return table.without(report, "a step that happened before the step it follows", backwards), times[~backwards]


def _first_dates(table: Table) -> pd.Series:
    """The date of each confirmation, in months chosen so that all of them fit; NaT where none can."""
    days, weekdays = table.numbers(day_column(ACCEPTED)).fillna(0), table.numbers(weekday_column(ACCEPTED)).fillna(0)
    pairs = list(zip(days.astype(int).tolist(), weekdays.astype(int).tolist(), strict=True))
    chosen = fitting_days(set(pairs), FIRST_YEAR)
    return pd.Series(pd.DatetimeIndex([chosen.get(pair) for pair in pairs]), index=table.rows.index)


def _local(table: Table, step: str, confirmed: pd.Series) -> pd.Series:
    """Local date-time of a step: on the day within three of the confirmation that has its weekday, if its day of month agrees."""
    weekdays = table.numbers(weekday_column(step))
    away = (weekdays - (confirmed.dt.day_of_week + 1) + 3) % 7 - 3
    day = confirmed + pd.to_timedelta(away, unit="D")
    clock = pd.to_datetime(table.rows[clock_column(step)], format=CLOCK, errors="coerce")
    return (day + (clock - clock.dt.normalize())).where(day.dt.day == table.numbers(day_column(step)))


def _notice(table: Table, times: pd.DataFrame, report: Report) -> None:
    ride = times[DELIVERED] - times[PICKED_UP]
    with np.errstate(divide="ignore"):
        speed = table.numbers(DISTANCE) / (ride / 3600)
    table.tell(report, Kind.noticed, "confirmed before it was placed (the placement makes no event)", times[ACCEPTED] < times[PLACEMENT])
    table.tell(report, Kind.noticed, "trip of under 30 s (tapped early or late)", ride < 30)
    table.tell(report, Kind.noticed, "trip at over 80 km/h (tapped early or late)", speed > 80)


def _event_ids(table: Table, suffix: str) -> list[str]:
    return [f"{NAME}-{order}-{suffix}" for order in table.rows[ORDER]]


def _step(table: Table, times: pd.DataFrame, step: str) -> Frame:
    return Frame(
        type=TYPES[step],
        file=table.file,
        lines=table.rows.index.tolist(),
        occurred_at=times[step].to_numpy(),
        partner_id=table.rows[RIDER].tolist(),
        event_id=_event_ids(table, SUFFIXES[step]),
        source=f"{NAME}; date derived",
        fields={"order_id": table.rows[ORDER].tolist(), **dict(_step_fields(table, times, step))},
        derived=("date: months and year chosen so that day of month and weekday fit",),
    )


def _step_fields(table: Table, times: pd.DataFrame, step: str) -> Iterator[tuple[str, list[object]]]:
    if step in (ACCEPTED, DELIVERED):
        yield "distance_km", listed(table.numbers(DISTANCE))
    if step == DELIVERED:
        yield "minutes", ((times[DELIVERED] - times[ACCEPTED]) / 60).round(2).tolist()


def _position(table: Table, times: pd.DataFrame, step: str) -> Frame:
    lat, lon, suffix = PLACES[step]
    return Frame(
        type="position",
        file=table.file,
        lines=table.rows.index.tolist(),
        occurred_at=times[step].to_numpy(),
        partner_id=table.rows[RIDER].tolist(),
        event_id=_event_ids(table, suffix),
        source=f"{NAME}; date and position derived",
        fields={"lat": listed(table.numbers(lat)), "lon": listed(table.numbers(lon))},
        derived=(f"position of the rider {suffix.replace('_', ' the ')}, taken from the order's place",),
    )


def _profiles(table: Table, riders: Path | None, first_day: float, report: Report) -> Frame:
    """One profile for each rider of either file; `joined_on` counts back from the first day, so that nobody rides before joining."""
    known = _riders(riders, report)
    rest = table.rows.drop_duplicates(RIDER)
    rest = rest[~rest[RIDER].isin(known[RIDER])].assign(line=lambda rows: rows.index)
    everyone = pd.concat([known, rest[[RIDER, "line"]]], ignore_index=True)
    origin = pd.Timestamp(first_day, unit="s", tz="UTC").tz_convert(TIME_ZONE)
    joined = listed((origin - pd.to_timedelta(everyone["age"], unit="D")).dt.strftime("%Y-%m-%d"))
    size = len(everyone)
    reason = "joined_on: the recording's first day less the rider's Age in days" if riders else "profile of where the recording was made"
    return Frame(
        type="profile_updated",
        file=riders.name if riders else table.file,
        lines=everyone["line"].tolist(),
        occurred_at=np.full(size, first_day),
        partner_id=everyone[RIDER].tolist(),
        event_id=[f"{NAME}-{rider}-profile" for rider in everyone[RIDER]],
        source=f"{NAME}; profile derived",
        fields={"joined_on": joined, "city": ["Nairobi"] * size, "vehicle": ["bike"] * size, "time_zone": [TIME_ZONE] * size},
        derived=(reason,),
    )


def _riders(path: Path | None, report: Report) -> pd.DataFrame:
    """Columns of rider id, line, age in days (NaN where unreadable)."""
    if path is None:
        return pd.DataFrame({RIDER: pd.Series(dtype="str"), "line": pd.Series(dtype="int64"), "age": pd.Series(dtype="float64")})
    table = read_table(path, [RIDER, "Age"], report)
    report.add(
        Kind.unused, "Average_Rating and No_of_Ratings of a rider: averages on a scale of 0 to 15, no rating of an order", len(table.rows)
    )
    age = table.numbers("Age")
    return pd.DataFrame({RIDER: table.rows[RIDER], "line": table.rows.index, "age": age.where(age.between(0, LONGEST_AGE))})


def _note(report: Report) -> None:
    report.notes += [
        f"Clock times are {TIME_ZONE}; months and year are derived from day of month and weekday, so orders of one rider may stand in another order than they were ridden.",
        "Placement is the customer's moment and makes no event; customer, platform, weather and kind of business are not used.",
    ]
