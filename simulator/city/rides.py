"""Rides with the bends, the stops and the pace of real movement: pieces of recorded bus trips, turned and stretched between two spots.

The recording is open data; see ATTRIBUTION.md.
"""

import csv
from functools import cache
from itertools import pairwise
from math import atan2, cos, degrees, hypot, pi, sin
from pathlib import Path
from random import Random
from typing import NamedTuple

from simulator.city.ground import EAST, METRES_PER_DEGREE, Spot

FASTEST = 12.0  # m/s; no stretch of a ride is faster
MOST_BENT = 1.6  # metres ridden for each metre of distance
MOST_UNEVEN = 2.6  # fastest stretch against the mean
CHORDS = (600.0, 4500.0)  # metres between the ends of a piece
LEAST_PINGS, START_EVERY, END_EVERY = 15, 4, 6

Ping = tuple[float, float, float]


class Piece(NamedTuple):
    """A stretch of a trip, scaled so that it takes 1 and leads from (0, 0) to (1, 0).

    `at`, `along` and `across` are the pings; `speed` and `heading` (radians, from the chord to the left) are of the stretches between
    them; `length` is that of the way, `peak` the fastest stretch against the mean.
    """

    at: tuple[float, ...]
    along: tuple[float, ...]
    across: tuple[float, ...]
    speed: tuple[float, ...]
    heading: tuple[float, ...]
    length: float
    peak: float


class Fix(NamedTuple):
    """Where a ride is at a moment: degrees, m/s, and degrees from north."""

    lat: float
    lon: float
    speed: float
    heading: float


class Ride:
    """One way from `start` to `goal` at a mean speed of at most `speed` (m/s). `duration` in seconds."""

    __slots__ = ("_piece", "_start", "_step", "_to_east", "_to_north", "_turn", "duration", "goal", "metres")

    def __init__(self, rng: Random, start: Spot, goal: Spot, speed: float) -> None:
        pieces = recorded()
        self._piece = piece = pieces[int(rng.random() * len(pieces))]
        north, east = (goal.lat - start.lat) * METRES_PER_DEGREE, (goal.lon - start.lon) * METRES_PER_DEGREE * EAST
        self._start, self.goal = start, goal
        self._to_north, self._to_east, self._turn = north / METRES_PER_DEGREE, east / METRES_PER_DEGREE, atan2(north, east)
        self.metres = hypot(east, north) * piece.length
        self.duration = max(self.metres / min(speed, FASTEST / piece.peak), 1.0)
        self._step = 0

    def at(self, seconds: float) -> Fix:
        """Where it is so many seconds after the start; ask in the order of time."""
        piece, part, step = self._piece, seconds / self.duration, self._step
        while piece.at[step + 1] < part:
            step += 1
        self._step = step
        share = (part - piece.at[step]) / (piece.at[step + 1] - piece.at[step])
        along = piece.along[step] + share * (piece.along[step + 1] - piece.along[step])
        across = piece.across[step] + share * (piece.across[step + 1] - piece.across[step])
        return Fix(
            self._start.lat + along * self._to_north + across * self._to_east,
            self._start.lon + (along * self._to_east - across * self._to_north) / EAST,
            piece.speed[step] * self.metres / (piece.length * self.duration),
            (90.0 - degrees(self._turn + piece.heading[step])) % 360.0,
        )


@cache
def recorded() -> tuple[Piece, ...]:
    """All pieces that make a plausible ride, from the trips in `rides.csv`."""
    found = []
    for trip in trips(Path(__file__).with_name("rides.csv")):
        for first in range(0, len(trip) - LEAST_PINGS, START_EVERY):
            for last in range(first + LEAST_PINGS, len(trip), END_EVERY):
                piece = scaled(trip[first : last + 1])
                if piece is not None and piece.length <= MOST_BENT and piece.peak <= MOST_UNEVEN:
                    found.append(piece)
    return tuple(found)


def trips(path: Path) -> list[list[Ping]]:
    """The recorded trips: (seconds, metres east, metres north) of each ping."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        found: dict[str, list[Ping]] = {}
        for row in rows:
            found.setdefault(row["trip"], []).append((float(row["seconds"]), float(row["east"]), float(row["north"])))
    return list(found.values())


def scaled(pings: list[Ping]) -> Piece | None:
    """The stretch as a piece; None when its ends are too near or too far from each other."""
    (t0, x0, y0), (t1, x1, y1) = pings[0], pings[-1]
    chord, turn = hypot(x1 - x0, y1 - y0), atan2(y1 - y0, x1 - x0)
    if not CHORDS[0] <= chord <= CHORDS[1]:
        return None
    at = tuple((t - t0) / (t1 - t0) for t, _, _ in pings)
    along = tuple((cos(turn) * (x - x0) + sin(turn) * (y - y0)) / chord for _, x, y in pings)
    across = tuple((cos(turn) * (y - y0) - sin(turn) * (x - x0)) / chord for _, x, y in pings)
    steps = [(b - a, d - c, f - e) for (a, b), (c, d), (e, f) in zip(pairwise(at), pairwise(along), pairwise(across), strict=True)]
    speed = tuple(hypot(dx, dy) / dt for dt, dx, dy in steps)
    length = sum(hypot(dx, dy) for _, dx, dy in steps)
    heading = tuple(atan2(dy, dx) % (2 * pi) for _, dx, dy in steps)
    return Piece(at, along, across, speed, heading, length, max(speed) / length)
