"""Which Sendy orders waited half an hour for their pick-up: plain pandas over the CSV, without anything of the product.

python tests/journeys/expected_sendy.py PATH/TO/sendy     prints the order ids
"""

import sys
from pathlib import Path

import pandas as pd

ARRIVAL, PICKUP = "Arrival at Pickup", "Pickup"
HALF_AN_HOUR = 1800


def stuck_orders(folder: Path) -> set[str]:
    """Order ids with 30 minutes or more from arrival to pick-up.

    Exactly 30 minutes count: what is due at the moment of an event comes before that event.
    """
    orders = pd.read_csv(folder / "Train.csv")
    waited = seconds(orders, PICKUP) - seconds(orders, ARRIVAL)
    return set(orders.loc[waited >= HALF_AN_HOUR, "Order No"])


def stuck_arrivals(folder: Path) -> list[str]:
    """The same as ids of the events that begin the wait, as `nudgeline replay` names them."""
    return [f"sendy-{order}-arrived" for order in stuck_orders(folder)]


def seconds(orders: pd.DataFrame, step: str) -> pd.Series:
    """Seconds of a step since the beginning of its month; only differences within an order mean something (none goes over the month's end)."""
    clock = pd.to_datetime(orders[f"{step} - Time"], format="%I:%M:%S %p")
    return orders[f"{step} - Day of Month"] * 86400 + clock.dt.hour * 3600 + clock.dt.minute * 60 + clock.dt.second


if __name__ == "__main__":
    print("\n".join(sorted(stuck_orders(Path(sys.argv[1])))))
