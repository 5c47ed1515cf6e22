"""Ends tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN = 0.2  # s between two cancellations


async def end(tasks: Iterable[asyncio.Task[Any]], patience: float = 0.0) -> None:
    """Give tasks `patience` seconds to end by themselves, then cancel them until they do.

    Once is not enough: before Python 3.12 `asyncio.wait_for` swallows a cancellation that comes when what it waited for is already there
    (github.com/python/cpython/issues/86296), and both redis-py and aiokafka wait with it.
    """
    left = {task for task in tasks if not task.done()}
    if left and patience:
        _, left = await asyncio.wait(left, timeout=patience)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
