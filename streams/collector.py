"""What the cyclic collector is told: what stays it need not look at. A million partners would stop the stream for seconds each time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: The collector's thresholds: what a fetch brings is gone, without cycles, before the youngest is due.
COLLECT = 400_000, 20, 50
#: Partners that woke up or are new, after which the collector is told that they stay.
MANY_WOKEN = 4000


@contextmanager
def long_lived() -> Iterator[None]:
    """What is made inside stays: the collector does not look at it again until the next time. What stayed up to now is looked at once before: much of it went with
    its partitions, or with the group's last settling, and what went in a cycle would be kept for good. That is cheap while no partner is there."""
    gc.unfreeze()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*COLLECT)
        gc.enable()


class Woken:
    """Who woke up stays for minutes, and goes without leaving cycles behind: when they are many the collector looks at them once, and not again and again."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, partners: int) -> None:
        """So many more woke up, or are new."""
        self._count += partners
        if self._count >= MANY_WOKEN:
            self._count = 0
            gc.collect()
            gc.freeze()
