"""Makes `rides.csv` from a recording of buses: `python -m simulator.city.make_rides route14_outbound.csv rides.csv`.

Keeps what a ride needs, and no more: for each trip seconds since its first ping, and metres east and north of it.
"""

import sys
from math import cos, radians
from pathlib import Path

import pandas as pd

from simulator.city.ground import METRES_PER_DEGREE

FASTEST = 16.0  # m/s; a ping that would need more is an error of the GPS
NOTICE = """\
# Movement of buses on route 14, Liverpool, 26 January 2026: seconds since a trip's first ping, metres east and north of it.
# Contains public sector information licensed under the Open Government Licence v3.0; see ATTRIBUTION.md beside this file.
"""


def rides(pings: pd.DataFrame) -> pd.DataFrame:
    """Trips as columns trip, seconds, east, north, in the order of time, without pings that stand still in time or jump."""
    pings = pings.assign(at=pd.to_datetime(pings["timestamp"])).sort_values(["vehicle_id", "trip_id", "at"], kind="stable")
    trips = pings.groupby(["vehicle_id", "trip_id"], sort=False)
    first = trips[["at", "latitude", "longitude"]].transform("first")
    table = pd.DataFrame(
        {
            "trip": trips.ngroup(),
            "seconds": (pings["at"] - first["at"]).dt.total_seconds().astype(int),
            "east": ((pings["longitude"] - first["longitude"]) * METRES_PER_DEGREE * cos(radians(first["latitude"].mean())))
            .round()
            .astype(int),
            "north": ((pings["latitude"] - first["latitude"]) * METRES_PER_DEGREE).round().astype(int),
        }
    )
    return pd.concat([_plausible(trip) for _, trip in table.groupby("trip")])


def _plausible(trip: pd.DataFrame) -> pd.DataFrame:
    kept = [trip.iloc[0]]
    for _, ping in trip.iloc[1:].iterrows():
        seconds = ping["seconds"] - kept[-1]["seconds"]
        far = ((ping["east"] - kept[-1]["east"]) ** 2 + (ping["north"] - kept[-1]["north"]) ** 2) ** 0.5
        if seconds > 0 and far <= FASTEST * seconds:
            kept.append(ping)
    return pd.DataFrame(kept)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(NOTICE + rides(pd.read_csv(sys.argv[1])).to_csv(index=False), encoding="utf-8")
