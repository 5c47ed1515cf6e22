"""Which drivers had three deliveries of over an hour within a day: plain pandas over the CSV, without anything of the product.

python tests/journeys/expected_doordash.py PATH/TO/doordash_like     prints a line a match
"""

import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

DAY = 86400
MONTH_BEFORE = 31 * DAY  # the stamps before the 1st go up to the 31st, so that month has 31 days


class Delivery(NamedTuple):
    """Who, and what tells the order from all others."""

    driver: str
    consumer: str
    placed: str


class Match(NamedTuple):
    """The three deliveries of a match, in the order of time."""

    first: Delivery
    second: Delivery
    third: Delivery


def slow_matches(folder: Path) -> list[Match]:
    """Matches by driver, earliest first and not overlapping: a match uses up its deliveries; the third is under 24 h after the first."""
    deliveries = pd.read_csv(folder / "deliveries.csv", dtype=str)
    deliveries["at"] = seconds(deliveries["delivered"])
    slow = deliveries[minutes(deliveries) > 60].sort_values("at", kind="stable")
    return [match for _, of_driver in slow.groupby("driver_id") for match in matches(of_driver)]


def slow_events(folder: Path) -> list[tuple[str, ...]]:
    """The same as ids of the three events of each match, as `nudgeline replay` names them."""
    return [tuple(event_id(delivery) for delivery in match) for match in slow_matches(folder)]


def event_id(delivery: Delivery) -> str:
    digits = "".join(filter(str.isdigit, delivery.placed))
    return f"doordash_like-{delivery.driver}-{delivery.consumer}-{digits}-delivered"


def matches(slow: pd.DataFrame) -> Iterator[Match]:
    """The matches among one driver's slow deliveries, which are in the order of time."""
    window: deque[tuple[float, Delivery]] = deque()
    for row in slow.itertuples():
        while window and window[0][0] <= row.at - DAY:
            window.popleft()
        window.append((row.at, Delivery(row.driver_id, row.consumer_id, row.placed)))
        if len(window) == 3:
            yield Match(*(delivery for _, delivery in window))
            window.clear()


def minutes(deliveries: pd.DataFrame) -> pd.Series:
    """Minutes from the acceptance to the delivery, NaN where unknown.

    The acceptance is not recorded: the earlier of the moments when the order went to the restaurant and when the driver was there.
    """
    delivered = seconds(deliveries["delivered"])
    to_restaurant = delivered - before(delivered, seconds(deliveries["to_restaurant"]))
    at_restaurant = delivered - before(delivered, seconds(deliveries["at_restaurant"]))
    longest = pd.concat([to_restaurant, at_restaurant], axis=1).max(axis=1)
    return longest.where(longest >= 0) / 60


def before(delivered: pd.Series, stamps: pd.Series) -> pd.Series:
    """Stamps on the time line of `delivered`: one that is half a month later belongs to the month before, half a month earlier to the next."""
    gap = delivered - stamps
    next_month = 30 * DAY
    return stamps.mask(gap < -15 * DAY, stamps - MONTH_BEFORE).mask(gap > 15 * DAY, stamps + next_month)


def seconds(stamps: pd.Series) -> pd.Series:
    """Seconds since the beginning of the month of "DD HH:MM:SS", NaN where it is empty."""
    days, clock = stamps.str[:2].astype(float), pd.to_timedelta(stamps.str[3:])
    return days * DAY + clock.dt.total_seconds()


if __name__ == "__main__":
    for match in slow_matches(Path(sys.argv[1])):
        print(match.first.driver, *(f"{delivery.consumer}@{delivery.placed}" for delivery in match))
