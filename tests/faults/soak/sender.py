"""The sender of a soak, a process of its own: a steady pace whatever the workers do.

    python -m tests.faults.soak.sender FOLDER       (job.json in it; the topics by the environment)
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from pathlib import Path

from simulator.sender import Sender
from streams.settings import load
from tests.faults.soak.lines import Lines
from tests.faults.soak.stream import Job, Stream

TICK = 0.1  # s between two requests
MOST = 20_000  # events in one


async def send(job: Job, folder: Path) -> None:
    settings = load()
    async with Sender(settings) as sender:
        await paced(job, Stream(job, settings.partitions), sender, Lines(folder / "sender"))


async def paced(job: Job, stream: Stream, sender: Sender, lines: Lines) -> None:
    """Each tick what is due by then; a line a second: `sent`, and `late_s`, how far behind the pace."""
    keys, events = stream.keys, stream.events()
    while sender.sent < job.events:
        due = job.due(time.monotonic())
        for family, who, value, _ in itertools.islice(events, min(due - sender.sent, MOST)):
            sender.add(family, keys[who], value)
        await sender.flush()
        lines.each_second(sent=sender.sent, late_s=round((due - sender.sent) / job.rate, 3))
        await asyncio.sleep(TICK if sender.sent == due else 0)
    lines.write(sent=sender.sent, late_s=0.0)


if __name__ == "__main__":
    asyncio.run(send(Job.read(Path(sys.argv[1])), Path(sys.argv[1])))
