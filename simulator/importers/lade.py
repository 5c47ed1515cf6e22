"""Last-mile parcels of Cainiao's couriers in Jilin, an excerpt of LaDe (Apache-2.0): order_accepted, order_delivered, position.

Stamps are "MM-DD HH:MM:SS" without a year, and precise to the minute at best.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from simulator.importers.derive import epoch, profiles
from simulator.importers.frames import Frame, TableSource, listed
from simulator.importers.ground import jumps, kilometres
from simulator.importers.report import Kind, Report
from simulator.importers.table import Table, read_table

NAME = "lade"
TIME_ZONE = "Asia/Shanghai"
YEAR = 2022
ACCEPT, DELIVERY = "accept", "delivery"
HEADER = frozenset({"order_id", "courier_id", "accept_time", "delivery_time", "accept_gps_lng", "delivery_gps_lng"})
COLUMNS = (
    *("order_id", "courier_id", "lng", "lat", "accept_time", "accept_gps_time", "accept_gps_lng", "accept_gps_lat"),
    *("delivery_time", "delivery_gps_time", "delivery_gps_lng", "delivery_gps_lat"),
)
FARTHEST_KM = 1.0  # a parcel handed over farther from its address than this says that the fix is wrong
DATE = f"date: the year {YEAR} chosen"


def open_lade(path: Path) -> TableSource:
    """The parcels of one CSV file."""
    report = Report(NAME)
    table = read_table(path, COLUMNS, report)
    accepted, delivered = _moments(table, "accept_time"), _moments(table, "delivery_time")
    table = table.without(report, "accept_time or delivery_time is no moment (MM-DD HH:MM:SS)", accepted.isna() | delivered.isna())
    table = table.without(report, "delivered before it was accepted", (delivered < accepted)[table.rows.index])
    accepted, delivered = accepted[table.rows.index], delivered[table.rows.index]
    frames = [_step(table, ACCEPT, accepted, {}), _step(table, DELIVERY, delivered, {"minutes": (delivered - accepted) / 60})]
    frames += [_fixes(table, moment, report) for moment in (ACCEPT, DELIVERY)]
    _notice(table, accepted, report)
    return TableSource(NAME, [*frames, profiles(NAME, frames, TIME_ZONE, city="Jilin")], report)


def _moments(table: Table, column: str) -> pd.Series:
    local = pd.to_datetime(f"{YEAR}-" + table.rows[column], format="%Y-%m-%d %H:%M:%S", errors="coerce")
    return epoch(local, TIME_ZONE)


def _frame(table: Table, where: pd.Series, event_type: str, suffix: str, at: pd.Series, fields: dict[str, pd.Series]) -> Frame:
    rows = table.rows[where]
    return Frame(
        type=event_type,
        file=table.file,
        lines=rows.index.tolist(),
        occurred_at=at[where].to_numpy(),
        partner_id=("courier-" + rows["courier_id"]).tolist(),
        event_id=[f"{NAME}-{order}-{suffix}" for order in rows["order_id"]],
        source=f"{NAME}; date derived",
        fields={name: listed(column[where]) for name, column in fields.items()},
        derived=(DATE,),
    )


def _step(table: Table, moment: str, at: pd.Series, fields: dict[str, pd.Series]) -> Frame:
    event_type = "order_accepted" if moment == ACCEPT else "order_delivered"
    everywhere = pd.Series(True, index=table.rows.index)
    return _frame(table, everywhere, event_type, event_type.removeprefix("order_"), at, {"order_id": table.rows["order_id"], **fields})


def _fixes(table: Table, moment: str, report: Report) -> Frame:
    """The courier's fixes at one of the two moments, less those without coordinates, doubled by a bulk scan, or off the mark."""
    at, lat, lon = _moments(table, f"{moment}_gps_time"), table.numbers(f"{moment}_gps_lat"), table.numbers(f"{moment}_gps_lng")
    blank = at.isna() | lat.isna() | lon.isna()
    table.tell(report, Kind.refused, "position: no coordinates (nan)", blank)
    off = ~blank & (moment == DELIVERY) & (_km_from_address(table, lat, lon) > FARTHEST_KM)
    table.tell(report, Kind.refused, f"position: over {FARTHEST_KM:g} km from the address at which the parcel was handed over", off)
    good = ~(blank | off)
    again = pd.DataFrame({"who": table.rows["courier_id"], "at": at})[good].duplicated().reindex(good.index, fill_value=False)
    table.tell(report, Kind.repaired, "several fixes of one courier at one moment (bulk scan): the first is kept", again)
    kept = good & ~again
    table.tell(report, Kind.noticed, "a jump of over 150 km/h since the fix before", jumps(table.rows["courier_id"][kept], at, lat, lon))
    return _frame(table, kept, "position", f"{moment}_fix", at, {"lat": lat, "lon": lon})


def _km_from_address(table: Table, lat: pd.Series, lon: pd.Series) -> np.ndarray:
    return kilometres(table.numbers("lat").to_numpy(), table.numbers("lng").to_numpy(), lat.to_numpy(), lon.to_numpy())


def _notice(table: Table, accepted: pd.Series, report: Report) -> None:
    together = pd.DataFrame({"who": table.rows["courier_id"], "at": accepted}).duplicated(keep=False)
    table.tell(report, Kind.noticed, "parcels accepted in one go (bulk scan at the depot): accepted, but not begun", together)
    report.notes.append(
        f"Clock times are {TIME_ZONE}, to the minute; the year is derived. No sessions: 21 parcels say nothing about log-in."
    )
