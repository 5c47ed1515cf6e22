"""GPS of buses on one route in Liverpool: `position` events with real movement and real noise (Open Government Licence v3.0)."""

from pathlib import Path

import pandas as pd

from simulator.importers.derive import epoch, profiles
from simulator.importers.frames import Frame, TableSource, listed
from simulator.importers.ground import jumps
from simulator.importers.report import Kind, Report
from simulator.importers.table import Table, read_table

NAME = "liverpool_bus"
TIME_ZONE = "Europe/London"
HEADER = frozenset({"vehicle_id", "trip_id", "timestamp", "latitude", "longitude", "bearing"})
COLUMNS = ("id", "vehicle_id", "timestamp", "latitude", "longitude", "bearing")


def open_liverpool_bus(path: Path) -> TableSource:
    """The pings of one CSV file."""
    report = Report(NAME)
    table = read_table(path, COLUMNS, report)
    at = epoch(pd.to_datetime(table.rows["timestamp"], format="%Y-%m-%d %H:%M:%S", errors="coerce"), "UTC")
    table = table.without(report, "timestamp is no moment (YYYY-MM-DD HH:MM:SS)", at.isna())
    fixes = _positions(table, at.dropna(), report)
    return TableSource(NAME, [fixes, profiles(NAME, [fixes], TIME_ZONE, city="Liverpool", vehicle="bus")], report)


def _positions(table: Table, at: pd.Series, report: Report) -> Frame:
    lat, lon, bearing = (table.numbers(column) for column in ("latitude", "longitude", "bearing"))
    table.tell(report, Kind.noticed, "bearing missing: position without heading", bearing.isna())
    table.tell(report, Kind.noticed, "a jump of over 150 km/h since the fix before", jumps(table.rows["vehicle_id"], at, lat, lon))
    table.tell(report, Kind.repaired, "a row earlier than the row above it: sorted by time", at.diff() < 0)
    report.notes.append(
        "Timestamps are read as UTC, which in January is also the time in Liverpool. Speed is not recorded, and not derived."
    )
    return Frame(
        type="position",
        file=table.file,
        lines=table.rows.index.tolist(),
        occurred_at=at.to_numpy(),
        partner_id=("vehicle-" + table.rows["vehicle_id"]).tolist(),
        event_id=[f"{NAME}-{ping}" for ping in table.rows["id"]],
        source=NAME,
        fields={"lat": listed(lat), "lon": listed(lon), "heading": listed(bearing)},
    )
