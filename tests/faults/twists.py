"""What is done to a worker from inside its own process, by wrapping its classes: the product itself has no hook for it.

Each twist is a function with plain arguments; `apply` does them by name before the worker begins.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from faust.transport.drivers.aiokafka import Consumer
from mode.utils.queues import ThrowableQueue

from streams import commit as committing
from streams import snapshot as writing
from streams.lane import terms
from streams.lane.consumer import LaneConsumer
from streams.lane.outbox import Outbox
from tests.faults import stock
from training_rules import snapshots

Twist = tuple[Any, ...]
"""A name of `TWISTS` and its arguments."""

STEPS = ("outputs", "changelog torn", "changelog", "offsets")
_TERM, _LOOK = 1, 0.01


def apply(twists: Iterable[Twist]) -> None:
    for name, *arguments in twists:
        TWISTS[name](*arguments)


# -- between the steps of a commit


def at_step(step: str, commit: int, act: Callable[[], None]) -> None:
    """Do `act`, once, right after a step of the `commit`th commit that has states to write."""
    seen = {"commits": 0, "acts": 0}

    def passed(here: str) -> None:
        if here == step and seen["commits"] == commit and not seen["acts"]:
            seen["acts"] += 1
            act()

    _count_commits(seen)
    _after(Outbox, "settle", lambda: passed("outputs"))
    _after(committing, "send_records", lambda: passed("changelog torn"))
    _after(committing.Commit, "_write", lambda: passed("changelog"))
    _after(LaneConsumer, "_commit_offsets", lambda: passed("offsets"))


def _count_commits(seen: dict[str, int]) -> None:
    write = committing.Commit._write

    @wraps(write)
    async def counted(self: Any, shots: Any) -> None:
        seen["commits"] += any(shot.records for shot in shots)
        await write(self, shots)

    committing.Commit._write = counted  # type: ignore[method-assign]


def _after(owner: Any, name: str, then: Callable[[], None]) -> None:
    step = getattr(owner, name)

    @wraps(step)
    async def followed(*args: Any, **kwargs: Any) -> Any:
        found = await step(*args, **kwargs)
        then()
        return found

    setattr(owner, name, followed)


def die_after(step: str, commit: int) -> None:
    """SIGKILL."""
    at_step(step, commit, lambda: os.kill(os.getpid(), signal.SIGKILL))


def sleep_after(step: str, commit: int) -> None:
    """SIGSTOP, once: somebody else has to wake it."""
    at_step(step, commit, lambda: os.kill(os.getpid(), signal.SIGSTOP))


def slow_commits(seconds: float) -> None:
    """A commit takes so much longer, between outputs and changelog."""
    write = committing.Commit._write

    @wraps(write)
    async def slowly(self: Any, shots: Any) -> None:
        await asyncio.sleep(seconds)
        await write(self, shots)

    committing.Commit._write = slowly  # type: ignore[method-assign]


def batches_taken_late(seconds: float) -> None:
    """Agents take a batch so much after it was put into their queue, and partitions are resumed so much after they were sought."""
    seek = LaneConsumer.perform_seek

    @wraps(seek)
    async def then_wait(self: Any) -> None:
        await seek(self)
        await asyncio.sleep(seconds)

    async def late(self: Any) -> Any:
        while True:
            await asyncio.sleep(_LOOK if self.empty() else seconds)
            if not self.empty():
                return self.get_nowait()

    LaneConsumer.perform_seek = then_wait  # type: ignore[method-assign]
    ThrowableQueue.get = late


# -- the clock


def clock_ahead(by: float, drift: float) -> None:
    """The wall clock stands `by` seconds off and gains `drift` seconds in each. Modules that took `time` by name get it too."""
    real, began = time.time, time.time()

    def shown() -> float:
        now = real()
        return now + by + (now - began) * drift

    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is real:
                setattr(module, name, shown)


# -- steps of the protocol switched off: the harness has to see it


def offsets_first() -> None:
    """Offsets are committed before what they cover is written out."""

    async def commit(self: Any, tps: Any, start_new_transaction: bool) -> bool:
        port = self._port
        covered = {tp: at for p in port.partitions.values() for tp, at in p.offsets().items()}
        if due := self._due(covered):
            await self._commit_offsets(due, start_new_transaction=start_new_transaction)
        await port.write_out()
        return bool(due)

    LaneConsumer._commit_tps = commit  # type: ignore[method-assign]


def outputs_not_awaited() -> None:
    """The commit does not wait until outputs are acknowledged."""

    async def settle(self: Any) -> None:
        await asyncio.sleep(0)

    Outbox.settle = settle  # type: ignore[method-assign]


def no_applied_offsets() -> None:
    """A state that is restored does not know what was applied to it."""
    load = snapshots.load

    def forgetful(raw: bytes, rules: Any) -> Any:
        state = load(raw, rules)
        state.applied = {}
        return state

    snapshots.load = forgetful


def handed_on_while_rebalancing() -> None:
    """What is fetched goes to the agents before the group has settled."""
    LaneConsumer._may_hand_on = lambda self, tp: True  # type: ignore[method-assign]


def no_terms() -> None:
    """Everybody writes under the same term, so that the last record wins."""
    writing.signed = lambda term, state: terms.signed(_TERM, state)  # type: ignore[attr-defined]
    writing.mark = lambda term, at, kept=b"": terms.mark(_TERM, at, kept)  # type: ignore[attr-defined]


def slow_outputs(seconds: float) -> None:
    """Outputs take so much longer to be sent, as on a broker that is busy with other topics."""
    deliver = Outbox.deliver

    @wraps(deliver)
    async def slowly(self: Any, topic: str, number: int, records: Any) -> None:
        await asyncio.sleep(seconds)
        await deliver(self, topic, number, records)

    Outbox.deliver = slowly  # type: ignore[method-assign]


# -- of the stock worker


def stock_dies_after_commit(commit: int) -> None:
    """SIGKILL right after offsets were committed for the `commit`th time."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done == commit:
            os.kill(os.getpid(), signal.SIGKILL)

    _after(Consumer, "_commit_offsets", count)


def stock_stumbles(event: int) -> None:
    """The agent raises at its `event`th event."""
    seen = 0

    def stumble() -> None:
        nonlocal seen
        seen += 1
        if seen == event:
            raise ConnectionError("another service does not answer")

    stock.stumble = stumble


def stock_dawdles(event: int) -> None:
    """The agent, two at a time, never comes back from its `event`th event; the other goes on."""
    seen = 0

    async def dawdle() -> None:
        nonlocal seen
        seen += 1
        if seen == event:
            await asyncio.Event().wait()

    stock.dawdle, stock.CONCURRENCY = dawdle, 2


TWISTS: dict[str, Callable[..., None]] = {
    f.__name__: f
    for f in (
        die_after, sleep_after, slow_commits, batches_taken_late, clock_ahead, offsets_first, outputs_not_awaited, no_applied_offsets, no_terms, handed_on_while_rebalancing, slow_outputs,
        stock_dies_after_commit, stock_stumbles, stock_dawdles,
    )
}  # fmt: skip
